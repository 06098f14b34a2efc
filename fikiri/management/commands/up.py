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
from fikiri.laptop import accounts, demo
from fikiri.laptop.interrupts import interrupts
from fikiri.laptop.machine import Machine
from fikiri.laptop.ports import PortTakenError
from fikiri.laptop.processes import ProgramFailedError
from fikiri.laptop.running import AlreadyRunningError, Running
from fikiri.laptop.session import Options, Session
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
        self._human = self.stderr if given["json"] else self.stdout
        options = self._options(once, **given)
        try:
            running = Running()
        except AlreadyRunningError as error:
            raise CommandError(_already_running(error.variables)) from None
        machine = Machine(running, self._say)
        with interrupts() as waiter:
            try:
                session = Session(machine, waiter, options, self._say)
                if once:
                    self._once(session, as_json=given["json"])
                else:
                    session.serve()
            except MailboxError as error:
                raise CommandError(str(error), returncode=BAD_INPUT) from None
            except (PortTakenError, ProgramFailedError, RedisUnavailableError) as error:
                raise CommandError(str(error)) from None
            except KeyboardInterrupt:
                self._say("Stopping ...")
                if once:
                    sys.exit(INTERRUPTED)
            finally:
                machine.stop()
                running.end()

    def _once(self, session: Session, *, as_json: bool) -> None:
        summary, went_well = session.once()
        if as_json:
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
            try:
                open_mailbox(mailbox)
            except MailboxError as error:
                raise CommandError(str(error), returncode=BAD_INPUT) from None
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
        self._human.write(line)
        self._human.flush()


def _already_running(variables: Mapping[str, str]) -> str:
    port = variables.get("WEB_PORT")
    where = f", at http://127.0.0.1:{port}/admin/" if port else ""
    return (
        f"Fikiri runs in this folder already (process {variables['FIKIRI_PID']}{where}). "
        "Sync a mailbox with what runs: .venv/bin/python manage.py sync_mailbox PATH --user NAME --wait. "
        "Or stop it first, or run a second one apart from it: FIKIRI_VAR=some/folder bin/run"
    )
