"""`manage.py up`: all of Fikiri on this machine, until Ctrl-C or, with --once, until the work is done."""

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from email_automation.mailboxes import MailboxError, open_mailbox
from fikiri import places
from fikiri.laptop import accounts, demo
from fikiri.laptop.interrupts import Waiter, interrupts
from fikiri.laptop.machine import Machine
from fikiri.laptop.ports import PortTakenError
from fikiri.laptop.processes import ProgramFailedError
from fikiri.laptop.running import AlreadyRunningError, Running
from fikiri.laptop.session import Options, Session
from fikiri.laptop.summary import Summary
from fikiri.laptop.valkey import RedisUnavailableError

BAD_INPUT = 2
INTERRUPTED = 130


class Command(BaseCommand):
    help = "Run all of Fikiri on this machine: Redis, workers, dispatcher, web server, Flower and a mail sink."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mailbox", metavar="PATH", help="sync this mbox, Maildir, folder or .eml file")
        parser.add_argument("--user", metavar="NAME", help=f"whose mailbox it is (default: {accounts.ADMIN})")
        parser.add_argument("--once", action="store_true", help="sync, wait for all that comes of it, and end")
        parser.add_argument("--json", action="store_true", help="with --once: the summary as one JSON object")
        parser.add_argument(
            "--timeout", type=float, default=3600.0, metavar="SECONDS", help="with --once: wait at most"
        )

    def handle(self, *_args: Any, once: bool, **given: Any) -> None:
        self._as_laptop()
        self._as_json: bool = given["json"]
        options = self._options(once, **given)
        with interrupts() as waiter:
            try:
                self._run(options, waiter, once=once)
            except MailboxError as error:
                raise CommandError(str(error), returncode=BAD_INPUT) from None
            except (PortTakenError, ProgramFailedError, RedisUnavailableError) as error:
                raise CommandError(str(error)) from None
            except KeyboardInterrupt:
                if once:
                    sys.exit(INTERRUPTED)

    def _run(self, options: Options, waiter: Waiter, *, once: bool) -> None:
        try:
            running = Running()
        except AlreadyRunningError as error:
            if not once and options.mailbox is None:
                raise CommandError(f"{_who_runs(error.variables)} Stop that first, or use another folder.") from None
            self._say(f"{_who_runs(error.variables)} It does the work.")
            self._finish(*Session(options, waiter, _still_runs, self._say).sync_and_wait())
        else:
            self._run_alone(running, options, waiter, once=once)

    def _run_alone(self, running: Running, options: Options, waiter: Waiter, *, once: bool) -> None:
        machine = Machine(running, self._say)
        session = Session(options, waiter, machine.tend, self._say)
        try:
            if once:
                self._finish(*session.once(machine))
            else:
                session.serve(machine)
        except KeyboardInterrupt:
            self._say("Stopping ...")
            raise
        finally:
            machine.stop()
            running.end()

    def _finish(self, summary: Summary, went_well: bool) -> None:
        if self._as_json:
            self.stdout.write(json.dumps(summary.as_json()))
        if not went_well:
            sys.exit(1)

    def _options(self, once: bool, **given: Any) -> Options:
        if given["json"] and not once:
            raise CommandError("--json needs --once.", returncode=BAD_INPUT)
        if given["mailbox"] == "":
            raise CommandError("--mailbox needs a path.", returncode=BAD_INPUT)
        if not given["timeout"] > 0:  # not a number is neither
            raise CommandError("--timeout must be more than 0 seconds.", returncode=BAD_INPUT)
        mailbox = Path(given["mailbox"]).expanduser().absolute() if given["mailbox"] else None
        if mailbox is not None:
            _check(mailbox)
        elif once and not demo.belongs_here():
            raise CommandError(
                "The sample goes only into the laptop's own database. Name a mailbox: --mailbox PATH",
                returncode=BAD_INPUT,
            )
        return Options(mailbox, given["user"], given["timeout"])

    def _as_laptop(self) -> None:
        """Settings are read once, at start: begin again when they were read for a server."""
        if os.environ.get("FIKIRI_LAPTOP") is None:
            os.environ["FIKIRI_LAPTOP"] = "1"
            os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606 (ourselves again)

    def _say(self, line: str) -> None:
        human = self.stderr if self._as_json else self.stdout
        human.write(line)
        human.flush()


def _check(mailbox: Path) -> None:
    try:
        open_mailbox(mailbox)
    except MailboxError as error:
        raise CommandError(str(error), returncode=BAD_INPUT) from None


def _who_runs(variables: Mapping[str, str]) -> str:
    port = variables.get("WEB_PORT")
    where = f", at http://127.0.0.1:{port}/admin/" if port else ""
    return f"Fikiri runs in this folder already (process {variables.get('FIKIRI_PID', 'unknown')}{where})."


def _still_runs() -> None:
    if not places.running():
        raise CommandError("Fikiri was stopped meanwhile. What is left of the work is done when it runs again.")
