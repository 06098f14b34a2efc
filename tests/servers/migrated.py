"""An empty SQLite database that is migrated already: to migrate one takes longer than most tests.

It is made once for each state of the code, outside of the project, and copied.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from fikiri.places import BASE

PRODUCT = ("fikiri", "jobs", "email_automation", "crm")
SUFFIXES = {".py", ".sql"}
KEPT = 4  # states of the code: somebody may work on several


def copy_to(database: Path) -> None:
    """Put it in the place of whatever is there. The first who asks makes it, others wait."""
    folder = Path(tempfile.gettempdir()) / f"fikiri-migrated-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    made = folder / f"{_state_of_the_code()}.sqlite3"
    forget(database)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _forget_older(folder)
            _migrate(folder / "being-made")
            (folder / "being-made").rename(made)
        shutil.copyfile(made, database)


def forget(database: Path) -> None:
    """Remove a database with what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)


def _forget_older(folder: Path) -> None:
    made = sorted(folder.glob("*.sqlite3"), key=lambda path: path.stat().st_mtime)
    for older in made[:-KEPT]:
        older.unlink()


def _state_of_the_code() -> str:
    """Of all that a migration may read, and of the packages that have some."""
    files = [path for part in PRODUCT for path in (BASE / part).rglob("*") if path.suffix in SUFFIXES]
    state = hashlib.sha256(sys.version.encode())
    for path in (BASE / "requirements.txt", *sorted(files)):
        state.update(f"{path.relative_to(BASE)}\0".encode() + path.read_bytes())
    return state.hexdigest()[:16]


def _migrate(database: Path) -> None:
    forget(database)
    with tempfile.TemporaryDirectory(prefix="fikiri-migrate-") as scratch:
        env = {
            "DJANGO_SETTINGS_MODULE": "fikiri.settings",
            "DATABASE_URL": f"sqlite:///{database}",
            "FIKIRI_VAR": scratch,
            "FIKIRI_LAPTOP": "1",
        }
        command = [sys.executable, str(BASE / "manage.py"), "migrate", "--verbosity=0", "--no-input"]
        subprocess.run(command, check=True, env={"PATH": os.environ["PATH"], **env}, stdin=subprocess.DEVNULL)
