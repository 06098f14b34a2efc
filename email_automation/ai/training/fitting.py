"""Fits one head with scikit-learn, calibrates it on folds it has not seen, and packs it into bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from email_automation.ai.features import BUCKETS, FORM, Features
from email_automation.ai.linear import Head

FOLDS = 5
SEEN_IN = 2  # whole mails or phrases: what one mail alone holds is chance
LEVELS = 63  # of the packed weights, each side of zero

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Question:
    """How one head is fitted.

    With two labels it is one log-odds, for the second. `c`: strength (small: strong prior). `form`: columns it may
    see. `rare_first` gives rare words more room. `naive`: share of naive Bayes log-odds that is added, which helps
    where examples are few. `rows`: the most telling buckets that are kept.
    """

    labels: tuple[str, ...]
    rows: int
    c: float
    form: int = len(FORM)
    rare_first: bool = True
    naive: float = 0.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """Training rows of one head: features, answers (label numbers), weights, groups, and which rows are mails as found
    (`whole`) or variations of those (`varied`)."""

    rows: Sequence[Features]
    answers: Numbers
    weights: Floats
    groups: Sequence[str]
    whole: NDArray[np.bool_]
    varied: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Unseen:
    """Calibrated scores of whole mails by models that saw no row of their group. `rows` are numbers in the sheet."""

    rows: Numbers
    scores: Floats
    answers: Numbers


def fit(question: Question, sheet: Sheet) -> tuple[Head, Unseen]:
    """The head fitted on all rows, and how it does on what it has not seen."""
    hashed, form = _matrix(question, sheet.rows)
    kept = np.flatnonzero(np.asarray((hashed[~sheet.varied] > 0).sum(axis=0)).ravel() >= SEEN_IN)
    matrix = hstack([hashed[:, kept], form], format="csr")
    rows = np.flatnonzero(sheet.whole)
    scores = _scores_of_folds(question, sheet, matrix)[rows]
    slope, shift = _calibration(scores, sheet.answers[rows])
    weights, bias = _solve(question, matrix, sheet.answers, sheet.weights)
    unseen = Unseen(rows, scores * slope + shift, sheet.answers[rows])
    return _packed(question, kept, weights * slope, bias * slope + shift), unseen


def _scores_of_folds(question: Question, sheet: Sheet, matrix: csr_matrix) -> Floats:
    scores = np.zeros((len(sheet.rows), 1 if len(question.labels) == 2 else len(question.labels)))
    for train, test in _folds(sheet):
        weights, bias = _solve(question, matrix[train], sheet.answers[train], sheet.weights[train])
        scores[test] = matrix[test] @ weights + bias
    return scores


def _folds(sheet: Sheet) -> Iterator[tuple[Numbers, Numbers]]:
    yield from GroupKFold(FOLDS, shuffle=True, random_state=7).split(sheet.answers, groups=sheet.groups)


def _matrix(question: Question, rows: Sequence[Features]) -> tuple[csr_matrix, csr_matrix]:
    starts = np.cumsum([0, *(len(row.buckets) for row in rows)])
    columns = np.concatenate([row.buckets for row in rows])
    values = np.concatenate([row.weights for row in rows]).astype(np.float64)
    hashed = csr_matrix((values, columns, starts), shape=(len(rows), BUCKETS))
    return hashed, csr_matrix(np.array([row.form for row in rows], dtype=np.float64)[:, : question.form])


def _solve(question: Question, matrix: csr_matrix, answers: Numbers, weights: Floats) -> tuple[Floats, Floats]:
    """One against the rest for each label; columns are scaled for fitting and the scale is folded into the weights."""
    scale = _rarity(matrix, question) if question.rare_first else np.ones(matrix.shape[1])
    scaled = (matrix @ diags(scale)).tocsr()
    labels = range(1, 2) if len(question.labels) == 2 else range(len(question.labels))
    columns, biases = [], []
    for label in labels:
        model: Any = LogisticRegression(
            C=question.c, solver="liblinear", tol=1e-2, max_iter=300, random_state=7,
            class_weight="balanced" if len(question.labels) > 2 else None,
        )  # fmt: skip
        model.fit(scaled, (answers == label).astype(int), sample_weight=weights)
        columns.append(model.coef_[0])
        biases.append(float(model.intercept_[0]))
    fitted = np.array(columns).T
    if question.naive:
        fitted += question.naive * _naive(question, scaled, answers, weights)
    return fitted * scale[:, None], np.array(biases)


def _naive(question: Question, matrix: csr_matrix, answers: Numbers, weights: Floats) -> Floats:
    """Log-odds of each bucket for each label against the others, centred; nothing for the form."""
    hashed = matrix.shape[1] - question.form
    counts = np.array(
        [
            weights[answers == label] @ matrix[np.flatnonzero(answers == label)][:, :hashed]
            for label in range(len(question.labels))
        ]
    )
    inside, outside = counts + 0.05, counts.sum(axis=0) - counts + 0.05
    odds = np.log(inside / inside.sum(axis=1, keepdims=True)) - np.log(outside / outside.sum(axis=1, keepdims=True))
    odds = odds[1:] if len(question.labels) == 2 else odds - odds.mean(axis=0)
    return np.vstack([odds.T, np.zeros((question.form, len(odds)))])


def _rarity(matrix: csr_matrix, question: Question) -> Floats:
    """Inverse document frequency per bucket, one on average; the form columns stay as they are."""
    hashed = matrix.shape[1] - question.form
    seen = np.asarray((matrix[:, :hashed] > 0).sum(axis=0)).ravel()
    rarity = np.log((1 + matrix.shape[0]) / (1 + seen)) + 1
    return np.concatenate([rarity / rarity.mean(), np.ones(question.form)])


def _calibration(scores: Floats, answers: Numbers) -> tuple[float, float]:
    """Slope and shift for one log-odds; a slope (one over the temperature) for several."""
    if scores.shape[1] == 1:
        model: Any = LogisticRegression(C=1e6).fit(scores, answers)
        return float(model.coef_[0, 0]), float(model.intercept_[0])

    def loss(slope: float) -> float:
        scaled = scores * slope
        top = scaled.max(axis=1)
        right = scaled[np.arange(len(answers)), answers]
        return float((top + np.log(np.exp(scaled - top[:, None]).sum(axis=1)) - right).mean())

    return float(minimize_scalar(loss, bounds=(0.2, 5), method="bounded").x), 0.0


def _packed(question: Question, kept: Numbers, weights: Floats, bias: Floats) -> Head:
    hashed = weights[: len(kept)]
    form = np.zeros((len(FORM), hashed.shape[1]))
    form[: question.form] = weights[len(kept) :]
    telling = np.sort(np.argsort(np.abs(hashed).max(axis=1))[-question.rows :])
    hashed = hashed[telling]
    step = float(np.quantile(np.abs(hashed), 0.9999)) / LEVELS
    table = np.clip(np.rint(hashed / step), -LEVELS, LEVELS).astype(np.int8)
    labels = question.labels if len(question.labels) > 2 else question.labels[1:]
    return Head(labels=labels, kept=kept[telling], table=table, scale=step, form=form, bias=bias)
