"""`manage.py enqueue TASK name=value ...`: enqueue a job; without a task, the tasks that there are."""

from __future__ import annotations

import getpass
import json
from typing import Any

from django.core.management.base import CommandParser

from jobs import registry, services
from jobs.api.shapes import job_row
from jobs.api.tasks import TaskRow, task_row
from jobs.errors import InvalidArguments
from jobs.terminal import AnsweringCommand, json_object


class Command(AnsweringCommand):
    help = (
        "Enqueue a job by its task's name and print its id. Arguments are name=value; a value may be JSON. Without a "
        "task list those that there are, and what they take."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("task", nargs="?", help="a task's name")
        parser.add_argument("arguments", nargs="*", metavar="name=value", help="such as user_id=7 to=ann@example.com")
        parser.add_argument("--args", dest="given", default="{}", help="arguments as one JSON object")
        parser.add_argument("--delay", type=float, default=0, help="seconds")
        parser.add_argument("--priority", type=int, default=5, help="0 to 9, 0 runs first (default 5)")
        parser.add_argument("--key", help="your own id: one seen before returns that job")
        parser.add_argument("--owner", type=int, help="the number of the user that it is for")

    def ask(self, *, task: str | None, arguments: list[str], given: str, owner: int | None, **options: Any) -> Any:
        if task is None:
            return {"tasks": [task_row(registry.get(name)) for name in registry.names()]}
        spec = registry.get(task)
        args = json_object(given) | dict(_pair(spec, argument) for argument in arguments)
        chosen = {name: options[name] for name in ("delay", "priority", "key")}
        return job_row(services.enqueue_by_hand(task, args, by=getpass.getuser(), owner_id=owner, **chosen))

    def show(self, answer: Any) -> None:
        if "tasks" not in answer:
            self.stdout.write(answer["job_id"])
            return
        self.table(
            ("task", "queue", "takes", "does"),
            ((row["task"], row["queue"], _takes(row), row["about"]) for row in answer["tasks"]),
        )


def _takes(row: TaskRow) -> str:
    """A name for each argument; in brackets, where it may be left out."""
    return " ".join(one["name"] if one["required"] else f"[{one['name']}]" for one in row["arguments"])


def _pair(spec: registry.TaskSpec, argument: str) -> tuple[str, Any]:
    """A value for a parameter of type text is text, whatever it looks like; else JSON where it is."""
    name, equals, value = argument.partition("=")
    if not equals:
        raise InvalidArguments(f"{argument!r} is no name=value.", field="args")
    parameter = spec.signature.parameters.get(name)
    if parameter is not None and parameter.annotation in (str, "str"):
        return name, value
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
