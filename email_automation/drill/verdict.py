"""The count of the drill for mail: what was asked for, against what the server outside wrote down."""

from __future__ import annotations

from collections import Counter

from email_automation.drill.deaths import DEATHS, KNOWN_TO_NOBODY
from email_automation.drill.smtp_server import UNKNOWN
from jobs.drill import outside
from jobs.drill.scratch import Scratch
from jobs.drill.verdict import Verdict

ENDED = ("completed", "in_doubt")


def of_mail(scratch: Scratch, *, can_be_asked: bool) -> Verdict:
    """Nothing doubled, nothing lost; what nobody can know is listed as in doubt, and nothing else is."""
    assert scratch.database is not None
    accepted = {entry["key"]: entry["took"] for entry in outside.entries(scratch.folder / outside.ACCEPTED)}
    sent = outside.counts(scratch.folder / outside.EFFECTS)
    unknown = set(outside.counts(scratch.folder / UNKNOWN))
    at_the_dot = {entry["mail"] for entry in outside.entries(scratch.folder / DEATHS) if _is_unknowable(entry["point"])}
    rows = {key: (status, mail, attempt) for key, status, mail, attempt in scratch.database.query(STATES)}
    took = sorted(accepted.values()) or [0.0]
    found = Verdict(accepted=len(accepted), slowest_enqueue=took[-1], median_enqueue=took[len(took) // 2])
    for key in accepted:
        status, mail, attempt = rows.get(key, ("missing", "missing", 0))
        if sent[key] > 1:
            found.doubled[key] = f"was sent {sent[key]} times"
        if status not in ENDED or (status == "completed") != (mail == "sent"):
            found.lost[key] = f"its job is {status}, its mail {mail}"
        elif status == "completed" and not sent[key]:
            found.lost[key] = "is said to be sent, and was not"
        elif status == "in_doubt" and (can_be_asked or not (key in unknown | at_the_dot or attempt > 1)):
            found.lost[key] = "is in doubt, and could be known"
        elif key in unknown and status != "in_doubt":
            found.lost[key] = f"its answer never came, and it is {status}"
        found.in_doubt += status == "in_doubt"
    return found


def deaths(scratch: Scratch) -> Counter[str]:
    """How often a process died at which point."""
    return Counter(f"died {entry['point']}" for entry in outside.entries(scratch.folder / DEATHS))


def _is_unknowable(point: str) -> bool:
    return point in KNOWN_TO_NOBODY


STATES = """SELECT mail.subject, job.status, mail.status, job.attempt
            FROM email_automation_outgoingmail mail JOIN jobs_job job ON job.id = mail.job_id"""
