"""The drill for mail from beginning to end: a server outside, workers that die, and the count."""

from __future__ import annotations

from cryptography.fernet import Fernet

from email_automation.drill import verdict
from email_automation.drill.gmail_server import GmailServer
from email_automation.drill.smtp_server import MailServer
from jobs.drill import faults
from jobs.drill.conduct import CHILDREN, DISPATCHERS, READY_WITHIN, WORKERS, Outcome, Run, Say, Wanted
from jobs.drill.scratch import Scratch

SETTINGS = "email_automation.drill.settings"
NOT_HERE = ("enqueuer killed", "junk messages")  # the writer is the drill's own; junk is the platform's business


def smtp(wanted: Wanted, say: Say) -> Outcome:
    """Mail by SMTP."""
    scratch = Scratch(wanted.vendor, SETTINGS)
    server = MailServer(scratch.folder, wanted.seed)
    scratch.more_env |= _told(DRILL_SMTP_PORT=str(server.port))
    with scratch:
        server.start()
        try:
            return _conduct(wanted, scratch, say, "smtp")
        finally:
            server.stop(no_assert=True)


def gmail(wanted: Wanted, say: Say) -> Outcome:
    """Mail through Gmail."""
    scratch = Scratch(wanted.vendor, SETTINGS)
    server = GmailServer(scratch.folder, wanted.seed)
    scratch.more_env |= _told(DRILL_GMAIL=server.url)
    with scratch:
        server.start()
        try:
            return _conduct(wanted, scratch, say, "gmail")
        finally:
            scratch.stop_programs()
            server.stop()


def _told(**more: str) -> dict[str, str]:
    """What the drill's settings read."""
    return {"DRILL_SMTP_PORT": "25", "DRILL_GMAIL": "", "DRILL_FIELD_KEY": Fernet.generate_key().decode()} | more


def _conduct(wanted: Wanted, scratch: Scratch, say: Say, through: str) -> Outcome:
    for number in range(WORKERS):
        scratch.worker(f"worker-{number}", "--concurrency", str(CHILDREN))
    for number in range(DISPATCHERS):
        scratch.dispatcher(f"dispatcher-{number}")
    run = Run(wanted, scratch, say)
    run.wait_until(run.workers_consume, READY_WITHIN)
    scratch.module("enqueuer", "email_automation.drill.stream", *run.words(), through, once=True)
    plan = faults.plan(wanted.seed, wanted.faults, wanted.seconds, vendor=wanted.vendor)
    run.stream([fault for fault in plan if fault.kind not in NOT_HERE])
    run.settle(run.unsettled)
    return run.outcome(verdict.of_mail(scratch, can_be_asked=through == "gmail"), verdict.deaths(scratch))
