"""The spans. Imported only where traces are on; OpenTelemetry's own variables say where they go and how many."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import (
    OTEL_BSP_SCHEDULE_DELAY,
    OTEL_EXPORTER_OTLP_TIMEOUT,
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from jobs import identity
from jobs.lifecycle import Claim
from jobs.lifecycle.values import moment
from jobs.outcomes import Again, Doubtful, Failed, Outcome

SEND_EVERY = 1_000  # milliseconds: a killed process loses no more than this of what it had to tell
SEND_WITHIN = 2  # seconds: a receiver that is away must not hold up a process that ends
HEADER = "traceparent"

Attributes = Mapping[str, str | int]

_propagator = TraceContextTextMapPropagator()
_making = threading.Lock()
_provider: TracerProvider | None = None
_provider_pid = 0


def enqueueing(task: str, queue: str, count: int) -> AbstractContextManager[None]:
    return _span(
        f"enqueue {task}", SpanKind.PRODUCER, _job_attributes(task, queue) | {"messaging.batch.message_count": count}
    )


@contextmanager
def attempt(claim: Claim) -> Iterator[None]:
    parent = _propagator.extract({HEADER: claim.trace or ""}, Context())
    told = _job_attributes(claim.task, claim.queue) | {"messaging.message.id": str(claim.id)}
    if claim.trace and claim.due:
        _tell_wait(claim.task, moment(claim.due), parent, told)
    name, attributes = f"run {claim.task}", told | {"fikiri.attempt": claim.attempt}
    with _span(name, SpanKind.CONSUMER, attributes, parent), structlog.contextvars.bound_contextvars(trace=trace_id()):
        yield


def effect(act: str, kind: str) -> AbstractContextManager[None]:
    return _span(f"{act} {kind}", SpanKind.CLIENT, {"fikiri.effect": kind})


def request(method: str, headers: Mapping[str, str]) -> AbstractContextManager[None]:
    """Around a web request, which goes on with its caller's trace."""
    parent = _propagator.extract({HEADER: headers.get(HEADER, "")}, Context())
    return _span(method, SpanKind.SERVER, {"http.request.method": method}, parent)


def answered(method: str, route: str, status: int) -> None:
    """Say of the request under way by which route it was answered, and how. Its path may name a customer."""
    span = trace.get_current_span()
    if route:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def ended(outcome: Outcome) -> None:
    span = trace.get_current_span()
    span.set_attribute("fikiri.outcome", type(outcome).__name__.lower())
    if isinstance(outcome, Again | Failed | Doubtful):
        span.set_attribute("error.type", outcome.report.error_class)
        span.set_status(Status(StatusCode.ERROR))


def here() -> str | None:
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get(HEADER)


def trace_id() -> str:
    return trace.format_trace_id(trace.get_current_span().get_span_context().trace_id)


def shut_down() -> None:
    global _provider
    trace.get_current_span().end()
    with _making:
        if _provider is not None and _provider_pid == os.getpid():
            _provider.shutdown()
        _provider = None


@contextmanager
def _span(name: str, kind: SpanKind, attributes: Attributes, parent: Context | None = None) -> Iterator[None]:
    # An exception's text may hold anything: its class alone is told.
    with _tracer().start_as_current_span(
        name, parent, kind, dict(attributes), record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise


def _tell_wait(task: str, due: datetime, parent: Context, attributes: Attributes) -> None:
    """From when the job was due until now, when it begins."""
    begun = int(due.timestamp() * 1_000_000) * 1_000
    span = _tracer().start_span(f"wait {task}", parent, SpanKind.INTERNAL, dict(attributes), start_time=begun)
    span.end()


def _job_attributes(task: str, queue: str) -> dict[str, str | int]:
    return {"messaging.system": "fikiri", "messaging.destination.name": queue, "fikiri.task": task}


def _tracer() -> Tracer:
    """This process's own: a forked child shares neither the parent's thread nor its connection."""
    global _provider, _provider_pid
    with _making:
        if _provider is None or _provider_pid != os.getpid():
            _provider, _provider_pid = _made(), os.getpid()
        return _provider.get_tracer("fikiri.jobs")


def _made() -> TracerProvider:
    asked = {OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT} & os.environ.keys()
    exporter = OTLPSpanExporter(timeout=None if asked else SEND_WITHIN)
    every = None if OTEL_BSP_SCHEDULE_DELAY in os.environ else SEND_EVERY
    me: dict[str, AttributeValue] = {
        "service.name": os.environ.get("OTEL_SERVICE_NAME", "fikiri"),
        "service.instance.id": identity.current().name,
        "process.pid": os.getpid(),
    }
    provider = TracerProvider(resource=Resource.create(me))
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=every))
    return provider
