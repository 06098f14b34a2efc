"""Programs that tests need and npm has: what `tests/judges/package-lock.json` locks, installed once beside it."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

JUDGES = Path(__file__).resolve().parent.parent / "tests" / "judges"
MODULES = JUDGES / "node_modules"
NEEDED = "The tests need Node 20 or newer with npm. On Debian or Ubuntu:  sudo apt install npm"


def ensure() -> None:
    """Have them, or exit saying how to get them. Does nothing, quickly, when they are there."""
    if _stamp().exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit(NEEDED)
    print("Installing what tests/judges/package-lock.json locks ...", flush=True)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(
        command, cwd=JUDGES, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{' '.join(command)} failed in {JUDGES}.")
    _stamp().touch()


def _stamp() -> Path:
    locked = (JUDGES / "package-lock.json").read_bytes()
    return MODULES / f".{hashlib.sha256(locked).hexdigest()[:16]}"
