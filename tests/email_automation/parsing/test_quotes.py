"""What was written this time, without the mail that it answers."""

import pytest

from email_automation.parsing.quotes import reply_text


@pytest.mark.parametrize(
    "history",
    [
        "On Mon, 5 Jan 2015 at 10:00, Bob <bob@x> wrote:\n> old\n> words",
        "On Mon, 5 Jan 2015 at 10:00, Bob\n<bob@fikiri.example>\nwrote:\n\n> old",
        "Am 05.01.2015 um 10:00 schrieb Bob:\n> old",
        "Le 5 janvier 2015, Bob a écrit :\n> old",
        "On 5 Jan 2015, Bob wrote:\nold words of what was HTML",
        "-----Original Message-----\nFrom: Bob\nold",
        "From: Bob <bob@x>\nSent: Monday\nTo: Ada\nSubject: Old\n\nold",
        "Von: Bob\nGesendet: Montag\nAn: Ada\nBetreff: Alt\n\nold",
    ],
)
def test_the_history_below_is_left_out(history: str) -> None:
    assert reply_text(f"New words.\n\n{history}\n") == "New words."


def test_answers_between_and_below_quotes_are_kept() -> None:
    text = "On 5 Jan 2015, Bob wrote:\n> When?\nTomorrow.\n> Where?\nHere."
    assert reply_text(text) == "Tomorrow.\nHere."


@pytest.mark.parametrize(
    "text",
    [
        "Only this.",
        "> only a quote",
        "From: Bob\nSent: Monday\nTo: Ada\n\nA forward with nothing above.",
        "On the 3 of May I wrote:\nnothing",
        "Prices on page 3: see below\nFrom: 3 euros\nup",
        "",
    ],
)
def test_where_nothing_was_quoted_all_is_kept(text: str) -> None:
    assert reply_text(text) == text


@pytest.mark.parametrize("page", ["\n" * 100_000, "On a 1 " * 20_000, "On a 1\n" * 20_000, "From: a\n" * 20_000])
def test_hostile_pages_are_read_in_one_pass(page: str) -> None:
    assert reply_text(page) == page.strip()
