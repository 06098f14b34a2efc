"""A web server is ready before its first request, and stays quick."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fikiri.places import BASE

pytestmark = pytest.mark.slow

LOOK = """
import gc, sys
import fikiri.asgi
gc.collect()
print(len(gc.get_objects()) < gc.get_freeze_count() / 10)
"""
ASK = """
import sys
import fikiri.asgi
from django.conf import settings
from django.test import Client
parts = {"fikiri", "jobs", "crm", "email_automation"}
loaded = set(sys.modules)
settings.ALLOWED_HOSTS = ["testserver"]
client = Client(raise_request_exception=False)
print(*[client.get(path).status_code for path in ("/healthz", "/admin/login/", "/api/jobs", "/metrics")])
print(*sorted(name for name in set(sys.modules) - loaded if name.split(".")[0] in parts))
"""


def output_of(code: str, folder: Path) -> str:
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "fikiri.settings", "FIKIRI_VAR": str(folder), "FIKIRI_LAPTOP": "1"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=BASE, env=env, check=True, capture_output=True, text=True).stdout


def test_a_request_needs_no_code_that_was_not_there_at_the_start(tmp_path: Path) -> None:
    """Else the first one waits for it, and a deploy that replaces files under a process mixes old modules with new."""
    assert output_of(ASK, tmp_path) == "200 200 401 401\n\n"


def test_a_web_server_never_looks_for_garbage_among_what_stays(tmp_path: Path) -> None:
    assert output_of(LOOK, tmp_path) == "True\n"
