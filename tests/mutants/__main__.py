"""Take out one guard at a time and see that a test goes red.

usage: python -m tests.mutants [--sample N] [WORD ...]

  --sample N   at most N of them, other ones each day
  WORD         only guards that say this

Guards of PostgreSQL's statements need a server: python -m tests.servers.postgres python -m tests.mutants
"""

import argparse
import math
import os
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from tests.mutants.guard import Guard
from tests.mutants.statements import STATEMENTS
from tests.mutants.trial import Found, Trials
from tests.mutants.verbs import VERBS

GUARDS = [*STATEMENTS, *VERBS]
AT_ONCE = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", usage=__doc__)
    parser.add_argument("--sample", type=int)
    parser.add_argument("words", nargs="*")
    given = parser.parse_args()
    chosen = [guard for guard in GUARDS if all(word in guard.says for word in given.words)]
    if given.sample:
        chosen = sample(chosen, given.sample, datetime.now(UTC).date())
    if any(guard.database == "postgresql" for guard in chosen) and not os.environ.get("TEST_DATABASE_URL"):
        parser.error("these need PostgreSQL: put  python -m tests.servers.postgres  before it")
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for found in Trials(Path(folder), AT_ONCE).of(chosen):
            survivors += not found.missed
            print(said(found), flush=True)
    print(f"{len(chosen)} guards, {survivors} that no test misses")
    return int(bool(survivors))


def sample(guards: list[Guard], count: int, day: date) -> list[Guard]:
    """At most `count` guards spread over all of them; in a few days each has had its turn."""
    step = math.ceil(len(guards) / count)
    return guards[day.toordinal() % step :: step]


def said(found: Found) -> str:
    line = f"{found.seconds:6.1f} s  {found.guard.path}: {found.guard.says}"
    return line if found.missed else f"{line}\n          NO TEST MISSES IT ({found.code}). {found.output}"


if __name__ == "__main__":
    sys.exit(main())
