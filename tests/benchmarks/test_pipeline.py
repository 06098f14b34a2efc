"""What the pipeline's benchmark makes of the workers' memory."""

from benchmarks.pipeline import MIB, Look, memory


def looks(*mebibytes: float, processes: int = 3) -> list[Look]:
    return [Look(float(second), int(rss * MIB), processes) for second, rss in enumerate(mebibytes)]


def test_growth_is_for_a_thousand_messages() -> None:
    # 11 looks, 10 seconds, 1 MiB a second; 2,000 messages in that time.
    assert memory(looks(*range(100, 111)), 2000)["worker_rss_mib_per_1000_messages"] == 5.0


def test_starting_and_stopping_is_left_out() -> None:
    starting, stopping = looks(10, 20, processes=1), looks(5, processes=2)
    seen = memory([*starting, *looks(*[100.0] * 9), *stopping], 1000)
    assert (seen["worker_rss_mib_warm"], seen["worker_rss_mib_per_1000_messages"]) == (100.0, 0.0)


def test_warming_up_is_no_growth() -> None:
    assert memory(looks(50, 80, *[100.0] * 10), 1000)["worker_rss_mib_per_1000_messages"] == 0.0
