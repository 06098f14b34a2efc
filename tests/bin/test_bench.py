"""`bin/bench` explains itself, in step with its commands."""

import subprocess
import sys

from benchmarks.__main__ import parser
from fikiri.places import BASE


def test_it_names_every_command_and_option() -> None:
    ran = subprocess.run(
        [sys.executable, str(BASE / "bin" / "bench"), "--help"], check=True, capture_output=True, text=True
    )
    (commands,) = [action.choices for action in parser()._actions if isinstance(action.choices, dict)]
    options = {option for each in commands.values() for action in each._actions for option in action.option_strings}
    assert [name for name in {*commands, *options} - {"-h", "--help"} if name not in ran.stdout] == []
