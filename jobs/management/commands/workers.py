"""`manage.py workers [NAME]`: who works, and on what; stopping one, and how many jobs it runs at once."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from jobs.api.workers import worker_row
from jobs.errors import Refused
from jobs.remote import stop as remote_stop
from jobs.slots import change, forget
from jobs.terminal import AnsweringCommand, ago, printable
from jobs.workers import Working, working


class Command(AnsweringCommand):
    help = (
        "Show the workers: their queues and slots, since when, when they were last heard, and what each runs. With a "
        "name: what is asked of it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", nargs="?", help="of a worker, such as email@host")
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--stop", action="store_true", help="it takes no more jobs, and ends once those it runs do")
        act.add_argument("--slots", type=int, metavar="N", help="run so many jobs at once, also when it starts again")
        act.add_argument("--forget-slots", action="store_true", help="start with its --concurrency again")
        parser.add_argument("--reason", default="", help="kept with what is done")

    def ask(
        self, *, name: str | None, stop: bool, slots: int | None, forget_slots: bool, reason: str, **_: Any
    ) -> dict[str, Any]:
        who = {"by": getpass.getuser(), "reason": reason, "origin": "command"}
        if (stop or forget_slots or slots is not None) and name is None:
            raise Refused("Name the worker: manage.py workers NAME --slots 4.", field="name")
        if stop or slots is not None:
            self._tell(name or "", slots, who)
        if forget_slots and not forget(name or "", **who):
            raise Refused(f"No slots are kept for {printable(name)!r}.", field="name")
        self._workers = [one for one in working() if name in (None, one.beat.name)]
        if name and not self._workers and not forget_slots:
            raise Refused(_unknown(name), field="name")
        return {"workers": [worker_row(worker) for worker in self._workers]}

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            ("worker", "queues", "slots", "since", "heard", "runs"),
            (
                (
                    worker.beat.name,
                    " ".join(worker.beat.queues),
                    _slots(worker),
                    ago(worker.beat.started_at),
                    _heard(worker),
                    "\n".join(f"{job.task} for {ago(job.started_at)}" for job in worker.jobs),
                )
                for worker in self._workers
            ),
        )
        if not self._workers:
            self.stdout.write("No worker. Start one: manage.py worker")

    def _tell(self, name: str, slots: int | None, who: dict[str, str]) -> None:
        alive = [one for one in working() if one.beat.name == name and not one.is_silent]
        if not alive:
            raise Refused(_unknown(name), field="name")
        for one in alive:
            if slots is None:
                remote_stop(one.beat.boot, **who)
            else:
                change(one.beat.boot, slots, **who)


def _unknown(name: str) -> str:
    return f"There is no worker {printable(name)!r}: manage.py workers lists them."


def _slots(worker: Working) -> str:
    kept = worker.kept.slots if worker.kept and worker.kept.slots != worker.beat.slots else None
    return f"{len(worker.jobs)} of {worker.beat.slots}{f', to be {kept}' if kept else ''}"


def _heard(worker: Working) -> str:
    if worker.beat.stopping:
        return "stopping"
    return f"{ago(worker.beat.beat_at)}{', stuck' if worker.is_stuck else ''}"
