"""A head is fitted, calibrated on folds and packed, and tells apart what it was shown."""

from random import Random

import numpy as np
import pytest

from email_automation.ai.features import features
from email_automation.ai.linear import LinearModel
from email_automation.ai.schemas import MailText
from email_automation.ai.training.fitting import Question, Sheet, fit

WORDS = {
    "fruit": "apple pear plum cherry fig grape melon",
    "tool": "hammer saw drill file pliers wrench chisel",
    "bird": "owl crow finch robin gull heron wren",
}


def sheet(labels: tuple[str, ...]) -> Sheet:
    random = Random(1)
    answers = [number % len(labels) for number in range(120)]
    texts = [" ".join(random.sample(WORDS[labels[answer]].split(), 4)) for answer in answers]
    return Sheet(
        rows=[features(MailText(text=text)) for text in texts],
        answers=np.array(answers),
        weights=np.ones(len(answers)),
        groups=[str(number) for number in range(len(answers))],
        whole=np.ones(len(answers), dtype=bool),
        varied=np.zeros(len(answers), dtype=bool),
    )


@pytest.mark.parametrize("naive", [0.0, 0.5])
def test_several_labels_are_told_apart(naive: float) -> None:
    labels = tuple(WORDS)
    head, unseen = fit(Question(labels, 1_000, c=10, naive=naive), sheet(labels))
    model = LinearModel("1", {"kind": head})
    found = model.probabilities("kind", features(MailText(text="crow and owl")))
    assert max(found, key=lambda label: found[label]) == "bird"
    assert (unseen.scores.argmax(axis=1) == unseen.answers).mean() > 0.95


def test_two_labels_make_one_log_odds() -> None:
    head, _ = fit(Question(("fruit", "tool"), 1_000, c=10, rare_first=False, naive=0.1), sheet(("fruit", "tool")))
    assert head.labels == ("tool",)
    assert head.scores(features(MailText(text="hammer drill saw")))[0] > 0
    assert head.scores(features(MailText(text="apple pear plum")))[0] < 0


def test_only_the_most_telling_buckets_are_kept() -> None:
    head, _ = fit(Question(tuple(WORDS), 20, c=10), sheet(tuple(WORDS)))
    assert len(head.kept) == len(head.table) == 20
    assert (np.diff(head.kept) > 0).all()
    assert head.table.dtype == np.int8
