"""Steps of bin/test: each is run whatever became of the others, and told at the end."""

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import environment

ONCE_MORE = ("--reruns", "1", "--rerun-show-tracebacks")  # of pytest: what failed is tried a second time
CLOSING = re.compile(r"=+ .*\b(passed|failed|error|no tests ran)\b.* =+")
HELD = re.compile(r"PASSED (\S.*)")  # pytest says so only of a test that failed before
AT_ONCE = 2
# Where bytecode is not kept, as in many containers, each process that a test starts compiles all of the project anew.
SURROUNDINGS = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}
NOW: Callable[[str], None] = partial(print, end="", flush=True)


@dataclass(frozen=True)
class Step:
    """One thing that must hold. `env` is on top of the surroundings. `small`: one core is enough for it."""

    name: str
    command: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    fast: bool = False
    small: bool = False

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


def run_all(steps: Iterable[Step]) -> list[Outcome]:
    """The small ones first, two at a time, each shown when it ends; then the others, one after another."""
    steps = list(steps)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        small = list(pool.map(_run_and_show, [step for step in steps if step.small]))
    return [*small, *(run(step) for step in steps if not step.small)]


def run(step: Step, show: Callable[[str], None] = NOW) -> Outcome:
    """Run it, and show what it writes."""
    show(f"\n--- {step.name}\n")
    outcome = Outcome(step)
    started = time.monotonic()
    with subprocess.Popen(
        step.command,
        env={**os.environ, **SURROUNDINGS, **step.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            show(line)
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


def _run_and_show(step: Step) -> Outcome:
    lines: list[str] = []
    outcome = run(step, lines.append)
    NOW("".join(lines))
    return outcome


def _note(outcome: Outcome, line: str) -> None:
    if CLOSING.search(line):
        outcome.closing = line
    if held := HELD.match(line):
        outcome.second.append(held[1])
