"""What a log line looks like: one line, who and what it is about, nobody's address and no secret in it."""

import logging.config
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from structlog.typing import Processor

FORMATS = ("console", "json")
QUIET = (
    "uvicorn.access",
    "celery.app.trace",
    "celery.worker.strategy",
    "kombu",
    "amqp",
    "httpx2",
    "openai",
    "mail.log",
    "asyncio",
    "flufl.bounce",
)
UNHANDLED = ("django", "django.server")
UVICORN = ("uvicorn", "uvicorn.error")

MASKS = (
    (re.compile(r"://[^/\s@\"'\\]*@"), "://***@"),  # a URL's user and password
    (re.compile(r"[^\s@<>\"'(),;:=\\/\[\]]+@(?=[\w-]+\.[\w.-]*\w)"), "***@"),  # an e-mail address' local part
    (
        re.compile(
            r"(?i)(authorization|cookie|password|passwd|secret|token|api[_-]?key)([\"']?\s*[:=]\s*\\?[\"']?)"
            r"(?:(?:token|bearer|basic)\s+)?[^\s\\\"',}]+"
        ),
        r"\1\2***",
    ),
    (re.compile(r"\bsk-[\w-]{16,}"), "sk-***"),
)


def configure(config: Mapping[str, str]) -> None:
    """Django's LOGGING_CONFIG: `{"format": "console" | "json", "level": "INFO"}`.

    Raises ImproperlyConfigured for a format or level that does not exist.
    """
    if config["format"] not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT is {config['format']!r}: use one of {', '.join(FORMATS)}")
    level = config["level"].upper()
    if level not in logging.getLevelNamesMapping():
        raise ImproperlyConfigured(f"LOG_LEVEL is {config['level']!r}: use DEBUG, INFO, WARNING or ERROR")
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_context(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(_handlers(config["format"], level))
    logging.captureWarnings(True)


def mask(line: str) -> str:
    """The line without local parts of e-mail addresses, passwords in URLs and keys."""
    for pattern, replacement in MASKS:
        line = pattern.sub(replacement, line)
    return line


def _handlers(form: str, level: str) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*_context(), structlog.stdlib.ExtraAdder()],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _plain,
                    *_renderer(form),
                    _masked,
                ],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **{name: {"handlers": [], "propagate": True} for name in UNHANDLED},
            # Told here: uvicorn's own option is for its parent process, which knows no other form than its own.
            **{name: {"handlers": [], "propagate": True, "level": level} for name in UVICORN},
            **{name: {"handlers": [], "propagate": True, "level": "WARNING"} for name in QUIET},
        },
    }


def _context() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,  # job, queue, attempt, correlation_id
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _renderer(form: str) -> list[Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    return [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]


def _plain(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line.pop("color_message", None)  # uvicorn says everything twice
    return line


def _masked(_logger: object, _method: str, line: MutableMapping[str, Any] | str | bytes) -> str:
    """The last step: sees the whole line as it will be written, traceback included."""
    return mask(str(line))
