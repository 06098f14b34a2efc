"""What the classifier learns from is well formed, varied, and apart from what it is measured with."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from email_automation.ai.schemas import Intent, Sentiment, Urgency
from email_automation.ai.training import corpus
from email_automation.ai.training.variation import varied

LANGUAGES = {"en", "de", "fr", "es", "pt", "it", "sw"}


def test_every_intent_has_many_mails_in_seven_languages() -> None:
    mails = corpus.training_mails()
    assert len(mails) > 1_000
    per_intent = Counter(mail.intent or Intent.SPAM for mail in mails)
    assert min(per_intent[intent] for intent in Intent) >= 70
    for intent in Intent:
        assert {mail.language for mail in mails if (mail.intent or Intent.SPAM) is intent} >= LANGUAGES


def test_no_mail_stands_there_twice() -> None:
    texts = Counter(mail.mail.text for mail in (*corpus.training_mails(), *corpus.held_out_mails()))
    assert [text for text, count in texts.items() if count > 1] == []


def test_held_out_mails_share_no_sentence_with_the_training_mails() -> None:
    def sentences(text: str) -> set[str]:
        return {part.strip().lower() for part in text.replace("?", ".").split(".") if len(part.split()) > 5}

    learnt = set().union(*(sentences(mail.mail.text) for mail in corpus.training_mails()))
    assert [mail.group for mail in corpus.held_out_mails() if sentences(mail.mail.text) & learnt] == []


def test_flags_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some.txt").write_text("# note\n@ en support\n!- Down :: All is down\n~+ Thanks :: It works\n")
    monkeypatch.setattr(corpus, "DATA", tmp_path)
    down, thanks = corpus.mails("some")
    assert (down.urgency, down.sentiment, down.intent) == (Urgency.HIGH, Sentiment.NEGATIVE, Intent.SUPPORT)
    assert (thanks.urgency, thanks.sentiment, thanks.spam) == (Urgency.LOW, Sentiment.POSITIVE, False)


@pytest.mark.parametrize("line", [". no separator", "x Subject :: text"])
def test_a_malformed_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    (tmp_path / "some.txt").write_text(f"@ en support\n{line}\n")
    monkeypatch.setattr(corpus, "DATA", tmp_path)
    with pytest.raises(ValueError, match=r"some\.txt line 2"):
        list(corpus.mails("some"))


def test_a_phrase_speaks_for_one_head_alone() -> None:
    for phrase in corpus.phrases():
        said = (phrase.spam, phrase.intent, phrase.urgency, phrase.sentiment)
        assert sum(answer is not None for answer in said) == 1
        assert phrase.mail.text


def test_variations_are_reproducible_and_keep_the_meaning() -> None:
    for example in corpus.training_mails():
        one, again = varied(example, Random(3)), varied(example, Random(3))
        assert one == again
        assert example.mail.text.lower() in one.mail.text.lower()
        assert (one.group, one.intent, one.spam) == (example.group, example.intent, example.spam)
