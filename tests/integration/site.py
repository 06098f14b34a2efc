"""A whole installation on a test's database and Redis, small and quick to lose patience."""

import json
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.clock import Now
from jobs.models import Job, Lease, WorkerBeat
from tests.servers.programs import Programs, eventually

PATIENCE = 120.0  # seconds; for a machine that is busy with other things
JOBS = {
    "RETRY_DELAYS": [0.3],
    "BEAT_EVERY": 0.5,
    "BEAT_TTL": 3,
    "CANCEL_GRACE": 1,
    "STOP_GRACE": 2,
    "CANARY_EVERY": 0,
}
ENV = {"DJANGO_SETTINGS_MODULE": "tests.process_settings", "LOG_LEVEL": "INFO"}


class Site:
    """Starts the project's own commands and waits for what they do by asking the ledger."""

    def __init__(self, programs: Programs) -> None:
        self.programs = programs
        self._names = 0

    def worker(self, *queues: str, concurrency: int = 2, env: dict[str, str] | None = None, **jobs: Any) -> Any:
        """`manage.py worker`; returns once it beats. `jobs` changes the platform's settings."""
        name = self._name()
        arguments = ["worker", *queues, "--concurrency", str(concurrency), "--name", name]
        return self._beating(self.programs.manage(*arguments, **self._env(jobs) | (env or {})))

    def celery_worker(self, *arguments: str) -> Any:
        """`celery -A fikiri worker`; returns once it beats."""
        command = [sys.executable, "-m", "celery", "-A", "fikiri", "worker", "-n", f"{self._name()}@%h", *arguments]
        return self._beating(self.programs.start(*command, **self._env({})))

    def dispatcher(self, **jobs: Any) -> Any:
        """`manage.py dispatcher`; returns once it leads."""
        program = self.programs.manage("dispatcher", **self._env(jobs))
        eventually(
            lambda: self._lives(program) and Lease.objects.filter(name="dispatcher", until__gt=Now()).exists(), PATIENCE
        )
        return program

    def manage(self, *arguments: str) -> str:
        """Run a `manage.py` command to its end; returns what it printed."""
        return self.command(sys.executable, "manage.py", *arguments)

    def command(self, *command: str) -> str:
        """Run another command to its end; returns what it printed."""
        program = self.programs.start(*command, **self._env({}))
        program.wait(PATIENCE)
        output = self.programs.output(program)
        assert program.returncode == 0, output
        return output

    def ends(self, job_id: uuid.UUID | str, status: str = "completed", timeout: float = PATIENCE) -> Job:
        """Wait until a job is in a state; fails with the workers' output when it ends otherwise."""
        job = Job.objects.get(pk=job_id)

        def there() -> bool:
            job.refresh_from_db()
            assert job.status == status or not job.is_final, f"{job.status} {job.error}\n{self.outputs()}"
            return job.status == status

        eventually(there, timeout, f"job {job_id} {status}, now {job.status}")
        return job

    def all_end(self, ids: Sequence[uuid.UUID], status: str = "completed", timeout: float = PATIENCE) -> None:
        eventually(lambda: not Job.objects.filter(pk__in=ids).exclude(status=status).exists(), timeout)

    def outputs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-5000:] for path in self.programs.folder.glob("*.log"))

    def _beating(self, program: Any) -> Any:
        fresh = WorkerBeat.objects.filter(pid=program.pid, beat_at__gt=Now(-3))
        eventually(lambda: self._lives(program) and fresh.exists(), PATIENCE)
        return program

    def _lives(self, program: subprocess.Popen[bytes]) -> bool:
        assert program.poll() is None, self.programs.output(program)
        return True

    def _name(self) -> str:
        self._names += 1
        return f"worker-{self._names}"

    def _env(self, jobs: dict[str, Any]) -> dict[str, str]:
        return {**ENV, "TEST_JOBS": json.dumps(JOBS | jobs)}


def marks(path: Path) -> list[tuple[int, int]]:
    """What runs of a task have left in a file: (attempt, process)."""
    if not path.exists():
        return []
    return [(int(attempt), int(pid)) for attempt, pid in (line.split() for line in path.read_text().splitlines())]
