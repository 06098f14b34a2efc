"""A mail as numbers: hashed words, word pairs and letter groups, and a few measures of its form.

All hashing is done on whole arrays (a prefix hash over the bytes), so that 20 kB of text cost about a millisecond.
Names, addresses, hosts and figures are made alike first: a model must not learn who wrote or when.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from email_automation.ai import rules
from email_automation.ai.contacts import is_no_reply
from email_automation.ai.schemas import MailText

BITS = 18
BUCKETS = 2 << BITS  # one half for words and pairs, one for letter groups
MAX_SUBJECT = 300
MAX_TEXT = 20_000
MAX_BYTES = 2 * (MAX_SUBJECT + MAX_TEXT)
ENOUGH_BUCKETS = 400  # about 30 words
LETTER_GROUPS_OF = 6_000  # bytes: words carry long mails, letter groups the short ones

# What a text itself shows comes first: the spam head sees only that. Headers say how a mail travelled, which spam
# imitates and which changes with the years; length and figures call a till's report spam.
FORM = (
    "exclamations", "percent", "links", "shouting", "shouted_subject",
    "length", "short", "questions", "money", "digits", "foreign_letters",
    "reply", "forward", "attachment", "list", "no_reply", "automatic",
)  # fmt: skip
FORM_OF_SPAM = FORM.index("length")

Floats = NDArray[np.float32]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Features:
    """`buckets` (sorted, each once) with their `weights` (unit length), and `form` (one number per name in FORM)."""

    buckets: NDArray[np.int64]
    weights: Floats
    form: Floats


def features(mail: MailText) -> Features:
    """The features of the first 20,000 characters of `mail`."""
    subject, text = mail.subject[:MAX_SUBJECT], mail.text[:MAX_TEXT]
    in_subject, in_text = _hashes(_plain(subject), _SUBJECT_SEED), _hashes(_plain(text), _TEXT_SEED)
    words, groups = (_weighted(np.concatenate(parts)) for parts in zip(in_subject, in_text, strict=True))
    return Features(
        buckets=np.concatenate([words[0], groups[0] + (1 << BITS)]),
        weights=np.concatenate([words[1], groups[1]]),
        form=_form(mail, subject, text),
    )


def shortened(read: Features) -> Features:
    """The same with weaker evidence when there are few words: a short mail proves little."""
    strength = min(1.0, math.sqrt(len(read.buckets) / ENOUGH_BUCKETS))
    return replace(read, weights=read.weights * np.float32(strength))


_LINK = re.compile(r"(?:https?://|www\.)\S{1,2000}", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w.-]{1,253}")
_LIST_TAG = re.compile(r"\[[^\]\n]{1,40}\]")
_MARKS = b"$%!?"
_ALIKE = bytes(
    ord("0")
    if chr(byte).isdigit() and byte < 128
    else byte
    if byte >= 128 or chr(byte).isalpha() or byte in _MARKS
    else 32
    for byte in range(256)
)
_COMBINING = re.compile("[\u0300-\u036f]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")

_PRIME = 0x9E3779B97F4A7C15
_PRIME_INVERSE = pow(_PRIME, -1, 1 << 64)
_SUBJECT_SEED, _TEXT_SEED = 0xA24BAED4963EE407, 0x9FB21C651E98DF25


def _powers(base: int) -> Hashes:
    powers = np.full(MAX_BYTES + 3, base, dtype=np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


_POWERS = _powers(_PRIME)
_INVERSE_POWERS = _powers(_PRIME_INVERSE)


def _plain(text: str) -> bytes:
    """` word word `: lower case, no accents, figures as zeros, links and addresses as one word each."""
    text = _LINK.sub(" xlink ", text)
    if "@" in text:
        text = _ADDRESS.sub(" xaddress ", text)
    if "[" in text:
        text = _LIST_TAG.sub(" ", text)
    if not text.isascii():
        text = _INVISIBLE.sub("", text.replace("ß", "ss"))
        text = _COMBINING.sub("", unicodedata.normalize("NFKD", text))
    raw = text.lower().encode("utf-8", "replace")[: MAX_BYTES // 2].translate(_ALIKE)
    for mark in _MARKS:
        raw = raw.replace(bytes([mark]), bytes([32, mark, 32]))
    return b" " + b" ".join(raw[: MAX_BYTES // 2].split()) + b" "


def _hashes(text: bytes, seed: int) -> tuple[Hashes, Hashes]:
    """Buckets of the words and pairs of neighbours, and of the letter groups within words."""
    letters = np.frombuffer(text, dtype=np.uint8).astype(np.uint64) + np.uint64(1)
    if len(letters) < 3:
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.uint64)
    prefix = np.zeros(len(letters) + 1, dtype=np.uint64)
    np.cumsum(letters * _POWERS[: len(letters)], out=prefix[1:])
    spaces = np.flatnonzero(letters == ord(" ") + 1)
    starts, ends = spaces[:-1] + 1, spaces[1:]
    words = (prefix[ends] - prefix[starts]) * _INVERSE_POWERS[starts]
    pairs = words[:-1] * np.uint64(31) + words[1:] * np.uint64(0xD6E8FEB86659FD93)
    groups = [_letter_groups(prefix, letters, size) for size in (3, 4, 5, 6)]
    return _mixed(np.concatenate([words, pairs]), seed), _mixed(np.concatenate(groups), seed)


def _letter_groups(prefix: Hashes, letters: Hashes, size: int) -> Hashes:
    """Every run of `size` letters that has a space at most at its ends."""
    count = min(len(letters), LETTER_GROUPS_OF) - size + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    seen = np.concatenate(([0], np.cumsum(letters[: count + size] == ord(" ") + 1)))
    inside = seen[size - 1 : size - 1 + count] - seen[1 : 1 + count]
    at = np.flatnonzero(inside == 0)
    return (prefix[at + size] - prefix[at]) * _INVERSE_POWERS[at] + np.uint64(size)


def _mixed(hashes: Hashes, seed: int) -> Hashes:
    hashes = hashes + np.uint64(seed)
    hashes = (hashes ^ (hashes >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return hashes >> np.uint64(64 - BITS)


def _weighted(hashes: Hashes) -> tuple[NDArray[np.int64], Floats]:
    """Each bucket once, in order, with the logarithm of its count, brought to half a unit of energy."""
    buckets, counts = np.unique(hashes.astype(np.uint32), return_counts=True)
    weights = (1 + np.log(counts)).astype(np.float32)
    norm = math.sqrt(2 * float(np.dot(weights, weights)))
    return buckets.astype(np.int64), weights / np.float32(norm or 1)


def _form(mail: MailText, subject: str, text: str) -> Floats:
    both = f"{subject}\n{text}"
    raw = np.frombuffer(both.encode("utf-8", "replace"), dtype=np.uint8)
    count = np.bincount(raw, minlength=256)
    upper, lower, digits = count[65:91].sum(), count[97:123].sum(), count[48:58].sum()
    foreign = count[128:].sum()
    start = subject[:12].lower().lstrip()
    return np.array(
        [
            _rate(count[ord("!")]),
            _rate(count[ord("%")]),
            _rate(both.count("http")),
            upper / max(upper + lower, 1),
            len(subject) > 6 and subject.isupper(),
            np.log1p(len(text)) / 10,
            len(text) < 200,
            _rate(count[ord("?")]),
            _rate(count[ord("$")] + both.count("€") + both.count("£")),
            digits / max(len(raw), 1),
            foreign / max(len(raw), 1),
            start.startswith(("re:", "aw:", "sv:", "antw:", "rif:", "rép:", "ré:", "res:")),
            start.startswith(("fwd:", "fw:", "wg:", "tr:", "rv:", "enc:")),
            bool(mail.attachments),
            rules.is_list(mail),
            is_no_reply(mail.sender_address[:320]),
            bool(rules.is_auto_reply(mail) or rules.is_bounce(mail)),
        ],
        dtype=np.float32,
    )


def _rate(count: int | np.int64) -> float:
    return float(min(np.log1p(count) / 3, 1.5))
