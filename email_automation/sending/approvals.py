"""What waits for a person's word: mail that nobody approved yet, that can still be taken back, or that is in doubt."""

from dataclasses import dataclass

from django.db.models import Case, IntegerField, QuerySet, Value, When

from email_automation.models import OPEN, MailStatus, Message, OutgoingMail

WAITS = (*OPEN, MailStatus.HELD, MailStatus.IN_DOUBT)
FIRST = {MailStatus.HELD: 0, MailStatus.IN_DOUBT: 1, MailStatus.AWAITING_APPROVAL: 2, MailStatus.DRAFT: 3}
MOST = 50


@dataclass(frozen=True)
class Waiting:
    """A mail, what it answers, and why there is one."""

    mail: OutgoingMail
    message: Message | None
    because: str

    @property
    def is_open(self) -> bool:
        return self.mail.status in OPEN


def waiting(mails: QuerySet[OutgoingMail]) -> list[Waiting]:
    """Of these mails those that wait: first what goes soon, then what waits longest."""
    order = Case(
        *(When(status=status, then=Value(place)) for status, place in FIRST.items()),
        output_field=IntegerField(),
    )
    rows = mails.filter(status__in=WAITS).order_by(order, "held_until", "created_at", "pk")
    rows = rows.select_related("user", "answers__mailbox", "written_by", "follow_up__rule")
    return [
        Waiting(mail, mail.answers, _because(mail)) for mail in rows.prefetch_related("answers__rule_matches")[:MOST]
    ]


def count(mails: QuerySet[OutgoingMail]) -> int:
    return mails.filter(status__in=WAITS).count()


def _because(mail: OutgoingMail) -> str:
    follow_up = getattr(mail, "follow_up", None)
    if follow_up:
        days = f"{follow_up.rule.days} days" if follow_up.rule else "some days"
        return f"Follow-up: the lead is {follow_up.stage}, no answer for {days}"
    matches = mail.answers.rule_matches.all() if mail.answers else []
    rule = next((match for match in matches if any("reply" in one["do"] for one in match.outcomes)), None)
    if rule is None:
        return "Written by a person" if mail.author == "person" else "Asked for by a person"
    found = ", ".join(f"{one['word']} ({one['found']})" for one in rule.reasons) or "all mail"
    return f"Rule “{rule.name}”: {found}"
