"""Writes what was measured into REPORT.md."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from email_automation.ai.features import features
from email_automation.ai.linear import WEIGHTS, LinearModel, load
from email_automation.ai.offline import SPAM_FROM, SPAM_FROM_IF_CUSTOMER, OfflineProvider, spam_from
from email_automation.ai.schemas import Classification, Intent
from email_automation.ai.training import corpus
from email_automation.ai.training.corpus import Example
from email_automation.ai.training.fitting import Unseen

REPORT = Path(__file__).with_name("REPORT.md")


def write_report(unseen: dict[str, Unseen], examples: dict[str, list[Example]]) -> None:
    """Measures on folds, and the shipped classifier with its rules on the held-out mails."""
    held_out = corpus.held_out_mails()
    provider = OfflineProvider()
    said = [provider.classify(example.mail)[0] for example in held_out]
    _, usage = provider.classify(held_out[0].mail)
    wanted = [(example, answer) for example, answer in zip(held_out, said, strict=True) if not example.spam]
    lines = [
        "# What the offline classifier was measured at",
        "",
        f"Version `{usage.version}`, {WEIGHTS.stat().st_size / 1000:.0f} kB. Written by `training/train.py`.",
        "",
        "- *Folds*: five; near-duplicates, threads and variations of one mail stay on one side.",
        f"- *Held out*: {len(held_out)} mails of `data/heldout.txt` in seven languages, in other words than the",
        "  training mails and never trained on, but looked at while settings were chosen. The whole classifier.",
        "- The written mails are short and by one hand; the raw mails are of 2002 and 2003, mostly talk on mailing",
        "  lists. Expect less on mail of another kind.",
        "",
        f"## Spam (from probability {SPAM_FROM})",
        "",
        "| mails | wanted / spam | precision | recall | F1 | AUC | wanted mail called spam |",
        "|---|---|---|---|---|---|---|",
        *_spam_on_folds(unseen["spam"], examples["spam"]),
        _spam_on_held_out(held_out, said),
        "",
        f"A mail that looks like a customer's is called spam only from {SPAM_FROM_IF_CUSTOMER}; below it, review.",
        "",
        "## Intent (held out)",
        "",
        *_labels_table([(str(example.intent), answer.intent.value) for example, answer in wanted]),
        "",
        f"On folds of the written mails: accuracy {_accuracy_on_folds(unseen['intent'], examples['intent']):.3f}.",
        f"By language: {_by_language(wanted)}.",
        f"Confidence: {_confidence(wanted)}.",
        "",
        "## Urgency (held out)",
        "",
        *_labels_table([(str(example.urgency), answer.urgency.value) for example, answer in wanted]),
        "",
        "## Sentiment (held out)",
        "",
        *_labels_table([(str(example.sentiment), answer.sentiment.value) for example, answer in wanted]),
    ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")


@lru_cache(maxsize=1)
def _model() -> LinearModel:
    return load()


def _spam_on_folds(unseen: Unseen, examples: list[Example]) -> list[str]:
    mails = [examples[row] for row in unseen.rows]
    probabilities = 1 / (1 + np.exp(-unseen.scores[:, 0]))
    called = probabilities >= np.array([_spam_from(example) for example in mails])
    own = np.array([example.own for example in mails])
    chosen = (("raw mails, folds", ~own), ("written mails, folds", own))
    return [
        _spam_row(name, unseen.answers[part], called[part], probabilities[part]) for name, part in chosen if part.any()
    ]


def _spam_from(example: Example) -> float:
    read = features(example.mail)
    label, probability = max(_model().probabilities("intent", read).items(), key=lambda item: item[1])
    return spam_from(Intent(label), probability, read)


def _spam_on_held_out(held_out: list[Example], said: list[Classification]) -> str:
    model = _model()
    probabilities = np.array([model.spam_probability(features(example.mail)) for example in held_out])
    answers = np.array([int(bool(example.spam)) for example in held_out])
    return _spam_row("held out", answers, np.array([answer.is_spam for answer in said]), probabilities)


def _spam_row(
    name: str, answers: NDArray[np.int64], called: NDArray[np.bool_], probabilities: NDArray[np.float64]
) -> str:
    precision, recall, f1, _ = precision_recall_fscore_support(answers, called, average="binary", zero_division=0)
    wanted = answers == 0
    return (
        f"| {name} | {wanted.sum()} / {(~wanted).sum()} | {precision:.3f} | {recall:.3f} | {f1:.3f} "
        f"| {roc_auc_score(answers, probabilities):.4f} "
        f"| {called[wanted].sum()} ({100 * called[wanted].mean():.1f} %) |"
    )


def _labels_table(pairs: Sequence[tuple[str, str]]) -> list[str]:
    right, said = zip(*pairs, strict=True)
    labels = sorted(set(right))
    scores = precision_recall_fscore_support(right, said, labels=labels, average=None, zero_division=0)
    accuracy = np.mean([a == b for a, b in pairs])
    return [
        f"Accuracy {accuracy:.3f} on {len(right)} mails.",
        "",
        "| label | precision | recall | F1 | mails |",
        "|---|---|---|---|---|",
        *(
            f"| {label} | {p:.2f} | {r:.2f} | {f:.2f} | {n} |"
            for label, p, r, f, n in zip(labels, *scores, strict=True)
        ),
    ]


def _accuracy_on_folds(unseen: Unseen, examples: list[Example]) -> float:
    own = np.array([examples[row].own for row in unseen.rows])
    return float((unseen.scores[own].argmax(axis=1) == unseen.answers[own]).mean())


def _by_language(wanted: list[tuple[Example, Classification]]) -> str:
    hits: dict[str, list[bool]] = {}
    for example, answer in wanted:
        hits.setdefault(example.language, []).append(answer.intent is example.intent)
    return ", ".join(f"{language} {sum(found)}/{len(found)}" for language, found in hits.items())


def _confidence(wanted: list[tuple[Example, Classification]]) -> str:
    hits = np.array([answer.intent is example.intent for example, answer in wanted])
    stated = np.array([answer.confidence for _, answer in wanted])
    review = np.array([answer.needs_review for _, answer in wanted])
    return (
        f"{stated.mean():.2f} stated on average, {hits.mean():.2f} right; {review.mean():.0%} marked for review; "
        f"of the rest {hits[~review].mean():.2f} right, of those marked {hits[review].mean():.2f}"
    )
