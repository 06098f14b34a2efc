"""What the files of `deploy/` run and set, checked against the code."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from email_automation import tasks as _mail_tasks
from fikiri.places import BASE
from jobs import registry
from jobs.queues import QUEUES
from jobs.stopping import END_WITHIN
from tests.docs import pages
from tests.docs.test_commands import is_celery_command, is_command

DEPLOY = BASE / "deploy"
OF_OTHERS = {"PYTHON_VERSION", "POSTGRES_PASSWORD", "POSTGRES_USER", "POSTGRES_DB"}  # Render's and PostgreSQL's own
PRODUCT = {"jobs", "crm", "email_automation"}
UVICORN = {
    "--host",
    "--port",
    "--workers",
    "--lifespan",
    "--no-access-log",
    "--log-level",
    "--timeout-graceful-shutdown",
}

assert _mail_tasks  # the product's tasks are declared


def longest_stop() -> float:
    """Seconds from SIGTERM until the slowest worker is gone, if it lets the longest job finish."""
    limits = [queue.time_limit for queue in QUEUES.values()]
    specs = [registry.get(name) for name in registry.names()]
    limits += [spec.options.time_limit for spec in specs if spec.function.__module__.split(".")[0] in PRODUCT]
    return max(limits) + END_WITHIN


def is_known(command: str) -> bool:
    """Whether each part of a command line is something that we have, with its options, and queues that there are."""
    return all(_is_known(shlex.split(part)) for part in command.split("&&"))


def is_documented(variable: str) -> bool:
    documented = {row[0].strip("`") for row in pages.rows(pages.DOCS / "configuration.md")}
    return variable in documented | OF_OTHERS


def seconds(duration: str) -> float:
    """`6m`, `40s`, `1m30s`, or systemd's plain number."""
    parts = re.findall(r"(\d+)(m|s|$)", duration)
    return sum(int(number) * (60 if unit == "m" else 1) for number, unit in parts if number)


def _is_known(words: list[str]) -> bool:
    program = Path(words[0]).name
    match program, words[1:]:
        case "python", ["manage.py", name, *rest]:
            return is_command(name, shlex.join(rest)) and (name != "worker" or _names_queues(rest))
        case "celery", ["-A", app, name, *_]:
            return is_celery_command(app, name)
        case "uvicorn", ["fikiri.asgi:application", *rest]:
            return {word for word in rest if word.startswith("--")} <= UVICORN
        case "pip", ["install", "--require-hashes", "-r", file]:
            return (BASE / file).is_file()
        case _:
            return False


def _names_queues(words: list[str]) -> bool:
    return all(word in QUEUES or word == "%i" for word in words if word.isalpha() or word == "%i")
