"""A mail becomes numbers that do not tell who wrote or when."""

import numpy as np
import pytest

from email_automation.ai.features import BUCKETS, FORM, Features, features, shortened
from email_automation.ai.schemas import MailText


def of(text: str, **more: object) -> Features:
    return features(MailText(text=text, **more))  # type: ignore[arg-type]


def same(one: Features, other: Features) -> bool:
    return bool(np.array_equal(one.buckets, other.buckets) and np.allclose(one.weights, other.weights))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Please QUOTE", "please quote"),
        ("réclamation", "reclamation"),
        ("Straße", "STRASSE"),
        ("on 12.03.2002", "on 31.12.1999"),
        ("mail ann@example.com", "mail bob@other.example"),
        ("see http://one.example/a?b=1", "see https://two.example/"),
        ("[list] hello", "hello"),
        ("vi\u200bagra", "viagra"),
        ("ﬁx it", "fix it"),
    ],
)
def test_what_does_not_matter_makes_no_difference(one: str, other: str) -> None:
    assert same(of(one), of(other))


@pytest.mark.parametrize(("one", "other"), [("quote", "invoice"), ("not good", "good not"), ("2 chairs", "20 chairs")])
def test_what_matters_makes_one(one: str, other: str) -> None:
    assert not same(of(one), of(other))


def test_a_word_is_the_same_anywhere_in_a_text() -> None:
    assert set(of("quote").buckets) <= set(of("could you please quote for this").buckets)


def test_a_subject_is_not_the_same_as_a_text() -> None:
    assert not set(features(MailText(subject="quote")).buckets) & set(of("quote").buckets)


def test_features_are_sorted_bounded_and_of_unit_length() -> None:
    read = of("Could you send me a quote for 20 chairs?")
    assert (np.diff(read.buckets) > 0).all()
    assert 0 <= read.buckets.min() <= read.buckets.max() < BUCKETS
    assert np.linalg.norm(read.weights) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["", " ", "...", "\n" * 100])
def test_nothing_makes_no_features(text: str) -> None:
    assert len(of(text).buckets) == 0


def test_the_form_of_a_mail_is_measured() -> None:
    form = dict(zip(FORM, features(MailText(subject="FREE MONEY", text="WIN!!! http://x.example")).form, strict=True))
    assert form["exclamations"] > 0
    assert form["links"] > 0
    assert form["shouted_subject"] == 1
    assert form["list"] == 0


def test_headers_are_part_of_the_form_only() -> None:
    listed = MailText(text="hello there", headers={"list-id": "<x.example>"})
    assert same(features(listed), of("hello there"))
    assert features(listed).form[FORM.index("list")] == 1


def test_a_short_mail_is_weaker_evidence() -> None:
    short = of("quote please")
    assert np.linalg.norm(shortened(short).weights) < np.linalg.norm(short.weights) / 2


def test_a_long_mail_is_full_evidence() -> None:
    words = " ".join(f"word{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(200))
    assert same(shortened(of(words)), of(words))
