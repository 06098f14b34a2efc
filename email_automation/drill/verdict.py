"""The count of the drill for mail: what was asked for, against what the server outside wrote down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from email_automation.drill.deaths import DEATHS
from email_automation.drill.gmail_server import ORPHANS
from email_automation.drill.smtp_server import DIALOGUES, ENDED, UNFINISHED
from jobs.drill import outside
from jobs.drill.scratch import Scratch
from jobs.drill.verdict import Verdict

OUTCOMES = ("completed", "in_doubt")


@dataclass(frozen=True)
class Row:
    """A mail as the ledger has it. `broken`: an attempt ended with it, and not by the server's word."""

    status: str = "missing"
    mail: str = "missing"
    broken: bool = False


@dataclass(frozen=True)
class Dialogue:
    """How far a mail had come, and whether its sender stayed to say goodbye."""

    phase: str
    answer: str
    goodbye: bool


Doubt = Callable[[str, Row], str]  # what is wrong with a mail's being in doubt, or not


def of_smtp(scratch: Scratch) -> Verdict:
    """Nothing doubled, nothing lost; what nobody can know is listed as in doubt, and nothing else is."""
    dialogues: dict[str, list[Dialogue]] = defaultdict(list)
    for entry in outside.entries(scratch.folder / DIALOGUES):
        dialogues[entry.pop("key")].append(Dialogue(**entry))
    return _of_mail(scratch, lambda key, row: wrong_doubt(row, dialogues[key]))


def of_gmail(scratch: Scratch) -> Verdict:
    """Nothing doubled, nothing lost, nothing in doubt, since Gmail can be asked; and no draft is left over."""
    found = _of_mail(scratch, lambda _, row: "is in doubt, and could be known" if row.status == "in_doubt" else "")
    for entry in outside.entries(scratch.folder / ORPHANS):
        found.doubled[entry["key"]] = "has left a draft that nobody will send"
    return found


def deaths(scratch: Scratch) -> Counter[str]:
    """How often a process died at which point."""
    return Counter(f"died {entry['point']}" for entry in outside.entries(scratch.folder / DEATHS))


def wrong_doubt(row: Row, dialogues: list[Dialogue]) -> str:
    """In doubt is what was all handed over, where nobody told its sender so, or the sender told nobody."""
    if row.status != "in_doubt":
        unanswered = any(one.phase == ENDED and not one.answer for one in dialogues)
        return f"its answer never came, and it is {row.status}" if unanswered else ""
    handed_over = [one for one in dialogues if one.phase != UNFINISHED]
    if not handed_over:
        return "is in doubt, and was never handed over"
    if all(one.answer and one.goodbye for one in handed_over) and not row.broken:
        return "is in doubt, though it was answered and nothing broke its sender"
    return ""


def _of_mail(scratch: Scratch, doubt: Doubt) -> Verdict:
    assert scratch.database is not None
    accepted = {entry["key"]: entry["took"] for entry in outside.entries(scratch.folder / outside.ACCEPTED)}
    sent = outside.counts(scratch.folder / outside.EFFECTS)
    rows = {key: Row(status, mail, bool(broken)) for key, status, mail, broken in scratch.database.query(STATES)}
    took = sorted(accepted.values()) or [0.0]
    found = Verdict(accepted=len(accepted), slowest_enqueue=took[-1], median_enqueue=took[len(took) // 2])
    for key in accepted:
        row = rows.get(key, Row())
        if sent[key] > 1:
            found.doubled[key] = f"was sent {sent[key]} times"
        if wrong := _lost(row, sent[key]) or doubt(key, row):
            found.lost[key] = wrong
        found.in_doubt += row.status == "in_doubt"
    return found


def _lost(row: Row, sent: int) -> str:
    if row.status not in OUTCOMES or (row.status == "completed") != (row.mail == "sent"):
        return f"its job is {row.status}, its mail {row.mail}"
    return "is said to be sent, and was not" if row.status == "completed" and not sent else ""


STATES = """SELECT mail.subject, job.status, mail.status,
                   (SELECT count(*) FROM jobs_attempt attempt
                    WHERE attempt.job_id = job.id AND attempt.error_class NOT IN ('Later', 'Retry'))
            FROM email_automation_outgoingmail mail JOIN jobs_job job ON job.id = mail.job_id"""
