"""A mailbox to try the product on: the mail of an invented coffee roastery, written for this project.

`letters/` has the texts, `build` turns them into `sample.mbox` and `expected.json`.
"""

from pathlib import Path

HOME = Path(__file__).parent
LETTERS = HOME / "letters"
MBOX = HOME / "sample.mbox"
EXPECTED = HOME / "expected.json"
OWNER = "demo@fikiri.example"
