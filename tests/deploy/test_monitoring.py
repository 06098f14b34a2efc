"""The alert rules and the dashboard name metrics that there are."""

import json
import re

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from fikiri.places import BASE
from jobs import metrics, totals
from jobs.models import Tally

RULES = BASE / "deploy/prometheus/fikiri.rules.yml"
DASHBOARD = BASE / "deploy/grafana/fikiri.json"
NAME = re.compile(r"\bfikiri_\w+")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


def known() -> set[str]:
    """The names of all samples, one job of each kind having ended."""
    full = [1] * 17
    Tally.objects.create(queue="email", task="echo", outcome="completed", jobs=1, waits=full, runs=full, totals=full)
    totals.add({totals.Key(what, "email", "echo", "failed"): 1 for what in ("attempts", "rescues", "effects", "rings")})
    families = text_string_to_metric_families(metrics.text().decode())
    named = {name for family in families for name in (family.name, *(sample.name for sample in family.samples))}
    return named | {"fikiri_paused"}  # has a sample only while something is paused


def test_every_metric_of_the_rules_and_the_dashboard_exists() -> None:
    used = set(NAME.findall(RULES.read_text())) | set(NAME.findall(DASHBOARD.read_text()))
    assert used - known() == set()


def test_every_metric_is_on_the_dashboard() -> None:
    shown = DASHBOARD.read_text()
    families = {re.sub(r"_(bucket|count|sum|total|created)$", "", name) for name in known()}
    assert {name for name in families if name not in shown} == set()


def test_the_rules_are_rules() -> None:
    [group] = yaml.safe_load(RULES.read_text())["groups"]
    assert all({"alert", "expr", "labels", "annotations"} <= rule.keys() for rule in group["rules"])
    assert len({rule["alert"] for rule in group["rules"]}) == len(group["rules"])


def test_the_panels_do_not_overlap() -> None:
    places = [tuple(panel["gridPos"].values()) for panel in json.loads(DASHBOARD.read_text())["panels"]]
    assert len(set(places)) == len(places)


def test_the_operations_page_explains_every_metric() -> None:
    told = set(NAME.findall((BASE / "docs/operations.md").read_text()))
    families = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in known()}
    assert {name for name in families if name not in told and f"{name}_total" not in told} == {
        "fikiri_job_total_seconds"
    } - told
