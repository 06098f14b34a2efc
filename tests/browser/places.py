"""A platform with something on every page, and the addresses of these pages."""

from __future__ import annotations

import uuid
from itertools import product

from jobs import identity, services
from jobs.clock import Now
from jobs.models import (
    Alert,
    Batch,
    Effect,
    HeldJob,
    Hold,
    Job,
    Quarantine,
    Schedule,
    Silence,
    Slice,
    Slots,
    TaskControl,
    Telling,
    WorkerBeat,
)
from jobs.statistics import WIDTHS
from tests.jobs.api import states


def furnish(text: str = "connection reset by peer", who: str = "ann") -> dict[str, str]:
    """Something of everything; `text` and `who` stand where text from outside does. Returns pages by name."""
    _work(text)
    _numbers()
    failed = states.failed(error=text, key=text, args={"name": text})
    running = states.running()
    Job.objects.filter(pk=running.pk).update(progress_current=30, progress_total=120, progress_message=text)
    again = services.retry(states.failed(error="the mail server is away").pk, by=who, reason=text)
    states.claimed(again)
    doubt = states.in_doubt()
    effect = Effect.objects.get(job=doubt)
    Effect.objects.filter(pk=effect.pk).update(key=text, kind="mail", detail={"to": text})
    Quarantine.objects.create(queue="crm", reason=text, digest="", size=1, head=text)
    services.pause(queue="ai", by=who, reason=text if who == text else "the quota of the model is used up")
    batch = Batch.objects.create(name=text, correlation_id="c", created_at=Now(), total=4, completed=1, failed=1)
    Batch.objects.create(name=text, parent=batch, correlation_id="c", created_at=Now())
    states.completed(result={"greeting": text}), states.dead(error=text)
    delayed = states.waiting(delay=3_600)
    _alerts(text)
    HeldJob.objects.create(job=delayed, hold=Hold.objects.get())
    schedule = Schedule.objects.create(name=text[:150], task="tests.greet", every=3_600)
    worker = WorkerBeat.objects.get()
    return {
        "index": "/admin/",
        "overview": "/admin/jobs/overview/?period=day",
        "jobs": "/admin/jobs/job/",
        "job": f"/admin/jobs/job/{failed.pk}/change/",
        "running": f"/admin/jobs/job/{again.pk}/change/",
        "in_doubt": f"/admin/jobs/job/{doubt.pk}/change/",
        "retry": f"/admin/jobs/job/{failed.pk}/retry/",
        "resolve": f"/admin/jobs/job/{doubt.pk}/resolve/{effect.pk}/",
        "failures": "/admin/jobs/failures/",
        "stage": f"/admin/jobs/failures/{failed.fingerprint}/",
        "doubt": "/admin/jobs/doubt/",
        "alerts": "/admin/jobs/alerts/",
        "alert": "/admin/jobs/alerts/dead:email/",
        "queues": "/admin/jobs/queues/",
        "pause": "/admin/jobs/queues/pause/queue/email/",
        "workers": "/admin/jobs/workers/",
        "slots": f"/admin/jobs/workers/{worker.boot}/slots/",
        "release": "/admin/jobs/holds/mailbox:7/release/",
        "stop": f"/admin/jobs/workers/{worker.boot}/stop/",
        "change": f"/admin/jobs/job/{again.pk}/change-turn/",
        "schedule": f"/admin/jobs/schedule/{schedule.pk}/change/",
        "schedule_pause": f"/admin/jobs/schedule/{schedule.pk}/pause/",
        "enqueue": "/admin/jobs/enqueue/?task=tests.greet",
        "batch": f"/admin/jobs/batch/{batch.pk}/change/",
        "batch_cancel": f"/admin/jobs/batch/{batch.pk}/cancel/",
    }


def _alerts(text: str) -> None:
    told = {"rule": "dead", "subject": "email", "text": text[:300]}
    taken = {"taken_at": Now(), "taken_by": text[:150], "taken_reason": text[:300]}
    Alert.objects.create(key="dead:email", since=Now(-600), seen_at=Now(), told_at=Now(-540), **told, **taken)
    Silence.objects.create(key="dead:crm", until=Now(3_600), by=text[:150], reason=text[:300])
    Telling.objects.create(key="dead:email", state="firing", at=Now(-540), **told)
    TaskControl.objects.create(name="echo", paused=True, reason=text[:300], by=text[:150])
    Hold.objects.create(key="mailbox:7", reason=text[:300], since=Now())


def _work(text: str) -> None:
    me = identity.current()
    WorkerBeat.objects.create(
        boot=me.boot,
        name=text[:150],
        host="mail-1",
        pid=4711,
        queues=["email", "crm"],
        slots=4,
        pool="prefork",
        version=text[:100],
        started_at=Now(-7_200),
        beat_at=Now(),
        pids=[4712, 4713],
    )
    Slots.objects.create(worker=text[:150], slots=4, by=text[:150], reason=text[:300])


def _numbers() -> None:
    for number, width in product(range(24), WIDTHS):
        for queue, jobs in (("email", 40 + 7 * number % 60), ("ai", 12 + number % 5), ("crm", 90 - 3 * number)):
            counts = [0] * 4 + [jobs - 2, 2] + [0] * 11
            Slice.objects.create(
                at=Now(-3_500.0 * number - 60),
                width=width,
                queue=queue,
                task=f"{queue}.{number}.{uuid.uuid4()}",
                outcome="completed",
                jobs=jobs,
                started=jobs,
                waits=counts,
                runs=counts,
                totals=counts,
            )
    for width in WIDTHS:
        Slice.objects.create(at=Now(-600), width=width, queue="email", task="send", outcome="dead", jobs=9, started=9)
