"""Linear heads over hashed features: small tables of bytes, scored with numpy alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from email_automation.ai.features import BUCKETS, FORM, Features, shortened

WEIGHTS = Path(__file__).with_name("weights.npz")
FORMAT = 1

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """One question: `table` (kept buckets x labels, int8) times `scale`, `form` (form x labels), `bias` (labels).

    `kept` names the buckets of the table's rows, ascending; any other bucket says nothing.
    """

    labels: tuple[str, ...]
    kept: NDArray[np.int64]
    table: NDArray[np.int8]
    scale: float
    form: Floats
    bias: Floats

    def scores(self, features: Features) -> Floats:
        """Calibrated log-odds, one per label."""
        rows = self._row_of[features.buckets]
        known = rows >= 0
        hashed = features.weights[known] @ self.table[rows[known]].astype(np.float32)
        return np.asarray(hashed.astype(np.float64) * self.scale + features.form @ self.form + self.bias)

    @cached_property
    def _row_of(self) -> NDArray[np.int32]:
        rows = np.full(BUCKETS, -1, dtype=np.int32)
        rows[self.kept] = np.arange(len(self.kept), dtype=np.int32)
        return rows


@dataclass(frozen=True, slots=True)
class LinearModel:
    """`spam` answers with one log-odds, the others with one per label."""

    version: str
    heads: Mapping[str, Head]

    def spam_probability(self, features: Features) -> float:
        score = self.heads["spam"].scores(shortened(features))[0]
        return float(1 / (1 + np.exp(-np.clip(score, -30, 30))))

    def probabilities(self, head: str, features: Features) -> dict[str, float]:
        """Each label of `head` with its probability."""
        scores = self.heads[head].scores(features)
        odds = np.exp(scores - scores.max())
        return dict(zip(self.heads[head].labels, (odds / odds.sum()).tolist(), strict=True))


def save(model: LinearModel, path: Path = WEIGHTS) -> None:
    """Writes one file of plain arrays."""
    about = {
        "format": FORMAT,
        "version": model.version,
        "form": FORM,
        "heads": {name: {"labels": head.labels, "scale": head.scale} for name, head in model.heads.items()},
    }
    arrays: dict[str, NDArray[np.generic]] = {"about": np.array(json.dumps(about))}
    for name, head in model.heads.items():
        # Gaps between kept buckets are small numbers, which compress.
        gaps = np.diff(head.kept, prepend=0).astype(np.uint32)
        arrays |= {f"{name}.gaps": gaps, f"{name}.table": head.table, f"{name}.form": head.form}
        arrays |= {f"{name}.bias": head.bias}
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load(path: Path = WEIGHTS) -> LinearModel:
    """Reads the weights; raises `ValueError` when they belong to other features than this program computes."""
    with np.load(path, allow_pickle=False) as arrays:
        about = json.loads(str(arrays["about"]))
        if about["format"] != FORMAT or tuple(about["form"]) != FORM:
            raise ValueError(f"{path.name} is of another version of the program; train it again")
        heads = {
            name: Head(
                labels=tuple(told["labels"]),
                kept=np.cumsum(arrays[f"{name}.gaps"], dtype=np.int64),
                table=arrays[f"{name}.table"],
                scale=float(told["scale"]),
                form=arrays[f"{name}.form"],
                bias=arrays[f"{name}.bias"],
            )
            for name, told in about["heads"].items()
        }
    return LinearModel(version=str(about["version"]), heads=heads)
