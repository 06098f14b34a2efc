"""Live bars: how much of the mailbox is read, how many are classified, whose customer is up to date; and all of it."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from fikiri.laptop.pipeline import Tally
from jobs import batches
from jobs.models import Batch, Job, JobStatus

CLASSIFY = "classify_message"
CUSTOMERS = "update_crm"


class Bars:
    """One bar for each stage, on standard error; nothing where that is no terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._mail = self._bar("Mail read")
        self._classified = self._bar("Classified")
        self._customers = self._bar("Customers")
        self._all = self._bar("All of it")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def show(self, sync: Job, tally: Tally) -> None:
        """Draw how far it is."""
        self._progress.update(self._mail, completed=sync.percent or 0.0, total=100, note=sync.progress_message)
        self._update(self._classified, tally, CLASSIFY, sync)
        self._update(self._customers, tally, CUSTOMERS, sync)
        if sync.batch and not self._progress.disable:
            self._count(sync.batch)

    def _bar(self, name: str) -> TaskID:
        return self._progress.add_task(name, total=None, note="")

    def _update(self, bar: TaskID, tally: Tally, task: str, sync: Job) -> None:
        done, total = tally.finished[task], tally.total[task]
        note = f"{done} of {total}" if total else ""
        if tally.statuses[JobStatus.RETRYING] and done < total:
            note += ", some wait for another try"
        nothing_to_do = not total and sync.is_final
        self._progress.update(
            bar, completed=1 if nothing_to_do else done, total=1 if nothing_to_do else total or None, note=note
        )

    def _count(self, batch: Batch) -> None:
        counts = batches.count(batch)  # not the row, which lags a second: the last look would show that it goes on
        failed = f", {counts.failed} failed" if counts.failed else ""
        note = f"{counts.ended} of {counts.total} jobs{failed}"
        self._progress.update(self._all, completed=counts.ended, total=counts.total or None, note=note)
