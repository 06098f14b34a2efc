"""The sync entry that callers of the old platform know."""

from email_automation import services
from email_automation.models import SyncRun
from email_automation.syncing import sync
from jobs import executor
from jobs import services as job_services
from jobs.errors import JobNotFound
from jobs.models import JobStatus
from jobs.outcomes import Later


class GmailSyncJobManager:
    """Queues and runs syncs of a user's mailbox. A sync's id is its job's id."""

    def queue_sync_job(self, user_id: int, sync_type: str = "manual") -> str:
        """Enqueue a sync of the user's mailbox, or return the one that is under way.

        Raises:
            Refused: there is no such user.
        """
        return str(services.sync_mailbox(services.mailbox_of(user_id), sync_type=sync_type).pk)

    def process_sync_job(self, job_id: str) -> dict[str, object]:
        """Run a sync in this process, claimed like by any worker: if one has it already, nothing is run here.

        Returns:
            How it stands now, as `get_sync_status`.

        Raises:
            JobNotFound: there is no such sync.
        """
        run = self._run_of(job_id)
        while isinstance(executor.run(run.job_id), Later):
            pass  # the next slice
        return self.get_sync_status(job_id)

    def get_sync_status(self, job_id: str) -> dict[str, object]:
        """How a sync stands: its job's status and error, and what it has found so far.

        Raises:
            JobNotFound: there is no such sync.
        """
        run = self._run_of(job_id)
        job = job_services.find(run.job_id)
        return {
            **sync.result(run),
            "success": job.status == JobStatus.COMPLETED,
            "status": job.status,
            "error": job.error or None,
            "sync_type": run.sync_type,
        }

    def _run_of(self, job_id: str) -> SyncRun:
        job = job_services.find(job_id)
        run = SyncRun.objects.filter(job_id=job.pk).first()
        if run is None:
            raise JobNotFound(f"Job {job.pk} is no sync.", field="job_id")
        return run
