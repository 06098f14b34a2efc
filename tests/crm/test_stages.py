import pytest

from crm.stages import ORDER, next_stage


def test_the_stages_stand_in_their_order() -> None:
    assert ORDER == ("new", "contacted", "replied", "qualified", "proposal", "booked", "closed")


@pytest.mark.parametrize(
    ("current", "intent", "following"),
    [
        ("new", "support", "new"),
        ("new", "appointment", "new"),
        ("contacted", "support", "replied"),
        ("contacted", "appointment", "qualified"),
        ("replied", "appointment", "qualified"),
        ("replied", "billing", "replied"),
        ("proposal", "appointment", "proposal"),
        ("closed", "appointment", "closed"),
    ],
)
def test_a_message_moves_a_lead_by_the_table(current: str, intent: str, following: str) -> None:
    assert next_stage(current, asked=None, intent=intent, automatic=True) == following


@pytest.mark.parametrize(
    ("current", "asked", "following"), [("new", "contacted", "contacted"), ("booked", "contacted", "booked")]
)
def test_automatic_data_never_moves_a_lead_back(current: str, asked: str, following: str) -> None:
    assert next_stage(current, asked=asked, intent=None, automatic=True) == following


def test_a_person_moves_a_lead_wherever_they_like() -> None:
    assert next_stage("closed", asked="new", intent=None, automatic=False) == "new"
    assert next_stage("closed", asked=None, intent="appointment", automatic=False) == "closed"
