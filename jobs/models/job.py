"""The job row, its attempts and its history. Only `jobs.lifecycle` writes a job's state."""

from __future__ import annotations

import uuid

import uuid_utils.compat
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils import timezone

from jobs.models.grant import RANK, Role, User, standing_of


class JobStatus(models.TextChoices):
    PENDING = "pending"
    PROCESSING = "processing"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"  # an error that a retry cannot mend
    DEAD = "dead"  # retries used up, or it keeps killing its worker
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    IN_DOUBT = "in_doubt"  # an effect may or may not have happened


CANARY = "jobs.canary"  # the platform's own task, which is nobody's to see
WAITING = (JobStatus.PENDING, JobStatus.RETRYING)
FINAL = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.DEAD, JobStatus.CANCELLED, JobStatus.EXPIRED)
BADLY = (JobStatus.FAILED, JobStatus.DEAD, JobStatus.CANCELLED, JobStatus.EXPIRED, JobStatus.IN_DOUBT)  # as few end


def new_id() -> uuid.UUID:
    """A UUIDv7: ids rise with time, so that the primary key's index grows at one end."""
    identifier: uuid.UUID = uuid_utils.compat.uuid7()
    return identifier


class JobQuerySet(models.QuerySet["Job"]):
    def waiting(self) -> JobQuerySet:
        # In the text of the SQL: SQLite looks into a partial index only where it reads that index's very condition.
        literal = RawSQL("jobs_job.status IN ('pending', 'retrying')", [], models.BooleanField())
        return self.filter(literal)

    def unfinished(self) -> JobQuerySet:
        return self.exclude(status__in=FINAL)

    def of_people(self) -> JobQuerySet:
        """All but the platform's own."""
        return self.exclude(task=CANARY)

    def visible_to(self, user: User) -> JobQuerySet:
        """Their own, and those of the queues on which they have a role."""
        standing = standing_of(user)
        jobs = self.of_people() if standing.anywhere >= RANK[Role.VIEWER] else self
        return jobs.filter(standing.reach(Role.VIEWER, user.pk))

    def visible_on(self, user: User, queue: str) -> JobQuerySet:
        """Of this queue what `visible_to` has. Without its `or`, so that one index answers."""
        jobs = self.filter(queue=queue)
        whole = standing_of(user).on(queue) >= RANK[Role.VIEWER]
        return jobs.of_people() if whole else jobs.filter(owner_id=user.pk or -1)

    def newest_first(self) -> JobQuerySet:
        return self.order_by("-created_at", "-id")


class Job(models.Model):
    """One wish to run a task. The id is the Celery task id."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=200, null=True, help_text="The caller's own id.")
    task = models.CharField(max_length=150)
    queue = models.CharField(max_length=32)
    status = models.CharField(max_length=16, choices=JobStatus.choices, default=JobStatus.PENDING)
    priority = models.SmallIntegerField(default=5, help_text="0 runs first.")
    arguments = models.JSONField(default=dict)
    owner_id = models.BigIntegerField(null=True, help_text="The user it works for; none is the system's.")
    correlation_id = models.CharField(max_length=64)
    trace = models.CharField(max_length=55, null=True, help_text="Its place in a trace: W3C traceparent.")
    parent_id = models.UUIDField(null=True)
    batch = models.ForeignKey("jobs.Batch", null=True, on_delete=models.SET_NULL, related_name="jobs", db_index=False)
    schedule = models.ForeignKey("jobs.Schedule", null=True, on_delete=models.SET_NULL, db_index=False)
    tick = models.DateTimeField(null=True)
    workflow = models.JSONField(null=True, help_text="The rest of a chain, and links.")

    created_at = models.DateTimeField()
    run_at = models.DateTimeField(help_text="Not before this.")
    expires_at = models.DateTimeField(null=True, help_text="The latest first start.")
    dispatch_at = models.DateTimeField(null=True, help_text="When the dispatcher rings next.")
    rung_at = models.DateTimeField(null=True)
    rings = models.SmallIntegerField(default=0)

    attempt = models.IntegerField(default=0, help_text="Claims so far: the fence.")
    failures = models.SmallIntegerField(default=0, help_text="Spent of the retry budget.")
    max_retries = models.SmallIntegerField(default=3)
    deaths = models.SmallIntegerField(default=0)
    orphaned = models.SmallIntegerField(default=0)
    soft_time_limit = models.FloatField(help_text="Seconds.")
    time_limit = models.FloatField(help_text="Seconds.")

    worker = models.CharField(max_length=150, blank=True)
    boot = models.UUIDField(null=True)
    pid = models.IntegerField(null=True)
    claim = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    cancel_requested_at = models.DateTimeField(null=True)
    unique_key = models.CharField(max_length=240, blank=True, help_text="What it is the only one of.")
    unique_scope = models.CharField(max_length=10, blank=True)
    unique_slot = models.CharField(max_length=255, null=True, help_text="The key while it is busy.")

    progress_current = models.BigIntegerField(null=True)
    progress_total = models.BigIntegerField(null=True)
    progress_message = models.CharField(max_length=200, blank=True)
    error = models.CharField(max_length=1000, blank=True)
    error_class = models.CharField(max_length=150, blank=True)
    fingerprint = models.CharField(max_length=16, blank=True, help_text="Groups errors that are alike.")
    reason = models.CharField(max_length=300, blank=True, help_text="Why it is in this state.")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        permissions = [("reveal_job", "Can reveal a job's sensitive arguments and results")]
        indexes = [
            # What the dispatcher probes; also the count of what waits.
            models.Index(
                fields=["queue", "priority", "dispatch_at", "id"],
                name="job_waiting",
                condition=Q(status__in=WAITING),
            ),
            # What was rung and is still unclaimed.
            models.Index(
                fields=["queue", "rung_at"],
                name="job_rung",
                condition=Q(status__in=WAITING, rung_at__isnull=False),
            ),
            # Held back with their task, until it is resumed.
            models.Index(fields=["task"], name="job_held", condition=Q(status__in=WAITING, dispatch_at__isnull=True)),
            # What may not be started any more after a time.
            models.Index(
                fields=["expires_at"],
                name="job_expiring",
                condition=Q(status__in=WAITING, expires_at__isnull=False),
            ),
            models.Index(
                fields=["worker", "pid", "lease_until"], name="job_running", condition=Q(status=JobStatus.PROCESSING)
            ),
            models.Index(
                fields=["owner_id", "-created_at", "-id"], name="job_owner", condition=Q(owner_id__isnull=False)
            ),
            models.Index(fields=["-created_at", "-id"], name="job_created"),
            # Lists of what waits, of what went wrong, and of what went wrong alike, newest first.
            models.Index(fields=["-created_at", "-id"], name="job_newest_waiting", condition=Q(status__in=WAITING)),
            models.Index(fields=["-created_at", "-id"], name="job_newest_badly", condition=Q(status__in=BADLY)),
            models.Index(
                fields=["fingerprint", "-created_at", "-id"], name="job_fingerprint", condition=~Q(fingerprint="")
            ),
            # Counts of what waits, the oldest of it and who is before whom, read from the index alone.
            models.Index(
                fields=["queue", "run_at", "id", "priority", "task"],
                name="job_backlog",
                condition=Q(status__in=WAITING),
            ),
            # What waits for a person's word.
            models.Index(fields=["finished_at", "id"], name="job_doubt", condition=Q(status=JobStatus.IN_DOUBT)),
            models.Index(fields=["correlation_id"], name="job_correlation"),
            models.Index(fields=["parent_id"], name="job_parent", condition=Q(parent_id__isnull=False)),
            # Lists of a batch's members, newest first, and counts of them by status.
            models.Index(
                fields=["batch", "-created_at", "-id", "status"], name="job_of_batch", condition=Q(batch__isnull=False)
            ),
            models.Index(fields=["status", "finished_at"], name="job_finished", condition=Q(finished_at__isnull=False)),
        ]
        constraints = [
            # Few, and the counters have none: PostgreSQL reads each of them anew for every statement.
            models.CheckConstraint(condition=Q(priority__range=(0, 9)), name="job_priority_0_to_9"),
            models.CheckConstraint(condition=Q(status__in=JobStatus.values), name="job_status_known"),
            models.CheckConstraint(
                condition=~Q(status=JobStatus.PROCESSING) | Q(claim__isnull=False, lease_until__isnull=False),
                name="job_processing_has_claim",
            ),
            # Most jobs have neither: a plain unique column would index them all, and each index costs every write.
            models.UniqueConstraint(fields=["key"], name="job_key_once", condition=Q(key__isnull=False)),
            models.UniqueConstraint(
                fields=["unique_slot"], name="job_slot_once", condition=Q(unique_slot__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["schedule", "tick"], name="job_one_per_tick", condition=Q(schedule__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.id}"

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def trace_id(self) -> str:
        """Of the trace that it is in, if traces were on."""
        return self.trace[3:35] if self.trace else ""

    @property
    def percent(self) -> float | None:
        """How far it says it is, 0 to 100."""
        if self.status == JobStatus.COMPLETED:
            return 100.0
        if not self.progress_total or self.progress_current is None:
            return None
        return round(min(100.0, 100 * self.progress_current / self.progress_total), 1)

    @property
    def seconds_left(self) -> int | None:
        """A guess from how far its first attempt has come; a later one may have begun in the middle."""
        done, total = self.progress_current, self.progress_total
        if self.status != JobStatus.PROCESSING or self.attempt != 1 or not (self.started_at and done and total):
            return None
        elapsed = (timezone.now() - self.started_at).total_seconds()
        return max(0, round(elapsed * (total - done) / done))


class Attempt(models.Model):
    """One run that did not succeed."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=16)
    worker = models.CharField(max_length=150, blank=True)
    boot = models.UUIDField(null=True)
    pid = models.IntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField()
    error_class = models.CharField(max_length=150, blank=True)
    rule = models.CharField(max_length=150, blank=True, help_text="The error whose own retries it used.")
    error = models.TextField(blank=True)
    traceback = models.TextField(blank=True)
    log = models.TextField(blank=True, help_text="The last log lines of the run.")

    class Meta:
        ordering = ["job_id", "number"]
        # Read by those who count what ended since they counted last.
        indexes = [models.Index(fields=["finished_at"], name="attempt_finished")]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="attempt_number_once")]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.job_id}"


class Checkpoint(models.Model):
    """Where a job goes on after an interruption, by its own word. Beside the job, whose row is to stay narrow."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="checkpoint")
    value = models.TextField(help_text="JSON.")
    attempt = models.PositiveIntegerField()
    kept_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"checkpoint of {self.job_id}"


class JobEvent(models.Model):
    """What happened to a job apart from its attempts: append-only."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=32)
    by = models.CharField(max_length=150, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["job_id", "id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.job_id}"
