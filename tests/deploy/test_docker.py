"""The Compose file and the image agree with the schema, with the code and with each other."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from fikiri.places import BASE
from jobs.queues import QUEUES
from tests.deploy.commands import DEPLOY, is_documented, is_known, longest_stop, seconds

COMPOSE = yaml.safe_load((DEPLOY / "docker/compose.yaml").read_text())
SERVICES: Mapping[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "fikiri"}
DOCKERFILE = (DEPLOY / "docker/Dockerfile").read_text()


def test_it_is_as_the_compose_specification_says() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((BASE / "tests/deploy/compose-spec.json").read_text())
    jsonschema.validate(COMPOSE, schema)


def test_everything_runs_and_each_queue_has_its_worker() -> None:
    workers = {name.removeprefix("worker-") for name in SERVICES if name.startswith("worker-")}
    assert workers == set(QUEUES)
    assert {"web", "dispatcher", "flower", "migrate", "redis", "postgres"} <= SERVICES.keys()
    assert SERVICES["dispatcher"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"web"}))
def test_its_commands_are_ones_that_there_are(name: str) -> None:
    service = OURS[name]
    assert is_known(service["command"])
    if name not in ("flower", "migrate"):
        assert is_known(" ".join(service["healthcheck"]["test"][1:]))


def test_the_images_own_command_is_one_that_there_is() -> None:
    assert is_known(" ".join(json.loads(DOCKERFILE[DOCKERFILE.index("CMD ") + 4 :])))


@pytest.mark.parametrize("name", [name for name in SERVICES if name.startswith(("worker-", "dispatcher"))])
def test_what_runs_jobs_is_given_the_time_to_finish_the_longest(name: str) -> None:
    assert seconds(SERVICES[name]["stop_grace_period"]) > longest_stop()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_memory_limit_and_what_stays_up_a_health_check(name: str) -> None:
    assert "mem_limit" in SERVICES[name]
    assert "healthcheck" in SERVICES[name] or name == "migrate"


@pytest.mark.parametrize("name", OURS)
def test_ours_may_write_nowhere_and_have_no_rights(name: str) -> None:
    service = OURS[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert all(is_documented(variable) for variable in service["environment"])


def test_what_is_published_is_published_on_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8000:8000", "127.0.0.1:5555:5555"]


def test_redis_throws_nothing_away() -> None:
    assert "--maxmemory-policy noeviction" in SERVICES["redis"]["command"]


def test_the_image_has_the_locked_packages_and_a_user_of_its_own() -> None:
    assert "--require-hashes -r /tmp/requirements.txt" in DOCKERFILE
    assert re.search(r"^USER fikiri$", DOCKERFILE, re.MULTILINE)
    assert all(image.startswith("python:3.11-slim") for image in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))


def test_everything_that_is_copied_is_there_and_not_ignored() -> None:
    allowed = (DEPLOY / "docker/Dockerfile.dockerignore").read_text().splitlines()
    sources = [word for line in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()]
    assert [name for name in sources if not (BASE / name).exists() or f"!{name}" not in allowed] == []


@pytest.mark.slow
def test_no_key_is_made_that_stays_in_the_image(tmp_path: Path) -> None:
    [step] = re.findall(r"^RUN (python manage\.py .*)$", DOCKERFILE, re.MULTILINE)
    step = step.replace("python", sys.executable, 1).replace("manage.py", str(BASE / "manage.py"))
    step = step.partition(" && chown ")[0]
    env = {"PATH": os.environ["PATH"], "FIKIRI_VAR": str(tmp_path / "var")}
    subprocess.run(["sh", "-c", step], check=True, cwd=tmp_path, env=env, capture_output=True, timeout=240)
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["static"]


def test_all_packages_of_the_product_are_in_the_image() -> None:
    packages = {path.parent.name for path in BASE.glob("*/apps.py")}
    assert packages == {"fikiri", "jobs", "crm", "email_automation"} & packages
    assert all(f"COPY {name} {name}" in DOCKERFILE for name in packages)
