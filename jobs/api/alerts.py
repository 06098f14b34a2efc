"""Alerts over REST: what fires, what is silent; looking after one, silencing one."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import access as roles
from jobs.access import Verb
from jobs.alerts import handling, rules, tasks
from jobs.api import access, parsing
from jobs.api.parsing import Body, Reasoned, Text
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.scopes import Scope
from jobs.api.shapes import JobId, Task, Time, epoch
from jobs.api.view import ApiView
from jobs.errors import JobNotFound
from jobs.models import Alert, JobStatus, Silence

Reason = Annotated[Text, Field(min_length=1, max_length=300, examples=["The provider is down; they know."])]
Key = Annotated[str, Field(description="The rule and its queue.", examples=["dead:email"])]


class Why(Body):
    """Why: kept with the alert."""

    reason: Reason


class Quiet(Why):
    """For how long nobody is told, at most 30 days, and why."""

    seconds: Annotated[float, Field(gt=0, le=handling.LONGEST, examples=[3600])]


class AlertRow(TypedDict):
    """Kept for a minute after it was seen last, in case it comes back.

    `told_at` is null until it has lasted long enough. `taken_by`: who looks after it.
    """

    key: Key
    rule: str
    queue: Annotated[str | None, Field(description="Null where it is about no single queue.", examples=["email"])]
    text: str
    since: Time | None
    seen_at: Time | None
    told_at: Time | None
    taken_by: str | None
    taken_at: Time | None
    taken_reason: str | None


class SilenceRow(TypedDict):
    key: Key
    until: Time | None
    by: str
    reason: str


class DeliveryRow(TypedDict):
    job_id: JobId
    task: Task
    status: JobStatus


class ToldRow(TypedDict):
    """What was told, and the jobs that deliver it; those that are pruned are left out."""

    key: Key
    state: Annotated[str, Field(examples=["firing"])]
    text: str
    at: Time | None
    deliveries: list[DeliveryRow]


class Alerts(TypedDict):
    """`ways`: how they are told now. Without one they are looked for and told to nobody."""

    firing: list[AlertRow]
    silent: list[SilenceRow]
    told: list[ToldRow]
    ways: list[str]


class Spoken(TypedDict):
    key: Key


class AlertList(ApiView):
    """Of the queues on which the user has a role."""

    @described("list_alerts", "What fires, what is silent, what was told", Alerts)
    def get(self, request: Request) -> Response:
        queues = None if roles.may(request.user, Verb.SEE) else roles.queues(request.user, Verb.SEE)
        data: Alerts = {
            "firing": [alert_row(alert) for alert in handling.now(queues)],
            "silent": [silence_row(silence) for silence in handling.silences(queues).values()],
            "told": [told_row(told) for told in handling.told(queues)],
            "ways": tasks.ways(),
        }
        return ok(data, message="Alerts listed")


class AlertTake(ApiView):
    """Says that the user looks after it. For operators of its queue."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("take_alert", "Look after an alert", AlertRow, takes=Why)
    def post(self, request: Request, key: str) -> Response:
        who = _who(request, key)
        alert = handling.take(key, reason=parsing.body_of(request, Why).reason, **who)
        return ok(alert_row(alert), message="Alert taken")


class AlertSilence(ApiView):
    """Tells nobody of it for a while, whether or not it fires now. For operators of its queue."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("silence_alert", "Silence an alert for a while", SilenceRow, takes=Quiet)
    def post(self, request: Request, key: str) -> Response:
        who = _who(request, key)
        wish = parsing.body_of(request, Quiet)
        return ok(silence_row(handling.silence(key, seconds=wish.seconds, reason=wish.reason, **who)), message="Silent")


class AlertSpeak(ApiView):
    """Ends a silence. For operators of its queue."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("speak_alert", "End the silence of an alert", Spoken, takes=Reasoned)
    def post(self, request: Request, key: str) -> Response:
        who = _who(request, key)
        handling.speak(key, reason=parsing.body_of(request, Reasoned).reason, **who)
        return ok({"key": key}, message="Not silent any more")


def _who(request: Request, key: str) -> dict[str, str]:
    """Who acts, if the alert is of a queue of theirs; of another it is as good as none."""
    queue = handling.queue_of(key)
    if not rules.exists(key) or not roles.may(request.user, Verb.SEE, queue):
        raise JobNotFound(f"There is no alert {key[:100]!r}.", field="key", code="ALERT_NOT_FOUND")
    access.check(request.user, Verb.RESOLVE, queue)
    return {"by": request.user.get_username(), "origin": "REST"}


def alert_row(alert: Alert) -> AlertRow:
    return {
        "key": alert.key,
        "rule": alert.rule,
        "queue": handling.queue_of(alert.key),
        "text": alert.text,
        "since": epoch(alert.since),
        "seen_at": epoch(alert.seen_at),
        "told_at": epoch(alert.told_at),
        "taken_by": alert.taken_by or None,
        "taken_at": epoch(alert.taken_at),
        "taken_reason": alert.taken_reason or None,
    }


def told_row(told: handling.Told) -> ToldRow:
    return {
        "key": told.telling.key,
        "state": told.telling.state,
        "text": told.telling.text,
        "at": epoch(told.telling.at),
        "deliveries": [{"job_id": str(job.pk), "task": job.task, "status": JobStatus(job.status)} for job in told.jobs],
    }


def silence_row(silence: Silence) -> SilenceRow:
    return {"key": silence.key, "until": epoch(silence.until), "by": silence.by, "reason": silence.reason}
