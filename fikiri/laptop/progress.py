"""Live bars: how much of the mailbox is read, how many messages are classified, how many customers are up to date."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from fikiri.laptop.pipeline import Tally
from jobs.models import Job, JobStatus

CLASSIFY = "classify_message"
CUSTOMERS = "update_crm"


class Bars:
    """One bar for each stage, on standard error; nothing where that is no terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._mail = self._bar("Mail read")
        self._classified = self._bar("Classified")
        self._customers = self._bar("Customers")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def show(self, sync: Job, tally: Tally) -> None:
        """Draw how far it is."""
        done = sync.status == JobStatus.COMPLETED
        self._progress.update(
            self._mail,
            completed=sync.percent or 0.0 if not done else 100.0,
            total=100,
            note=sync.progress_message,
        )
        self._update(self._classified, tally, CLASSIFY)
        self._update(self._customers, tally, CUSTOMERS)

    def _bar(self, name: str) -> TaskID:
        return self._progress.add_task(name, total=None, note="")

    def _update(self, bar: TaskID, tally: Tally, task: str) -> None:
        retrying = tally.total[task] - tally.finished[task] if tally.statuses[JobStatus.RETRYING] else 0
        note = f"{retrying} left, some wait for another try" if retrying else ""
        self._progress.update(bar, completed=tally.finished[task], total=tally.total[task] or None, note=note)
