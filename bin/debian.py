"""Programs that tests need and pip does not have. Installed by themselves where that is possible, else named."""

import glob
import os
import shutil
import subprocess
import sys

PACKAGES = {
    "postgresql": ["postgresql"],
    "chromium": ["chromium", "fonts-dejavu-core"],
    "systemd-analyze": ["systemd"],
    "nginx": ["nginx"],
    "dovecot": ["dovecot-imapd"],
    "faketime": ["libfaketime"],
}


def ensure(*programs: str) -> None:
    """Have these programs, or exit saying how to get them."""
    missing = [package for program in programs if not _present(program) for package in PACKAGES[program]]
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if os.getuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(f"The tests need {' and '.join(missing)}. On Debian or Ubuntu:  sudo {' '.join(command)}")
    print(f"Installing {' '.join(missing)} ...", flush=True)
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update"], command):
        done = subprocess.run(
            step, env=quietly, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if done.returncode:
            sys.exit(f"{done.stdout}\n{' '.join(step)} failed; the tests need {' and '.join(missing)}.")


def _present(program: str) -> bool:
    if program == "postgresql":  # Debian keeps its servers out of PATH
        return bool(glob.glob("/usr/lib/postgresql/*/bin/initdb")) or shutil.which("initdb") is not None
    if program == "faketime":  # a library
        return bool(glob.glob("/usr/lib/*/faketime/libfaketime.so.1"))
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin") is not None
