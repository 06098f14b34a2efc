from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from django.contrib.auth.models import User

from crm import services
from crm.lead_data import BadLeadData
from crm.models import Activity, Contact, Lead
from crm.services import upsert_lead
from crm.words import Stage
from jobs.errors import Fail
from jobs.models import Job


def lead() -> Lead:
    return Lead.objects.get()


def snapshot() -> list[object]:
    return [list(rows.order_by("pk").values()) for rows in (Contact.objects, Lead.objects, Activity.objects)]


class TestProductCode:
    def test_it_makes_a_lead_and_its_contact(self, said: dict[str, Any], user: User) -> None:
        answer = upsert_lead(
            {**said, "phone": "(212) 555-0123", "stage": "qualified", "tags": ["vip"], "metadata": {"a": 1}}
        )
        made = lead()
        assert answer.lead == made
        assert (made.user, made.email, made.name, made.phone) == (user, "jane@acme.example", "Jane Doe", "+12125550123")
        assert (made.stage, made.tags, made.metadata) == ("qualified", ["vip"], {"a": 1})
        assert (made.contact.email, made.contact.name, made.contact.messages) == ("jane@acme.example", "Jane Doe", 0)

    def test_it_overwrites_what_it_gives_and_nothing_else(self, said: dict[str, Any]) -> None:
        upsert_lead({**said, "company": "Acme", "stage": "booked", "tags": ["a"], "metadata": {"a": 1, "b": 1}})
        upsert_lead({**said, "name": "Jane Roe", "stage": "new", "tags": ["b"], "metadata": {"a": 2}})
        made = lead()
        assert (made.name, made.company, made.stage, made.tags) == ("Jane Roe", "Acme", "new", ["b"])
        assert made.metadata == {"a": 2, "b": 1}
        assert made.contact.name == "Jane Roe"

    def test_an_empty_text_clears_a_field(self, said: dict[str, Any]) -> None:
        upsert_lead({**said, "company": "Acme"})
        upsert_lead({**said, "company": ""})
        assert lead().company == ""

    def test_the_same_again_adds_no_history(self, said: dict[str, Any]) -> None:
        upsert_lead(said)
        upsert_lead(said)
        assert Activity.objects.get().changes == {"name": ["", "Jane Doe"], "lead": [None, "created"]}

    def test_one_address_in_any_case_is_one_lead(self, said: dict[str, Any]) -> None:
        upsert_lead(said)
        upsert_lead({**said, "email": " JANE@Acme.Example"})
        assert lead().email == "jane@acme.example"

    def test_it_turns_a_contact_into_a_lead(self, said: dict[str, Any], message: dict[str, Any]) -> None:
        upsert_lead({**message, "intent": "support", "company": "Acme"})
        upsert_lead({"user_id": said["user_id"], "email": said["email"], "stage": "contacted"})
        assert (lead().name, lead().company, lead().stage) == ("Jane Doe", "Acme", "contacted")

    def test_metadata_stays_small(self, said: dict[str, Any]) -> None:
        upsert_lead({**said, "metadata": {"a": "x" * 5000}})
        with pytest.raises(BadLeadData, match=r"lead_data\.metadata: would be over"):
            upsert_lead({**said, "metadata": {"b": "x" * 5000}})
        assert lead().metadata.keys() == {"a"}


class TestMessages:
    def test_a_sales_enquiry_makes_a_lead_with_a_score_and_its_reasons(self, message: dict[str, Any]) -> None:
        upsert_lead({**message, "urgency": "high", "sentiment": "positive"})
        made = lead()
        assert (made.stage, made.intent, made.urgency, made.sentiment) == ("new", "sales_enquiry", "high", "positive")
        assert (made.score, made.band) == (81, "hot")
        assert {"reason": "intent: sales enquiry", "points": 35} in made.reasons
        assert made.last_contact_at is not None

    @pytest.mark.parametrize("intent", ["support", "billing", "complaint", "personal", "other"])
    def test_other_messages_of_people_make_a_contact(self, message: dict[str, Any], intent: str) -> None:
        answer = upsert_lead({**message, "intent": intent})
        assert answer.lead is None
        assert Contact.objects.get().messages == 1
        assert answer.as_result() == {"success": True, "lead_id": None, "contact_id": Contact.objects.get().pk}

    def test_the_same_message_twice_changes_nothing(self, message: dict[str, Any]) -> None:
        first = upsert_lead(message)
        before = snapshot()
        again = upsert_lead({**message, "name": "Somebody else", "stage": "booked"})
        assert snapshot() == before
        assert again.as_result() == first.as_result()

    def test_a_known_key_under_another_address_makes_nothing(self, message: dict[str, Any]) -> None:
        first = upsert_lead(message)
        assert upsert_lead({**message, "email": "john@acme.example"}).as_result() == first.as_result()
        assert Contact.objects.count() == 1

    def test_the_same_key_of_another_user_is_another_message(self, message: dict[str, Any], stranger: User) -> None:
        upsert_lead(message)
        upsert_lead({**message, "user_id": stranger.pk})
        assert Lead.objects.count() == 2

    def test_a_message_fills_blanks_and_overwrites_nothing(self, said: dict[str, Any], message: dict[str, Any]) -> None:
        upsert_lead({**said, "notes": "Prefers calls.", "tags": ["vip"], "metadata": {"a": 1}})
        upsert_lead(
            {
                **message,
                "name": "JD",
                "company": "Acme",
                "notes": "?",
                "tags": ["VIP", "b"],
                "metadata": {"a": 2, "b": 2},
            }
        )
        made = lead()
        assert (made.name, made.company, made.notes) == ("Jane Doe", "Acme", "Prefers calls.")
        assert (made.tags, made.metadata) == (["vip", "b"], {"a": 1, "b": 2})

    def test_a_message_moves_the_stage_forward_only(self, said: dict[str, Any], message: dict[str, Any]) -> None:
        upsert_lead({**said, "stage": "contacted"})
        upsert_lead({**message, "intent": "support"})
        assert lead().stage == "replied"
        upsert_lead({**message, "message_key": "message:2", "stage": "new"})
        assert lead().stage == "replied"

    def test_a_message_that_we_sent_moves_on_and_does_not_count_as_theirs(self, message: dict[str, Any]) -> None:
        upsert_lead(message)
        sent = {"user_id": message["user_id"], "email": message["email"], "message_key": "sent:9", "stage": "contacted"}
        upsert_lead({**sent, "activity": "We answered."})
        assert (lead().stage, lead().contact.messages, lead().intent) == ("contacted", 1, "sales_enquiry")
        assert Activity.objects.latest("id").text == "We answered."

    def test_the_order_of_the_jobs_does_not_matter(self, message: dict[str, Any]) -> None:
        mails = [
            {
                **message,
                "message_key": f"m:{day}",
                "occurred_at": f"2024-01-0{day}T00:00:00+00:00",
                "intent": intent,
                "urgency": urgency,
            }
            for day, intent, urgency in [
                (1, "sales_enquiry", "low"),
                (2, "appointment", "high"),
                (3, "sales_enquiry", "normal"),
            ]
        ]
        ends = []
        for order in permutations(mails):
            for mail in order:
                upsert_lead(mail)
            ends.append(
                Lead.objects.values(
                    "intent", "urgency", "score", "last_contact_at", "heard_at", "contact__messages"
                ).get()
            )
            Contact.objects.all().delete()
        assert all(end == ends[0] for end in ends)
        assert ends[0]["urgency"] == "normal"
        assert ends[0]["last_contact_at"] == datetime(2024, 1, 3, tzinfo=UTC)

    def test_history_says_what_changed_and_why(self, said: dict[str, Any], message: dict[str, Any]) -> None:
        upsert_lead({**said, "stage": "contacted"})
        upsert_lead({**message, "company": "Acme"})
        activity = Activity.objects.latest("id")
        assert activity.changes == {
            "company": ["", "Acme"], "source": ["", "mail"], "stage": ["contacted", "replied"],
        }  # fmt: skip
        assert (activity.kind, activity.text, activity.message_key) == ("message", "Sales enquiry", "message:1")
        assert activity.lead == lead()

    def test_a_lead_that_was_deleted_comes_back_with_the_next_enquiry(self, message: dict[str, Any]) -> None:
        upsert_lead(message)
        lead().delete()
        assert upsert_lead(message).lead is None
        upsert_lead({**message, "message_key": "message:2"})
        assert lead().contact.messages == 2


class TestSkipped:
    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"email": "no-reply@shop.example"}, "no_reply"),
            ({"email": "Ada@Fikiri.example"}, "own_address"),
            ({"email": "sales@ada.example", "own_addresses": ["SALES@ada.example"]}, "own_address"),
            ({"intent": "newsletter"}, "not_a_person"),
            ({"intent": "spam"}, "not_a_person"),
            ({"email": "undisclosed recipients"}, "invalid_address"),
        ],
    )
    def test_a_message_of_nobody_makes_nothing(
        self, message: dict[str, Any], fields: dict[str, Any], reason: str
    ) -> None:
        answer = upsert_lead({**message, **fields})
        assert answer.as_result() == {"success": True, "lead_id": None, "contact_id": None, "skipped": reason}
        assert not Contact.objects.exists()

    def test_product_code_makes_no_lead_of_a_no_reply_address(self, said: dict[str, Any]) -> None:
        assert upsert_lead({**said, "email": "noreply@shop.example"}).skipped == "no_reply"


class TestErrors:
    def test_a_user_who_does_not_exist_is_a_permanent_error_with_a_remedy(self, said: dict[str, Any]) -> None:
        with pytest.raises(Fail, match=r"lead_data\.user_id: There is no user 999999\. Give the id"):
            upsert_lead({**said, "user_id": 999_999})

    def test_an_address_from_product_code_must_be_one(self, said: dict[str, Any]) -> None:
        with pytest.raises(Fail, match=r"lead_data\.email: .+ Give one address") as caught:
            upsert_lead({**said, "email": "jane at acme"})
        assert caught.value.code == "INVALID_LEAD_DATA"


class TestPeople:
    def test_leads_move_to_a_stage_with_a_line_of_history_each(self, said: dict[str, Any], user: User) -> None:
        ids = [_id(upsert_lead({**said, "email": f"p{n}@acme.example"}).lead) for n in range(3)]
        services.move_to_stage(ids[:1], Stage.BOOKED)
        before = Lead.objects.get(pk=ids[1]).score
        assert services.move_to_stage(ids, Stage.BOOKED, by_id=user.pk) == 2
        assert set(Lead.objects.values_list("stage", flat=True)) == {"booked"}
        assert Lead.objects.get(pk=ids[1]).score == before + 25
        last = Activity.objects.latest("id")
        assert (last.kind, last.by, last.changes) == ("edit", user, {"stage": ["new", "booked"]})

    def test_an_old_score_is_brought_up_to_date(self, message: dict[str, Any]) -> None:
        upsert_lead(message)
        Lead.objects.update(last_contact_at=datetime(2020, 1, 1, tzinfo=UTC))
        before = lead().score
        assert services.score_again([lead().pk]) == 1
        assert lead().score == before - 30

    def test_an_edit_writes_only_the_fields_that_were_changed(self, said: dict[str, Any], user: User) -> None:
        upsert_lead(said)
        stale = lead()
        upsert_lead({**said, "phone": "+12125550123"})
        stale.company = "Acme"
        services.save_edit(stale, ["company"], by_id=user.pk)
        assert (lead().company, lead().phone) == ("Acme", "+12125550123")
        assert lead().contact.company == "Acme"
        assert Activity.objects.latest("id").changes == {"company": ["", "Acme"]}

    def test_an_edit_of_a_contact_reaches_its_lead(self, said: dict[str, Any], user: User) -> None:
        upsert_lead({**said, "notes": "Of the lead."})
        contact, before = Contact.objects.get(), lead().score
        contact.company, contact.notes = "Acme", "Of the contact."
        services.save_edit(contact, ["company", "notes"], by_id=user.pk)
        assert (lead().company, lead().notes, lead().score) == ("Acme", "Of the lead.", before + 4)
        assert Contact.objects.get().notes == "Of the contact."

    def test_an_edit_of_nothing_leaves_no_trace(self, said: dict[str, Any], user: User) -> None:
        upsert_lead(said)
        services.save_edit(lead(), ["company"], by_id=user.pk)
        assert Activity.objects.count() == 1


class TestRequests:
    def test_an_update_is_a_job_of_the_user(self, user: User) -> None:
        job = services.request_update(user.pk, {"email": "jane@acme.example"})
        stored = Job.objects.get(pk=job.pk)
        assert (stored.task, stored.queue, stored.owner_id) == ("update_crm", "crm", user.pk)
        assert stored.arguments == {"lead_data": {"email": "jane@acme.example", "user_id": user.pk}}

    @pytest.mark.parametrize("field", ["user_id", "own_addresses", "message_key"])
    def test_what_we_set_ourselves_cannot_be_given(self, user: User, field: str) -> None:
        with pytest.raises(BadLeadData, match=field):
            services.request_update(user.pk, {"email": "jane@acme.example", field: None})
        assert not Job.objects.exists()


def _id(made: Lead | None) -> int:
    assert made is not None
    return made.pk
