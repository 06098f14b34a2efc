"""One `manage.py up`, from the first table to the last Ctrl-C."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from django.db import transaction

from email_automation import services
from email_automation.models import SyncRun
from fikiri import places
from fikiri.laptop import accounts, demo, pipeline
from fikiri.laptop.accounts import Login
from fikiri.laptop.interrupts import Waiter
from fikiri.laptop.machine import Addresses, Machine
from fikiri.laptop.pipeline import Followed
from fikiri.laptop.progress import Bars
from fikiri.laptop.summary import Summary, summarise, troubles
from jobs.models import Job

FOR_EVER = float("inf")


@dataclass(frozen=True)
class Options:
    """`mailbox`: its absolute path; None is the sample. `timeout`: seconds."""

    mailbox: Path | None
    user: str | None
    timeout: float


class Session:
    """`say` is for people; `tend` is called again and again while it waits."""

    def __init__(self, options: Options, waiter: Waiter, tend: Callable[[], None], say: Callable[[str], None]) -> None:
        self._options = options
        self._waiter = waiter
        self._tend = tend
        self._say = say

    def once(self, machine: Machine) -> tuple[Summary, bool]:
        """Start what the work needs, then as `sync_and_wait`."""
        _prepare(machine)
        machine.start_workers(together=True)
        return self.sync_and_wait()

    def sync_and_wait(self) -> tuple[Summary, bool]:
        """Sync, and wait for all that comes of it. Returns the numbers, and whether all went well."""
        with transaction.atomic():
            sync = self._sync(accounts.ensure_admin())
        followed = self._follow(sync, timeout=self._options.timeout)
        summary = self._sum_up(sync, followed)
        if followed.timed_out:
            self._say(f"Not done after {self._options.timeout:g} s: {followed.tally.unfinished} jobs are left.")
        return summary, not followed.timed_out and not followed.tally.trouble

    def serve(self, machine: Machine) -> None:
        """Start everything, sync if there is something to sync, then run until KeyboardInterrupt."""
        _prepare(machine)
        machine.start_workers(together=False)
        with transaction.atomic():
            first = demo.is_first_start() and demo.belongs_here()
            admin = accounts.ensure_admin()
            sync = self._sync(admin) if self._options.mailbox or first else None
        flower = accounts.ensure_flower_login()
        addresses = machine.start_web(flower)
        machine.wait_for_web(addresses, self._waiter)
        if sync is not None:
            self._say(f"Fikiri runs at {addresses.web}/admin/ and reads the mailbox now.")
            self._sum_up(sync, self._follow(sync, timeout=FOR_EVER, retries_too=False))
        self._introduce(addresses, admin, flower, sync)
        while True:
            self._tend()
            self._waiter.wait(1.0)

    def _sync(self, admin: Login) -> Job:
        if self._options.mailbox is None:
            return demo.sync()
        user = accounts.ensure_user(self._options.user or admin.username)
        return services.sync_mailbox(services.add_mailbox(user, self._options.mailbox))

    def _follow(self, sync: Job, *, timeout: float, retries_too: bool = True) -> Followed:
        with Bars() as bars:
            return pipeline.follow(
                sync,
                self._waiter,
                show=bars.show,
                tend=self._tend,
                timeout=timeout,
                retries_too=retries_too,
            )

    def _sum_up(self, sync: Job, followed: Followed) -> Summary:
        summary = summarise(SyncRun.objects.get(job_id=sync.pk), followed)
        for line in (*summary.lines(), *troubles(sync.correlation_id)):
            self._say(line)
        return summary

    def _introduce(self, addresses: Addresses, admin: Login, flower: Login, sync: Job | None) -> None:
        token = accounts.api_token(admin.username)
        path = f"api/jobs/{sync.pk}" if sync else "api/jobs/queue/email/stats"
        self._say(
            f"""
Admin       {addresses.web}/admin/   {_login(admin)}
Mail sink   {addresses.web}/admin/mail-sink/   (also {places.var() / "mail"})
Flower      {addresses.flower}/   {_login(flower)}
Logs        {places.var() / "log"}
API         curl -H 'Authorization: Token {token}' {addresses.web}/{path}

Ctrl-C stops everything."""
        )


def _prepare(machine: Machine) -> None:
    call_command("migrate", verbosity=0, interactive=False)
    machine.start_redis()
    machine.start_mail_sink()


def _login(login: Login) -> str:
    return f"{login.username} / {login.password or '(the password that you chose)'}"
