"""Parsers that nobody here wrote read the sample as ours does."""

import pytest

from email_automation.sample import MBOX
from tests.email_automation.parsing.judge import FIELDS, Verdict, judge, messages_of

LEAST = 0.995


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    return judge(messages_of(MBOX))


@pytest.mark.parametrize("what", FIELDS)
def test_ours_reads_what_another_parser_reads(verdict: Verdict, what: str) -> None:
    assert verdict.share(what) >= LEAST, [one for one in verdict.alone if one[1] == what]
    assert verdict.messages > 200
    assert verdict.unjudged[what] <= 2


def test_a_parser_that_is_wrong_would_be_seen() -> None:
    raw = b"From: a@b.example\nTo: c@d.example\nSubject: one\nDate: Mon, 5 Jan 2026 11:25:00 +0100\n\nhello\n"
    verdict = judge(iter([("right", raw)]))
    assert (verdict.worst, verdict.alone) == (1.0, [])
    unfolded = raw.replace(b"Subject: one", b"Subject: one\nSubject: two")
    assert judge(iter([("two subjects", unfolded)])).worst == 1.0
