"""Urgency that is said outright."""

import pytest

from email_automation.ai.schemas import MailText, Urgency
from email_automation.ai.wording import stated_urgency


@pytest.mark.parametrize(
    "text",
    [
        "Please call me ASAP!",
        "We need this immediately.",
        "Bitte melden Sie sich sofort",
        "C'est urgent, répondez au plus vite",
        "Necesito respuesta lo antes posible",
        "Preciso disto hoje mesmo",
        "Rispondete il prima possibile",
        "Tunahitaji haraka",
        "Это срочно!",
        "至急ご連絡ください",
    ],
)
def test_pressing_words_are_heard_in_many_languages(text: str) -> None:
    assert stated_urgency(MailText(text=text)) is Urgency.HIGH


@pytest.mark.parametrize(
    "text", ["It's not urgent", "No rush, whenever you have time", "Eilt nicht", "rien d\u2019urgent"]
)
def test_calm_words_go_before_pressing_ones(text: str) -> None:
    assert stated_urgency(MailText(text=text)) is Urgency.LOW


@pytest.mark.parametrize("text", ["", "the insurgents", "resoforten", "Please quote 20 chairs."])
def test_other_words_say_nothing(text: str) -> None:
    assert stated_urgency(MailText(text=text)) is None


def test_the_subject_is_read_too() -> None:
    assert stated_urgency(MailText(subject="URGENT: machine", text="hello")) is Urgency.HIGH
