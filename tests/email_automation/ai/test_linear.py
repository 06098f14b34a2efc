"""Weights are plain arrays in one small file."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from email_automation.ai import linear
from email_automation.ai.features import BUCKETS, FORM, Features, features
from email_automation.ai.linear import Head, LinearModel
from email_automation.ai.schemas import MailText


def head(kept: list[int], table: list[list[int]], labels: tuple[str, ...]) -> Head:
    return Head(
        labels=labels,
        kept=np.array(kept, dtype=np.int64),
        table=np.array(table, dtype=np.int8),
        scale=0.5,
        form=np.zeros((len(FORM), len(labels))),
        bias=np.zeros(len(labels)),
    )


def mail(buckets: list[int]) -> Features:
    weights = np.ones(len(buckets), dtype=np.float32)
    return Features(np.array(buckets, dtype=np.int64), weights, np.zeros(len(FORM), dtype=np.float32))


def test_known_buckets_add_up_and_others_say_nothing() -> None:
    yes_or_no = head([3, 70_000], [[2, 0], [4, -6]], ("yes", "no"))
    assert yes_or_no.scores(mail([1, 3, 70_000, BUCKETS - 1])).tolist() == [3.0, -3.0]


def test_a_mail_without_words_gets_the_bias() -> None:
    assert head([3], [[2, 0]], ("yes", "no")).scores(mail([])).tolist() == [0.0, 0.0]


def test_probabilities_add_up_to_one() -> None:
    model = LinearModel("1", {"intent": head([3, 9], [[2, 0, 1], [4, -6, 1]], ("a", "b", "c"))})
    found = model.probabilities("intent", mail([3, 9]))
    assert sum(found.values()) == pytest.approx(1)
    assert max(found, key=lambda label: found[label]) == "a"


def test_saved_weights_come_back(tmp_path: Path) -> None:
    model = LinearModel("7", {"spam": head([0, 3, 60_000, BUCKETS - 1], [[1], [-2], [3], [-4]], ("spam",))})
    linear.save(model, tmp_path / "w.npz")
    again = linear.load(tmp_path / "w.npz")
    assert again.version == "7"
    assert again.heads["spam"].kept.tolist() == [0, 3, 60_000, BUCKETS - 1]
    assert again.heads["spam"].table.tolist() == [[1], [-2], [3], [-4]]


def test_weights_of_other_features_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(linear, "FORM", ("something else",))
        linear.save(LinearModel("1", {}), tmp_path / "w.npz")
    with pytest.raises(ValueError, match="train it again"):
        linear.load(tmp_path / "w.npz")


def test_the_shipped_file_is_small_and_holds_no_pickle() -> None:
    assert linear.WEIGHTS.stat().st_size < 600_000
    with zipfile.ZipFile(linear.WEIGHTS) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                version = np.lib.format.read_magic(file)
                assert version[0] in (1, 2, 3)
                _, _, kind = np.lib.format.read_array_header_1_0(file)
                assert not kind.hasobject


def test_the_shipped_model_answers_its_four_questions() -> None:
    model = linear.load()
    read = features(MailText(text="Could you send me a quote?"))
    assert set(model.heads) == {"spam", "intent", "urgency", "sentiment"}
    assert 0 <= model.spam_probability(read) <= 1
    assert len(model.probabilities("intent", read)) == 9
