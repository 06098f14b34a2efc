"""A web server is ready before its first request, and stays quick."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

LOOK = """
import gc, sys
import fikiri.asgi
loaded = "fikiri.urls" in sys.modules
gc.collect()
print(loaded, len(gc.get_objects()) < gc.get_freeze_count() / 10)
"""


def test_a_web_server_has_read_its_addresses_and_never_looks_for_garbage_among_what_stays(tmp_path: Path) -> None:
    env = os.environ | {"FIKIRI_VAR": str(tmp_path), "FIKIRI_LAPTOP": "1"}
    done = subprocess.run([sys.executable, "-c", LOOK], env=env, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "True"]
