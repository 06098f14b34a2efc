"""The shipped weights and what is said of them belong together."""

from pathlib import Path

import pytest

from email_automation.ai import linear
from email_automation.ai.training.report import REPORT
from email_automation.ai.training.train import main


def test_the_report_is_about_the_shipped_weights() -> None:
    assert f"`{linear.load().version}`" in REPORT.read_text(encoding="utf-8")


def test_a_corpus_without_its_folders_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--mail-corpus", str(tmp_path)])
    assert caught.value.code == 2
    assert "no folders ham and spam" in capsys.readouterr().err
