"""Children are started again when they crash, end when asked, and leave nobody behind."""

import os
import signal
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from fikiri.laptop import processes
from fikiri.laptop.processes import Processes, Program, ProgramFailedError
from tests.servers.programs import Programs, eventually, is_alive

SLEEPER = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"


class Said(list[str]):
    def __call__(self, line: str) -> None:
        self.append(line)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def children(tmp_path: Path, said: Said) -> Iterator[Processes]:
    running = Processes(tmp_path, tmp_path / "log", said)
    yield running
    running.stop()


def python(code: str, **options: object) -> Program:
    return Program("program", [sys.executable, "-c", code], **options)  # type: ignore[arg-type]


def wait_for_output(children: Processes, text: str) -> None:
    eventually(lambda: text in children.log_of("program").read_text(), what=f"{text!r} in the log")


def test_its_output_goes_to_its_own_log(children: Processes) -> None:
    children.start(python("import sys; print('out'); print('err', file=sys.stderr)", essential=False))
    wait_for_output(children, "err")
    assert "out" in children.log_of("program").read_text()


def test_a_program_sees_the_environment_that_it_was_given(children: Processes) -> None:
    children.start(python("import os; print('port', os.environ['SMTP_PORT'])", env={"SMTP_PORT": "8026"}))
    wait_for_output(children, "port 8026")


def test_a_crashed_program_is_started_again_and_said_so(children: Processes, said: Said) -> None:
    children.start(python(SLEEPER))
    wait_for_output(children, "up")
    first = children.pids()["program"]
    os.kill(first, signal.SIGKILL)

    def another() -> bool:
        children.tend()
        return children.pids().get("program", first) != first

    eventually(another, what="another process")
    assert "SIGKILL" in said[0]


def test_an_essential_program_that_cannot_start_ends_it_all(
    children: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LONGEST_PAUSE", 0.01)
    children.start(python("raise SystemExit('the reason')"))

    def never() -> bool:
        children.tend()
        return False

    with pytest.raises(ProgramFailedError, match="the reason"):
        eventually(never, what="giving up")


def test_a_program_that_ends_when_asked_is_not_killed(children: Processes) -> None:
    code = """
        import signal, sys
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("goodbye")))
        print("up", flush=True)
        signal.pause()
    """
    children.start(python(textwrap.dedent(code)))
    wait_for_output(children, "up")
    children.stop()
    assert "goodbye" in children.log_of("program").read_text()


def test_a_program_that_does_not_end_is_killed_after_its_grace(children: Processes) -> None:
    children.start(python(STUBBORN, grace=0.1))
    wait_for_output(children, "up")
    pid = children.pids()["program"]
    children.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_a_program_started_goes_with_it(children: Processes) -> None:
    code = f"""
        import signal, subprocess, sys
        print("child", subprocess.Popen([sys.executable, "-c", {STUBBORN!r}]).pid, flush=True)
        signal.pause()
    """
    children.start(python(textwrap.dedent(code)))
    wait_for_output(children, "up")
    grandchild = int(children.log_of("program").read_text().split()[1])
    children.stop()
    eventually(lambda: not is_alive(grandchild), what="the grandchild is gone")


@pytest.mark.slow
def test_children_end_when_their_parent_is_killed(programs: Programs, tmp_path: Path) -> None:
    code = f"""
        import signal, sys
        from pathlib import Path
        from fikiri.laptop.processes import Processes, Program
        children = Processes(Path("."), Path({str(tmp_path / "log")!r}), print)
        children.start(Program("program", [sys.executable, "-c", {SLEEPER!r}]))
        print("pid", children.pids()["program"], flush=True)
        signal.pause()
    """
    parent = programs.start(sys.executable, "-c", textwrap.dedent(code))
    eventually(lambda: "pid" in programs.output(parent), what="the child's pid")
    child = int(programs.output(parent).split()[1])
    assert is_alive(child)
    os.kill(parent.pid, signal.SIGKILL)
    eventually(lambda: not is_alive(child), what="the child ends")


def test_a_long_log_is_put_aside_at_the_next_start(children: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOG_LIMIT", 10)
    log = children.log_of("program")
    log.parent.mkdir()
    log.write_text("an old and long story")
    children.start(python(SLEEPER))
    wait_for_output(children, "up")
    assert log.with_suffix(".log.1").read_text() == "an old and long story"
