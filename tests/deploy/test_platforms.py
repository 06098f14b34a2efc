"""Blueprints, nginx and the environment example agree with the code."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.urls import resolve

from jobs.config import Config
from jobs.queues import QUEUES
from jobs.stopping import END_WITHIN
from tests.deploy.commands import DEPLOY, is_documented, is_known

BLUEPRINTS = ["render", "render-cron"]
ENVIRONMENT = (DEPLOY / "fikiri.env.example").read_text()
NGINX = (DEPLOY / "nginx/fikiri.conf").read_text()
VERCEL = json.loads((DEPLOY / "vercel/vercel.json").read_text())


def blueprint(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / f"render/{name}.yaml").read_text())
    return loaded


def variables(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for holder in [*plan.get("envVarGroups", []), *plan["services"]]:
        yield from holder.get("envVars", [])


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_blueprints_commands_are_ones_that_there_are(name: str) -> None:
    for service in blueprint(name)["services"]:
        for command in ("buildCommand", "preDeployCommand", "startCommand"):
            assert is_known(service.get(command, "python manage.py check")), service[command]


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_blueprints_variables_are_documented_and_its_references_lead_somewhere(name: str) -> None:
    plan = blueprint(name)
    there = {thing["name"] for kind in ("services", "databases", "envVarGroups") for thing in plan.get(kind, [])}
    for variable in variables(plan):
        assert is_documented(variable["key"]) if "key" in variable else variable["fromGroup"] in there
        for source in ("fromDatabase", "fromService"):
            assert variable.get(source, {"name": next(iter(there))})["name"] in there


def test_render_runs_a_worker_for_each_queue_two_dispatchers_and_a_redis_that_keeps_everything() -> None:
    services = {service["name"].removeprefix("fikiri-"): service for service in blueprint("render")["services"]}
    assert {f"worker-{queue}" for queue in QUEUES} == {name for name in services if name.startswith("worker-")}
    assert services["dispatcher"]["numInstances"] == 2
    assert (services["redis"]["maxmemoryPolicy"], services["redis"]["ipAllowList"]) == ("noeviction", [])
    assert services["web"]["healthCheckPath"] == "/healthz"


def test_render_ends_no_worker_before_it_has_handed_back_what_it_runs() -> None:
    plan = blueprint("render")
    grace = next(float(item["value"]) for item in variables(plan) if item.get("key") == "JOBS_STOP_GRACE")
    for service in plan["services"]:
        if service["type"] == "worker":
            assert grace + END_WITHIN < service["maxShutdownDelaySeconds"] <= 300  # Render's own limit


def test_every_job_fits_into_a_round_of_the_cron_job() -> None:
    commands = [service["startCommand"] for service in blueprint("render-cron")["services"]]
    [seconds] = [int(found) for command in commands for found in re.findall(r"--max-seconds (\d+)", command)]
    assert max(queue.time_limit for queue in QUEUES.values()) < seconds


def test_vercels_timer_calls_an_address_that_there_is_and_every_job_fits() -> None:
    [timer] = VERCEL["crons"]
    assert resolve(timer["path"]).url_name == "api-tick"
    [(file, limits)] = VERCEL["functions"].items()
    assert (DEPLOY / "vercel" / file).is_file()
    assert max(queue.time_limit for queue in QUEUES.values()) < 380 < limits["maxDuration"]


def test_the_environment_example_names_documented_variables_and_holds_no_secret() -> None:
    given = dict(line.split("=", 1) for line in ENVIRONMENT.splitlines() if line and not line.startswith("#"))
    assert [name for name in given if not is_documented(name)] == []
    assert not any(given[name] for name in ("SECRET_KEY", "SMTP_PASSWORD", "OPENAI_API_KEY", "FLOWER_COOKIE_SECRET"))
    assert float(given["JOBS_STOP_GRACE"]) == Config().STOP_GRACE


def test_nginx_lets_only_those_into_flower_whom_the_site_lets_in() -> None:
    [flower] = re.findall(r"location /flower/ \{(.*?)\n    \}", NGINX, re.DOTALL)
    [asked] = re.findall(r"auth_request (\S+);", flower)
    assert resolve(asked).func.__name__ == "access"
    [inner] = re.findall(rf"location = {asked} \{{(.*?)\n    \}}", NGINX, re.DOTALL)
    assert "internal;" in inner
    for closed in ("metrics", "healthcheck"):
        assert re.search(rf"location = /flower/{closed} \{{\s+return 404;", NGINX)


def test_nginx_closes_every_brace() -> None:
    code = re.sub(r"#.*", "", NGINX)
    assert code.count("{") == code.count("}")
    assert all(re.search(r"[;{}]$", line) for line in code.splitlines() if line.strip())
