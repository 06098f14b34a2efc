"""One update of a contact, and of the lead behind it: find or make, merge, score, note it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from crm import history, hooks, merging
from crm.lead_data import LeadData
from crm.models import Activity, Contact, Lead
from crm.stages import next_stage
from crm.words import Intent, Kind


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an update came to. `skipped` says in one word why there is neither contact nor lead.

    `created`: the contact is new.
    """

    contact: Contact | None = None
    lead: Lead | None = None
    skipped: str = ""
    created: bool = False

    def as_result(self) -> dict[str, object]:
        """The small JSON answer of a job."""
        result: dict[str, object] = {
            "success": True,
            "lead_id": self.lead.pk if self.lead else None,
            "contact_id": self.contact.pk if self.contact else None,
        }
        return {**result, "skipped": self.skipped} if self.skipped else result


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How data is taken: overwrite or fill blanks, make a lead where there is none, the name in the history."""

    overwrite: bool
    makes_lead: bool
    kind: Kind


def upsert(data: LeadData, email: str, rules: Rules) -> Upserted:
    """Write one update, in a transaction or savepoint of its own. `email` is normalised."""
    try:
        with transaction.atomic():
            return _upsert(data, email, rules)
    except IntegrityError:
        # Somebody made the same contact, lead or activity between our look and our insert. Now it is committed, so
        # this time it is found, and locked.
        with transaction.atomic():
            return _upsert(data, email, rules)


def _upsert(data: LeadData, email: str, rules: Rules) -> Upserted:
    # The lock on the contact puts all updates of one person in a row. "No key", so that activities, which refer to
    # it, can still be inserted by whoever has locked only the lead.
    contact = Contact.objects.select_for_update(no_key=True).filter(user_id=data.user_id, email=email).first()
    earlier = _counted(data)
    if earlier:
        return Upserted(earlier.contact, earlier.lead)
    update = _Update(data, rules, contact or Contact(user_id=data.user_id, email=email), timezone.now())
    return update.write()


def _counted(data: LeadData) -> Activity | None:
    """The activity of this very message, once it has been counted."""
    if data.message_key is None:
        return None
    return Activity.objects.filter(user_id=data.user_id, message_key=data.message_key).first()


class _Update:
    """An update under way, on a locked or new contact."""

    def __init__(self, data: LeadData, rules: Rules, contact: Contact, now: datetime) -> None:
        self.data = data
        self.rules = rules
        self.contact = contact
        self.now = now
        # When a message does not say when it was written, it is now; other data is no contact unless it says so.
        self.contacted_at = data.occurred_at or (now if data.automatic else None)

    def write(self) -> Upserted:
        lead = self._lead()
        created = self.contact.pk is None
        changes = merging.identity(self.contact, self.data, overwrite=self.rules.overwrite)
        if lead is None:
            changes |= merging.remarks(self.contact, self.data, overwrite=self.rules.overwrite)
        self._count(self.contact)
        self.contact.save()
        if lead is not None:
            changes |= self._write_lead(lead)
        self._note(lead or self.contact, changes)
        return Upserted(self.contact, lead, created=created)

    def _lead(self) -> Lead | None:
        known = None
        if self.contact.pk:
            known = Lead.objects.select_for_update(no_key=True).filter(contact=self.contact).first()
        if known is None and self.rules.makes_lead:
            return Lead(user_id=self.contact.user_id, email=self.contact.email)
        return known

    def _count(self, contact: Contact) -> None:
        contact.messages += self.data.is_message
        contact.last_contact_at = _later(contact.last_contact_at, self.contacted_at)

    def _write_lead(self, lead: Lead) -> merging.Changes:
        is_new = lead.pk is None
        changes = merging.identity(lead, self.data, overwrite=self.rules.overwrite)
        changes |= merging.remarks(lead, self.data, overwrite=self.rules.overwrite)
        changes |= self._move(lead)
        self._hear(lead)
        if is_new:
            lead.contact = self.contact
            merging.from_contact(lead, self.contact)
            changes["lead"] = [None, "created"]
        lead.last_contact_at = _later(lead.last_contact_at, self.contacted_at)
        lead.judge(self.contact.messages, self.now)
        lead.save()
        if is_new or "stage" in changes:
            hooks.moved([lead], self.contacted_at or self.now)
        return changes

    def _move(self, lead: Lead) -> merging.Changes:
        heard = self.data.intent if self.data.is_message else None
        old = lead.stage
        lead.stage = next_stage(old, asked=self.data.stage, intent=heard, automatic=self.data.automatic)
        return {"stage": [old, lead.stage]} if lead.stage != old else {}

    def _hear(self, lead: Lead) -> None:
        """Take intent, urgency and sentiment from the latest message, in whatever order the jobs run."""
        if self.data.intent is None:
            return
        at = self.contacted_at or self.now
        if lead.heard_at is None or at >= lead.heard_at:
            lead.heard_at = at
            lead.intent = self.data.intent
            lead.urgency = self.data.urgency or ""
            lead.sentiment = self.data.sentiment or ""

    def _note(self, subject: Contact | Lead, changes: merging.Changes) -> None:
        if not (changes or self.data.activity or self.data.message_key):
            return
        history.entry(
            subject,
            self.rules.kind,
            self.contacted_at or self.now,
            text=self.data.activity or (Intent(self.data.intent).label if self.data.intent else ""),
            changes=changes,
            message_key=self.data.message_key,
        ).save()


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment), default=None)
