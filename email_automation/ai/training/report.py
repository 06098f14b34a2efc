"""Writes what was measured into REPORT.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from email_automation.ai.features import features
from email_automation.ai.linear import LinearModel
from email_automation.ai.offline import SPAM_FROM
from email_automation.ai.training import corpus
from email_automation.ai.training.corpus import Example
from email_automation.ai.training.fitting import Unseen

REPORT = Path(__file__).with_name("REPORT.md")


def write_report(model: LinearModel, unseen: dict[str, Unseen], examples: dict[str, list[Example]], size: int) -> None:
    """Measures on folds (grouped, so that near-duplicates and variations stay on one side) and on held-out mails."""
    held_out = corpus.held_out_mails()
    lines = [
        "# What the offline classifier was measured at",
        "",
        f"Version `{model.version}`, {size / 1000:.0f} kB. Written by `email_automation.ai.training.train`.",
        "*Folds*: five, near-duplicates and variations of one mail on one side. *Held out*: "
        f"{len(held_out)} mails of `data/heldout.txt`, other words than the training mails, in seven languages.",
        "The written mails are short and by one hand; the raw mails are of 2002 and 2003, mostly talk on mailing lists.",
        "So expect less on mail of another kind, and correct labels where it matters.",
        "",
        f"## Spam (from probability {SPAM_FROM})",
        "",
        "| mails | ham / spam | precision | recall | F1 | AUC | ham called spam |",
        "|---|---|---|---|---|---|---|",
        *_spam_on_folds(unseen["spam"], examples["spam"]),
        _spam_on_held_out(model, held_out),
        "",
        "## Intent",
        "",
        *_labels_table(*_held_out_answers(model, "intent", held_out)),
        "",
        f"Folds of the written mails: accuracy {_accuracy_on_folds(unseen['intent'], examples['intent']):.3f}.",
        f"By language (held out): {_by_language(model, held_out)}.",
        f"Confidence (held out): {_confidence(model, held_out)}.",
        "",
        "## Urgency (held out)",
        "",
        *_labels_table(*_held_out_answers(model, "urgency", held_out)),
        "",
        "## Sentiment (held out)",
        "",
        *_labels_table(*_held_out_answers(model, "sentiment", held_out)),
    ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _spam_on_folds(unseen: Unseen, examples: list[Example]) -> list[str]:
    own = np.array([examples[row].own for row in unseen.rows])
    probabilities = 1 / (1 + np.exp(-unseen.scores[:, 0]))
    chosen = (("raw mails, folds", ~own), ("written mails, folds", own))
    return [_spam_row(name, unseen.answers[part], probabilities[part]) for name, part in chosen if part.any()]


def _spam_on_held_out(model: LinearModel, held_out: list[Example]) -> str:
    probabilities = np.array([model.spam_probability(features(example.mail)) for example in held_out])
    return _spam_row("held out", np.array([int(bool(example.spam)) for example in held_out]), probabilities)


def _spam_row(name: str, answers: NDArray[np.int64], probabilities: NDArray[np.float64]) -> str:
    called = probabilities >= SPAM_FROM
    precision, recall, f1, _ = precision_recall_fscore_support(answers, called, average="binary", zero_division=0)
    ham = answers == 0
    return (
        f"| {name} | {ham.sum()} / {(~ham).sum()} | {precision:.3f} | {recall:.3f} | {f1:.3f} "
        f"| {roc_auc_score(answers, probabilities):.4f} | {100 * called[ham].mean():.1f} % |"
    )


def _held_out_answers(model: LinearModel, head: str, held_out: list[Example]) -> tuple[list[str], list[str]]:
    known = [example for example in held_out if getattr(example, head) is not None]
    return [str(getattr(example, head)) for example in known], [_best(model, head, example)[0] for example in known]


def _best(model: LinearModel, head: str, example: Example) -> tuple[str, float]:
    return max(model.probabilities(head, features(example.mail)).items(), key=lambda item: item[1])


def _labels_table(right: Sequence[str], said: Sequence[str]) -> list[str]:
    labels = sorted(set(right))
    scores = zip(
        labels, *precision_recall_fscore_support(right, said, labels=labels, average=None, zero_division=0), strict=True
    )
    accuracy = np.mean([a == b for a, b in zip(right, said, strict=True)])
    return [
        f"Accuracy {accuracy:.3f} on {len(right)} mails.",
        "",
        "| label | precision | recall | F1 | mails |",
        "|---|---|---|---|---|",
        *(f"| {label} | {p:.2f} | {r:.2f} | {f:.2f} | {n} |" for label, p, r, f, n in scores),
    ]


def _accuracy_on_folds(unseen: Unseen, examples: list[Example]) -> float:
    own = np.array([examples[row].own for row in unseen.rows])
    return float((unseen.scores[own].argmax(axis=1) == unseen.answers[own]).mean())


def _by_language(model: LinearModel, held_out: list[Example]) -> str:
    hits: dict[str, list[bool]] = {}
    for example in held_out:
        if example.intent is not None:
            hits.setdefault(example.language, []).append(_best(model, "intent", example)[0] == example.intent)
    return ", ".join(f"{language} {sum(found)}/{len(found)}" for language, found in hits.items())


def _confidence(model: LinearModel, held_out: list[Example]) -> str:
    said = [(_best(model, "intent", example), example.intent) for example in held_out if example.intent is not None]
    hits = np.array([label == right for (label, _), right in said])
    stated = np.array([probability for (_, probability), _ in said])
    sure = stated >= 0.5
    return (
        f"{stated.mean():.2f} stated on average, {hits.mean():.2f} right; at 0.5 and above "
        f"{sure.mean():.0%} of the mails, {hits[sure].mean():.2f} right; below {hits[~sure].mean():.2f} right"
    )
