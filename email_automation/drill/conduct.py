"""The drill for mail from beginning to end: a server outside, workers that die, and the count."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.fernet import Fernet

from email_automation.drill import verdict
from email_automation.drill.gmail_server import GmailServer
from email_automation.drill.smtp_server import MailServer
from jobs.drill import faults
from jobs.drill.conduct import CHILDREN, DISPATCHERS, READY_WITHIN, WORKERS, Outcome, Run, Say, Wanted
from jobs.drill.scratch import Scratch
from jobs.drill.verdict import Verdict

SETTINGS = "email_automation.drill.settings"
NOT_HERE = ("enqueuer killed", "junk messages")  # the writer is the drill's own; junk is the platform's business


def smtp(wanted: Wanted, say: Say) -> Outcome:
    """Mail by SMTP."""
    scratch = Scratch(wanted.vendor, SETTINGS)
    server = MailServer(scratch.folder, wanted.seed)
    scratch.more_env |= _told(DRILL_SMTP_PORT=str(server.port))
    return _conduct(wanted, scratch, say, server, verdict.of_smtp)


def gmail(wanted: Wanted, say: Say) -> Outcome:
    """Mail through Gmail."""
    scratch = Scratch(wanted.vendor, SETTINGS)
    server = GmailServer(scratch.folder, wanted.seed)
    scratch.more_env |= _told(DRILL_GMAIL=server.url)

    def count(scratch: Scratch) -> Verdict:
        server.write_down_orphans()
        return verdict.of_gmail(scratch)

    return _conduct(wanted, scratch, say, server, count)


def _told(**more: str) -> dict[str, str]:
    """What the drill's settings read."""
    return {"DRILL_SMTP_PORT": "25", "DRILL_GMAIL": "", "DRILL_FIELD_KEY": Fernet.generate_key().decode()} | more


def _conduct(
    wanted: Wanted, scratch: Scratch, say: Say, server: MailServer | GmailServer, count: Callable[[Scratch], Verdict]
) -> Outcome:
    with scratch:
        server.start()
        try:
            run = _broken(wanted, scratch, say, "gmail" if isinstance(server, GmailServer) else "smtp")
        finally:
            scratch.stop_programs()
            server.stop()  # what a frozen process still had to say is written down by then
        return run.outcome(count(scratch), verdict.deaths(scratch))


def _broken(wanted: Wanted, scratch: Scratch, say: Say, through: str) -> Run:
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
    return run
