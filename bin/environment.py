"""The project's own Python environment, `.venv`: made once, renewed when its requirements change.

Runs on a bare python3, before anything is installed.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / "unfinished"  # there while packages are being written
LOCK = ROOT / "var" / "install.lock"

SOURCES = ("requirements.in", "requirements-dev.in")

NO_PIP = """\
This Python can make no virtual environment with pip in it: its `ensurepip` is missing.
On Debian or Ubuntu:  sudo apt install python3-venv
On Fedora:            sudo dnf install python3-pip
Then run the same command again."""


def prepare(*requirements: str) -> None:
    """Make `.venv` hold exactly what the requirement files lock. Does nothing, quickly, when it already does.

    Safe to repeat, to interrupt, and to run twice at once. Exits with a message when it cannot.
    """
    if _is_current(requirements):
        return
    with _alone():
        if _is_current(requirements):  # another command installed it meanwhile
            return
        _make()
        _install(requirements)


def locked(source: str) -> str:
    """The lock file of a requirements file: `requirements.txt` of `requirements.in`."""
    return source.removesuffix(".in") + ".txt"


def fingerprint(source: str) -> str:
    """The first line of a lock file, which says what it was made of."""
    return f"# bin/lock made this of {source} {hashlib.sha256((ROOT / source).read_bytes()).hexdigest()}"


def stale_locks() -> list[str]:
    """The requirements files that were edited and not locked again."""
    return [source for source in SOURCES if not (ROOT / locked(source)).read_text().startswith(fingerprint(source))]


def _is_current(requirements: tuple[str, ...]) -> bool:
    return PYTHON.exists() and not UNFINISHED.exists() and all(_stamp(name).exists() for name in requirements)


def _stamp(requirement: str) -> Path:
    content = (ROOT / requirement).read_bytes()
    return VENV / f"{requirement}.{hashlib.sha256(content).hexdigest()[:16]}"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another command is installing into .venv; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make() -> None:
    """An environment with a Python in it; one whose installation was interrupted is emptied first."""
    if UNFINISHED.exists() or not PYTHON.exists():
        _empty()
        UNFINISHED.touch()
        with_pip = importlib.util.find_spec("ensurepip") is not None
        options = [] if with_pip else ["--without-pip"]
        made = subprocess.run(
            [sys.executable, "-m", "venv", *options, str(VENV)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if made.returncode:
            sys.exit(f"{made.stdout.decode(errors='replace')}\n{NO_PIP}")
    UNFINISHED.touch()


def _empty() -> None:
    """Remove everything but the mark that says it is unfinished, so that an interruption here leaves the mark."""
    VENV.mkdir(exist_ok=True)
    UNFINISHED.touch()
    for entry in VENV.iterdir():
        if entry == UNFINISHED:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _install(requirements: tuple[str, ...]) -> None:
    _say(f"Installing {' and '.join(requirements)} into .venv (once; about half a minute) ...")
    files = [argument for name in requirements for argument in ("-r", str(ROOT / name))]
    installed = subprocess.run([*_installer(), "--require-hashes", *files], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    if installed.returncode:
        sys.exit("Installing failed; the reason is above. Run the same command again: it starts afresh.")
    for old in VENV.glob("requirements*.txt.*"):
        old.unlink()
    for name in requirements:
        _stamp(name).touch()
    UNFINISHED.unlink()


def _installer() -> list[str]:
    """pip: the environment's own, or where that could not be had, this Python's."""
    pip = ["install", "--quiet", "--no-input", "--disable-pip-version-check"]
    if (VENV / "bin" / "pip").exists():
        return [str(PYTHON), "-m", "pip", *pip]
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--python", str(PYTHON), *pip]
    sys.exit(NO_PIP)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
