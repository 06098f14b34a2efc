"""What a long run's benchmark makes of what it saw."""

from benchmarks import soak, table
from benchmarks.soak import KIB, Look


def looks(*parents: float) -> list[Look]:
    return [Look(1000 * number, int(rss * KIB), 0, 0, 20, 4, 8) for number, rss in enumerate(parents, start=1)]


def test_growth_is_for_a_job() -> None:
    assert soak._slope(looks(100, 110, 120, 130), "parent") == 10 * KIB / 1000


def test_what_stays_does_not_grow() -> None:
    assert soak._slope(looks(100, 100, 100), "parent") == 0


def test_the_table_shows_growth_beside_what_was_there() -> None:
    memory = {name: [100.0, 101.0] for name in soak.MEMORY}
    figures = {"jobs": 4000, "mib": memory, "kib_per_1000_jobs": dict.fromkeys(soak.MEMORY, 0.5)}
    rows = table.of_soak(figures | {name: [8, 9] for name in soak.COUNTED})
    assert "| dispatcher, MiB | 100.0 | 101.0 | 0.5 KiB |" in rows
    assert "| keys in Redis | 8 | 9 |  |" in rows
