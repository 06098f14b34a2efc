import pytest
from django.core.checks import run_checks
from pytest_django.fixtures import Settings


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"completed": 14, "dead:ai": 0}, []),
        ({"compleated": 14}, ["jobs.E001"]),
        ({"completed:mail": 14}, ["jobs.E001"]),
        ({"completed": -1}, ["jobs.E002"]),
    ],
)
def test_a_retention_that_means_nothing_is_found(settings: Settings, given: dict[str, float], found: list[str]) -> None:
    settings.JOBS = {"RETENTION": given}
    assert [message.id for message in run_checks() if str(message.id).startswith("jobs.")] == found
