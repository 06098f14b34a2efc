"""What a comparison comes to: figures, table, picture."""

from xml.etree import ElementTree

import pytest

from benchmarks import picture, table, verdict
from benchmarks.comparison import ANCHORS, OURS, Samples
from benchmarks.measure import Drain
from benchmarks.servers import Counts


def samples(rates: list[float]) -> Samples:
    worked = Counts(
        statements={"worker": 2 * OURS.drain, "dispatcher": OURS.drain // 2},
        transaction_control={},
        connections={"worker": 5},
        redis_commands={"brpop": 3 * OURS.drain},
    )
    enqueued = Counts({"producer": 300}, {}, {}, {"lpush": 300, "evalsha": 300, "del": 6})
    drains = [Drain(rate, 1.0, {"worker": 1.5}, [2.0, 4.0, 3.0], worked) for rate in rates]
    return Samples(rates, rates, rates, rates, drains, drains, enqueued)


@pytest.fixture
def all_samples() -> dict[str, Samples]:
    rates = {"fikiri": [100.0, 50.0, 90.0], "celery_plain": [100.0, 25.0, 100.0], "celery_django_results": [10.0] * 3}
    return {subject.module: samples(rates[subject.module]) for subject in ANCHORS}


def test_a_ratio_is_taken_within_its_round(all_samples: dict[str, Samples]) -> None:
    # The rounds' ratios are 1.0, 2.0 and 0.9; the ratio of the medians would be 0.9.
    assert verdict.figures(all_samples)["drain_vs_celery"] == 1.0


def test_counts_are_for_one_job(all_samples: dict[str, Samples]) -> None:
    figures = verdict.figures(all_samples)
    assert (figures["sql_per_job"], figures["redis_per_job"], figures["connects_per_job"]) == (2.0, 3.0, 0.002)


def test_what_the_harness_asks_of_redis_does_not_count(all_samples: dict[str, Samples]) -> None:
    assert verdict.figures(all_samples)["redis_per_enqueue"] == 2.0


def test_the_table_has_a_row_for_each_queue(all_samples: dict[str, Samples]) -> None:
    lines = table.of_peers(verdict.figures(all_samples)).splitlines()
    assert "| **Fikiri** | 1.00 (0.90-2.00) |" in lines[2]
    assert len(lines) == 2 + len(ANCHORS)


def test_an_aim_that_was_missed_is_said_to_be(all_samples: dict[str, Samples]) -> None:
    lines = table.of_targets(verdict.figures(all_samples)).splitlines()
    missed = [line for line in lines if line.endswith("| no |")]
    assert [line.split("`")[1] for line in missed] == ["bulk_vs_celery"]


def test_the_picture_has_a_bar_for_each_rate(all_samples: dict[str, Samples]) -> None:
    drawn = ElementTree.fromstring(picture.svg(verdict.figures(all_samples)))
    assert len(drawn.findall("{http://www.w3.org/2000/svg}rect")) == len(picture.PANELS) * len(ANCHORS)
