"""The units are understood by systemd, and agree with the code."""

import json
import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from jobs.queues import QUEUES
from tests.deploy.commands import DEPLOY, is_documented, is_known, longest_stop, seconds

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)


def section(unit: Path, name: str = "Service") -> dict[str, str]:
    parser = ConfigParser(interpolation=None, strict=False, delimiters=["="])
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names have capitals
    parser.read(unit)
    return dict(parser[name])


def test_each_process_has_its_unit() -> None:
    assert [unit.stem for unit in UNITS] == ["fikiri-dispatcher", "fikiri-flower", "fikiri-web", "fikiri-worker@"]


@each_unit
def test_its_command_is_one_that_there_is(unit: Path) -> None:
    assert is_known(section(unit)["ExecStart"])


@each_unit
def test_it_is_started_again_whatever_ended_it(unit: Path) -> None:
    assert section(unit)["Restart"] == "always"


@pytest.mark.parametrize("name", ["fikiri-worker@", "fikiri-dispatcher"])
def test_what_runs_jobs_is_given_the_time_to_finish_the_longest(name: str) -> None:
    service = section(DEPLOY / f"systemd/{name}.service")
    assert service["KillMode"] == "mixed"  # the parent alone is asked, all are killed at the end
    assert seconds(service["TimeoutStopSec"]) > longest_stop()


@each_unit
def test_secrets_come_from_a_file_and_no_rights_are_left(unit: Path) -> None:
    service = section(unit)
    assert service["EnvironmentFile"] == "/etc/fikiri/fikiri.env"
    assert is_documented(service["Environment"].partition("=")[0])
    assert (service["User"], service["NoNewPrivileges"], service["CapabilityBoundingSet"]) == ("fikiri", "yes", "")
    assert (service["ProtectSystem"], service["ProtectHome"]) == ("strict", "yes")


def test_flower_and_the_site_listen_on_loopback() -> None:
    for name in ("web", "flower"):
        assert re.search(
            r"--(host|address)[ =]127\.0\.0\.1", section(DEPLOY / f"systemd/fikiri-{name}.service")["ExecStart"]
        )


def test_manage_py_runs_with_the_variables_of_the_units(tmp_path: Path) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    (tmp_path / "manage.py").write_text("import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))")
    given = "MAIL_FROM=Fikiri <hello@x.org>\n# SMTP_HOST=no\n\nSECRET_KEY=a$b`c`\"d'=e  f\\g\nSMTP_USER=\nLAST=1"
    (tmp_path / "env").write_text(given)
    text = (DEPLOY / "systemd/fikiri").read_text()
    web = section(DEPLOY / "systemd/fikiri-web.service")
    for place in (web["EnvironmentFile"], web["WorkingDirectory"], web["Environment"]):
        assert place in text
    text = text.replace(web["EnvironmentFile"], f"{tmp_path}/env").replace(web["WorkingDirectory"], str(tmp_path))
    text = text.replace(web["Environment"], f"FIKIRI_VAR={tmp_path}/state")
    if os.getuid() == 0:
        text = text.replace(f"user={web['User']}", "user=root")
    else:  # who is not root can become nobody else
        text = re.sub(r"setpriv .*--init-groups ", "", text)
        text = text.replace(' --owner="$user" --group="$user"', "")
    command = ["sh", "-c", text, "fikiri", "job", "--json", "two words"]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    arguments, found = json.loads(ran.stdout)
    assert arguments == ["job", "--json", "two words"]
    expected = {"MAIL_FROM": "Fikiri <hello@x.org>", "SECRET_KEY": "a$b`c`\"d'=e  f\\g", "SMTP_USER": "", "LAST": "1"}
    assert {name: found[name] for name in expected} == expected
    assert "SMTP_HOST" not in found or found["SMTP_HOST"] != "no"
    assert (found["FIKIRI_VAR"], (tmp_path / "state").is_dir()) == (f"{tmp_path}/state", True)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
@each_unit
def test_systemd_understands_it(unit: Path, tmp_path: Path) -> None:
    # What is run does not exist here, and neither does the user: everything else has to be as it is.
    copy = tmp_path / unit.name.replace("@", f"@{next(iter(QUEUES))}")
    text = re.sub(r"ExecStart=\S+", f"ExecStart={shutil.which('true')}", unit.read_text())
    copy.write_text(re.sub(r"^(User|Group)=.*\n", "", text, flags=re.MULTILINE))
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(copy)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert [line for line in answer.stderr.splitlines() if copy.name in line or unit.name in line] == []
