"""Steps of bin/test: each is run whatever became of the others, and told at the end."""

import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import environment

ONCE_MORE = ("--reruns", "1", "--rerun-show-tracebacks")  # of pytest: what failed is tried a second time
CLOSING = re.compile(r"=+ .*\b(passed|failed|error|no tests ran)\b.* =+")
HELD = re.compile(r"PASSED (\S.*)")  # pytest says so only of a test that failed before


@dataclass(frozen=True)
class Step:
    """One thing that must hold. `env` is on top of the surroundings."""

    name: str
    command: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    fast: bool = False

    @property
    def line(self) -> str:
        """To paste: repeats the step."""
        settings = [f"{name}={shlex.quote(value)}" for name, value in self.env.items() if name != "FIKIRI_VAR"]
        return " ".join([*settings, shlex.join(self.command).replace(f"{environment.ROOT}/", "")])


@dataclass
class Outcome:
    """`closing`: pytest's last line, where there is one. `second`: the tests that failed once and then held."""

    step: Step
    seconds: float = 0.0
    failed: bool = False
    closing: str = ""
    second: list[str] = field(default_factory=list)


def run(step: Step) -> Outcome:
    """Run it, and show what it writes."""
    print(f"\n--- {step.name}", flush=True)
    outcome = Outcome(step)
    started = time.monotonic()
    with subprocess.Popen(
        step.command,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **step.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            _note(outcome, line.strip())
    outcome.seconds = time.monotonic() - started
    outcome.failed = process.returncode != 0
    return outcome


def report(outcomes: Iterable[Outcome]) -> bool:
    """How long each took, what needed a second try, and what failed with a line that repeats it. Whether all held."""
    outcomes = list(outcomes)
    failed = [outcome for outcome in outcomes if outcome.failed]
    print()
    for outcome in outcomes:
        print(f"{outcome.seconds:7.1f} s  {outcome.step.name}{' FAILED' if outcome.failed else ''}")
    for outcome in outcomes:
        if outcome.closing:
            print(outcome.closing)
    for name in dict.fromkeys(name for outcome in outcomes for name in outcome.second):
        print(f"needed a second try: {name}")
    for outcome in failed:
        print(f"\n{outcome.step.name} failed. Again:  {outcome.step.line}")
    return not failed


def _note(outcome: Outcome, line: str) -> None:
    if CLOSING.search(line):
        outcome.closing = line
    if held := HELD.match(line):
        outcome.second.append(held[1])
