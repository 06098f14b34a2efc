"""The count of the drill for mail: in doubt is what nobody can know, and nothing else."""

import pytest

from email_automation.drill.smtp_server import ENDED, UNFINISHED, WHOLE
from email_automation.drill.verdict import Dialogue, Row, wrong_doubt

DOUBT, SENT = Row("in_doubt", "in_doubt"), Row("completed", "sent")
LATER = Dialogue(UNFINISHED, "", goodbye=True)


@pytest.mark.parametrize("phase", [WHOLE, ENDED])
def test_what_was_all_there_and_not_answered_may_be_in_doubt(phase: str) -> None:
    assert wrong_doubt(DOUBT, [LATER, Dialogue(phase, "", goodbye=False)]) == ""


def test_what_was_never_all_there_may_not() -> None:
    assert "never handed over" in wrong_doubt(DOUBT, [LATER, Dialogue(UNFINISHED, "", goodbye=False)])
    assert "never handed over" in wrong_doubt(DOUBT, [])


def test_what_was_answered_may_be_where_its_sender_died_before_it_said_so() -> None:
    answered = Dialogue(ENDED, "250 taken", goodbye=True)
    assert "nothing broke" in wrong_doubt(DOUBT, [answered])
    assert wrong_doubt(Row("in_doubt", "in_doubt", broken=True), [answered]) == ""
    assert wrong_doubt(DOUBT, [Dialogue(ENDED, "250 taken", goodbye=False)]) == ""


def test_what_was_never_answered_must_be() -> None:
    unanswered = Dialogue(ENDED, "", goodbye=False)
    assert "its answer never came" in wrong_doubt(SENT, [unanswered, Dialogue(ENDED, "250 taken", goodbye=True)])
    assert wrong_doubt(SENT, [Dialogue(WHOLE, "", goodbye=False), Dialogue(ENDED, "250 taken", goodbye=True)]) == ""
