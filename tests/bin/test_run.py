"""`bin/run` explains itself before anything is installed, in step with the command that it starts."""

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

from fikiri.management.commands.up import Command
from fikiri.places import BASE


def explained(project: Path) -> str:
    command = [sys.executable, str(project / "bin" / "run"), "--help"]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/")
    return ran.stdout


def test_it_names_every_option_of_the_command() -> None:
    parser = ArgumentParser(add_help=False)
    Command().add_arguments(parser)
    text = explained(BASE)
    assert [option for action in parser._actions for option in action.option_strings if option not in text] == []


def test_it_explains_itself_without_an_environment(tmp_path: Path) -> None:
    shutil.copytree(BASE / "bin", tmp_path / "bin")
    assert "Ctrl-C stops all of it" in explained(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]
