"""What the world may ask of the CRM."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice

from django.db import transaction
from django.utils import timezone

from crm import addresses, history, hooks, owners
from crm.lead_data import BadLeadData, LeadData, parse
from crm.merging import IDENTITY, Changes
from crm.models import Activity, Contact, Lead
from crm.upserting import Rules, Upserted, upsert
from crm.words import IMPERSONAL_INTENTS, LEAD_INTENTS, Kind, Stage
from jobs import services as job_services
from jobs.models import Job

CHUNK = 200  # rows a transaction
SCORED = ("score", "reasons", "band", "updated_at")
SET_BY_US = ("user_id", "own_addresses", "message_key")


def upsert_lead(lead_data: Mapping[str, object]) -> Upserted:
    """Create or update the contact, and the lead behind it, that lead_data speaks of.

    Without a `message_key` a person or product code speaks: the fields given overwrite, and there will be a lead. With
    one a message speaks: it fills blanks, moves the stage forward only, counts once, and makes a lead only of a sales
    enquiry or an appointment.

    Raises:
        BadLeadData: (a jobs.errors.Fail) naming the field and what to do.
    """
    data = parse(lead_data)
    own = [_address_of_owner(data.user_id), *data.own_addresses]
    try:
        email = addresses.normalise(data.email)
    except ValueError as error:
        if data.automatic:  # nobody can mend what a stranger put into a header
            return Upserted(skipped="invalid_address")
        raise BadLeadData("email", f"{error} Give one address, such as jane@example.com.") from None
    skipped = _why_not(data, email, own)
    if skipped:
        return Upserted(skipped=skipped)
    makes_lead = not data.automatic or data.intent in LEAD_INTENTS
    kind = Kind.MESSAGE if data.automatic else Kind.UPDATE
    return upsert(data, email, Rules(overwrite=not data.automatic, makes_lead=makes_lead, kind=kind))


def request_update(user_id: int, fields: Mapping[str, object]) -> Job:
    """Enqueue `update_crm` for a user's own lead; `fields` are lead_data without what we set ourselves.

    Raises:
        BadLeadData: at once, instead of in the job.
    """
    for field in SET_BY_US:
        if field in fields:
            raise BadLeadData(field, "cannot be given here, leave it out.")
    lead_data = {**fields, "user_id": user_id}
    try:
        addresses.normalise(parse(lead_data).email)
    except ValueError as error:
        raise BadLeadData("email", f"{error} Give one address, such as jane@example.com.") from None
    return job_services.enqueue("update_crm", {"lead_data": lead_data}, owner_id=user_id)


def move_to_stage(lead_ids: Collection[int], stage: Stage, *, by_id: int | None = None) -> int:
    """Move leads to a stage, as a person wishes. Returns how many were elsewhere before."""

    def move(leads: list[Lead]) -> int:
        elsewhere = [lead for lead in leads if lead.stage != stage]
        _move(elsewhere, stage, by_id)
        return len(elsewhere)

    return _in_chunks(lead_ids, move)


def score_again(lead_ids: Collection[int]) -> int:
    """Bring scores up to date, since a last contact grows older. Returns how many changed."""

    def judge(leads: list[Lead]) -> int:
        before = [lead.score for lead in leads]
        _judge(leads)
        Lead.objects.bulk_update(leads, SCORED)
        return sum(lead.score != old for lead, old in zip(leads, before, strict=True))

    return _in_chunks(lead_ids, judge)


@transaction.atomic
def add_lead(lead: Lead, *, by_id: int | None) -> None:
    """Save a new lead that a person made, and the contact behind it. Its email is normalised."""
    known = {field: getattr(lead, field) for field in IDENTITY}
    people = Contact.objects.select_for_update(no_key=True)
    lead.contact, _ = people.get_or_create(user_id=lead.user_id, email=lead.email, defaults=known)
    _judge([lead])
    lead.save()
    history.entry(lead, Kind.EDIT, timezone.now(), text="Lead added", by_id=by_id).save()
    hooks.moved([lead], timezone.now())


@transaction.atomic
def save_edit(edited: Contact | Lead, fields: Collection[str], *, by_id: int | None) -> None:
    """Write the fields that a person changed, and no others: a job may have changed those meanwhile.

    A name, phone, company or source that is changed on a lead is changed on its contact too, and the other way.
    """
    of_lead = isinstance(edited, Lead)
    contact_id = edited.contact_id if isinstance(edited, Lead) else edited.pk
    contact = Contact.objects.select_for_update(no_key=True).filter(pk=contact_id).first()
    lead = Lead.objects.select_for_update(no_key=True).filter(contact=contact).first()
    current = lead if of_lead else contact
    if contact is None or current is None:  # deleted while it was edited
        return
    changes: Changes = {}
    for field in fields:
        old, new = getattr(current, field), getattr(edited, field)
        if new != old:
            changes[field] = [old, new]
    if not changes:
        return
    _write(contact, changes, IDENTITY if of_lead else changes)
    if lead:
        lead.contact = contact
        _write(lead, changes, changes if of_lead else IDENTITY)
    history.entry(current, Kind.EDIT, timezone.now(), changes=changes, by_id=by_id).save()
    if lead and of_lead and "stage" in changes:
        hooks.moved([lead], timezone.now())


def _write(record: Contact | Lead, changes: Changes, fields: Collection[str]) -> None:
    """Write those of the changes that are among the fields."""
    for field in fields:
        if field in changes:
            setattr(record, field, changes[field][1])
    if isinstance(record, Lead):
        _judge([record])
    record.save()


def _address_of_owner(user_id: int) -> str:
    try:
        return owners.address(user_id)
    except owners.NoSuchUserError as error:
        raise BadLeadData("user_id", str(error)) from None


def _why_not(data: LeadData, email: str, own: Sequence[str]) -> str:
    """One word why an address makes neither a contact nor a lead; empty if it does."""
    if any(addresses.same(email, address) for address in own):
        return "own_address"
    if addresses.is_no_reply(email):
        return "no_reply"
    if data.automatic and data.intent in IMPERSONAL_INTENTS:
        return "not_a_person"
    return ""


def _in_chunks(lead_ids: Collection[int], work: Callable[[list[Lead]], int]) -> int:
    """Do something with leads, locked in the order of their ids, each chunk in a transaction of its own."""
    done = 0
    rest = iter(sorted(lead_ids))
    while ids := list(islice(rest, CHUNK)):
        with transaction.atomic():
            # Contacts by a second query: a join would show them as they were before the wait for the locks.
            leads = Lead.objects.select_for_update(no_key=True).prefetch_related("contact")
            done += work(list(leads.filter(pk__in=ids).order_by("pk")))
    return done


def _move(leads: Sequence[Lead], stage: Stage, by_id: int | None) -> None:
    now = timezone.now()
    changes: dict[int, Changes] = {lead.pk: {"stage": [lead.stage, stage.value]} for lead in leads}
    for lead in leads:
        lead.stage = stage
    _judge(leads)
    Lead.objects.bulk_update(leads, ("stage", *SCORED))
    Activity.objects.bulk_create(
        history.entry(lead, Kind.EDIT, now, changes=changes[lead.pk], by_id=by_id) for lead in leads
    )
    hooks.moved(leads, now)


def _judge(leads: Sequence[Lead]) -> None:
    now = timezone.now()
    for lead in leads:
        lead.judge(lead.contact.messages, now)
        lead.updated_at = now
