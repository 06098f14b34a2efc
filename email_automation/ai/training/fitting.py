"""Fits one head with scikit-learn, calibrates it on folds it has not seen, and packs it into bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from email_automation.ai.features import BUCKETS, FORM, FORM_OF_TEXT, Features
from email_automation.ai.linear import Head

FOLDS = 5
PRUNED_BELOW = 1.0  # steps of the int8 table: smaller weights become zero and compress away

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Question:
    """How one head is fitted: number of buckets, strength of the prior (small C: strong), form columns it may see."""

    labels: tuple[str, ...]
    buckets: int = BUCKETS // 2
    c: float = 3.0
    form: int = len(FORM)
    balanced: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """Training rows of one head: features, answers (label numbers), weights, groups, and which rows are originals."""

    rows: Sequence[Features]
    answers: NDArray[np.int64]
    weights: Floats
    groups: Sequence[str]
    original: NDArray[np.bool_]


def fit(question: Question, sheet: Sheet) -> Head:
    """The head fitted on all rows, its probabilities calibrated on out-of-fold originals."""
    matrix = _matrix(question, sheet.rows)
    seen, scores = out_of_fold(question, sheet, matrix)
    slope, shift = _calibration(scores, sheet.answers[seen], sheet.weights[seen])
    weights, bias = _solve(question, matrix, sheet.answers, sheet.weights)
    return _packed(question, weights * slope, bias * slope + shift)


def out_of_fold(
    question: Question, sheet: Sheet, matrix: csr_matrix | None = None
) -> tuple[NDArray[np.int64], Floats]:
    """Row numbers of the originals and their scores by models that saw no row of their group."""
    matrix = _matrix(question, sheet.rows) if matrix is None else matrix
    scores = np.zeros((len(sheet.rows), 1 if len(question.labels) == 2 else len(question.labels)))
    for train, test in _folds(sheet):
        weights, bias = _solve(question, matrix[train], sheet.answers[train], sheet.weights[train])
        scores[test] = matrix[test] @ weights + bias
    seen = np.flatnonzero(sheet.original)
    return seen, scores[seen]


def _folds(sheet: Sheet) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    yield from GroupKFold(FOLDS, shuffle=True, random_state=7).split(sheet.answers, groups=sheet.groups)


def _matrix(question: Question, rows: Sequence[Features]) -> csr_matrix:
    lengths = np.cumsum([0, *(len(row.buckets) for row in rows)])
    columns = np.concatenate([row.buckets for row in rows]) & (question.buckets - 1)
    values = np.concatenate([row.weights for row in rows]).astype(np.float64)
    hashed = csr_matrix((values, columns, lengths), shape=(len(rows), question.buckets))
    hashed.sum_duplicates()
    form = csr_matrix(np.array([row.form for row in rows], dtype=np.float64)[:, : question.form])
    return hstack([hashed, form], format="csr")


def _solve(question: Question, matrix: csr_matrix, answers: NDArray[np.int64], weights: Floats) -> tuple[Floats, Floats]:
    model: Any = LogisticRegression(
        C=question.c, max_iter=400, class_weight="balanced" if question.balanced else None, solver="lbfgs"
    )
    model.fit(matrix, answers, sample_weight=weights)
    return model.coef_.T, model.intercept_


def _calibration(scores: Floats, answers: NDArray[np.int64], weights: Floats) -> tuple[float, float]:
    """Slope and shift for one log-odds; a slope (one over the temperature) for several."""
    if scores.shape[1] == 1:
        model: Any = LogisticRegression(C=1e6).fit(scores, answers, sample_weight=weights)
        return float(model.coef_[0, 0]), float(model.intercept_[0])

    def loss(slope: float) -> float:
        scaled = scores * slope
        top = scaled.max(axis=1)
        right = scaled[np.arange(len(answers)), answers]
        surprise = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1)) - right
        return float((surprise * weights).sum())

    return float(minimize_scalar(loss, bounds=(0.2, 5), method="bounded").x), 0.0


def _packed(question: Question, weights: Floats, bias: Floats) -> Head:
    hashed = weights[: question.buckets]
    form = np.zeros((len(FORM), hashed.shape[1]))
    form[: question.form] = weights[question.buckets :]
    step = float(np.quantile(np.abs(hashed[hashed != 0]), 0.9995)) / 127
    steps = np.clip(np.rint(hashed / step), -127, 127)
    steps[np.abs(steps) <= PRUNED_BELOW] = 0
    labels = question.labels if len(question.labels) > 2 else question.labels[1:]
    return Head(labels=labels, table=steps.astype(np.int8), scale=step, form=form, bias=np.atleast_1d(bias))


SPAM = Question(labels=("ham", "spam"), buckets=BUCKETS, c=10.0, form=FORM_OF_TEXT, balanced=False)
