"""Trains the offline classifier: python -m email_automation.ai.training.train [--mail-corpus DIR]

Needs scikit-learn (development only). DIR holds raw messages in `ham/` and `spam/`; without it the spam head knows
only the mails that were written for this project. Writes `weights.npz` and `training/REPORT.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np

from email_automation.ai.features import FORM_OF_SPAM, Features, features, shortened
from email_automation.ai.linear import Head, LinearModel, save
from email_automation.ai.schemas import Intent, Sentiment, Urgency
from email_automation.ai.training import corpus, raw_mails
from email_automation.ai.training.corpus import Example
from email_automation.ai.training.fitting import Question, Sheet, Unseen, fit
from email_automation.ai.training.report import write_report
from email_automation.ai.training.variation import varied

SEED = 7
VARIATIONS = 3
LIST_TALK_KEPT = 0.3  # of the list mail, as examples of `other`

QUESTIONS = {
    "spam": Question(("ham", "spam"), 60_000, c=30, form=FORM_OF_SPAM, rare_first=False, naive=0.1),
    "intent": Question(tuple(i.value for i in Intent if i is not Intent.SPAM), 60_000, c=10, naive=0.5),
    "urgency": Question(tuple(Urgency), 4_000, c=10),
    "sentiment": Question(tuple(Sentiment), 10_000, c=10, naive=0.5),
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="train", description=__doc__)
    parser.add_argument("--mail-corpus", type=Path, metavar="DIR", help="raw messages in ham/ and spam/")
    folder = parser.parse_args(arguments).mail_corpus
    if folder and not ((folder / "ham").is_dir() and (folder / "spam").is_dir()):
        parser.error(f"--mail-corpus: {folder} has no folders ham and spam")
    raw = raw_mails.examples(folder) if folder else []
    model, unseen, examples = train(raw)
    save(model)
    write_report(unseen, examples)


def train(raw: list[Example]) -> tuple[LinearModel, dict[str, Unseen], dict[str, list[Example]]]:
    """The model, its scores on unseen folds, and the examples of each head in the order of its sheet."""
    random = Random(SEED)  # noqa: S311 (varies examples, guards nothing)
    own = corpus.training_mails()
    variations = [varied(example, random) for example in own for _ in range(VARIATIONS)]
    parts = ((raw, True), (own, True), (variations, False), (list(corpus.phrases()), False))
    rows = [(example, features(example.mail), whole) for part, whole in parts for example in part]
    heads: dict[str, Head] = {}
    unseen: dict[str, Unseen] = {}
    examples: dict[str, list[Example]] = {}
    for name, question in QUESTIONS.items():
        chosen = [row for row in rows if _weight(name, row[0]) and _answer(name, row[0]) is not None]
        heads[name], unseen[name] = fit(question, _sheet(name, question, chosen))
        examples[name] = [example for example, _, _ in chosen]
    return LinearModel(_version(heads), heads), unseen, examples


def _sheet(name: str, question: Question, rows: list[tuple[Example, Features, bool]]) -> Sheet:
    return Sheet(
        rows=[shortened(row) if name == "spam" and not example.phrase else row for example, row, _ in rows],
        answers=np.array([question.labels.index(str(_answer(name, example))) for example, _, _ in rows]),
        weights=np.array([_weight(name, example) for example, _, _ in rows]),
        groups=[example.group for example, _, _ in rows],
        whole=np.array([whole for _, _, whole in rows]),
        varied=np.array([not whole and not example.phrase for example, _, whole in rows]),
    )


_ANSWERS: dict[str, Callable[[Example], str | None]] = {
    "spam": lambda example: None if example.spam is None else ("spam" if example.spam else "ham"),
    "intent": lambda example: example.intent,
    "urgency": lambda example: example.urgency,
    "sentiment": lambda example: example.sentiment,
}


def _answer(name: str, example: Example) -> str | None:
    return _ANSWERS[name](example)


def _weight(name: str, example: Example) -> float:
    """Old list mail teaches spam fully, and the rest a little: there it stands for all that is nobody's business."""
    if example.own or name == "spam":
        return 1.0
    kept = int(sha256(example.group.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF < LIST_TALK_KEPT
    return 0.3 if kept else 0.0


def _version(heads: dict[str, Head]) -> str:
    digest = sha256(b"".join(head.table.tobytes() + head.bias.tobytes() for head in heads.values()))
    return f"linear-1-{digest.hexdigest()[:8]}"


if __name__ == "__main__":
    main()
