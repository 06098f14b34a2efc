"""`python -m benchmarks peers|pipeline|scale|pages|gmail ...`; `bin/bench` makes the environments first."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from typing import Any

QUICK_ROUNDS = 2
ROUNDS = 5


def main() -> None:
    options = parser().parse_args()
    with contextlib.suppress(OSError):
        os.nice(-15)  # before whatever else runs here, where that is allowed: all queues alike
    figures: dict[str, Any] = options.run(options)
    if options.json:
        print(json.dumps(figures))


def peers(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import comparison, machine, page, picture, table, verdict

    subjects = comparison.ANCHORS if options.quick else (*comparison.ANCHORS, *comparison.OTHERS)
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    described = machine.describe()
    figures = verdict.figures(comparison.compare(subjects, rounds, _say)) | {"machine": described}
    _publish("peers", f"{table.of_peers(figures)}\n\n{table.of_targets(figures)}", figures, options)
    if options.record:
        page.PICTURE.write_text(picture.svg(figures))
    return figures


def pipeline(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import machine, pipeline, table

    described = machine.describe()
    figures: dict[str, Any] = pipeline.run(options.messages, _say) | {"machine": described}
    _publish("pipeline", table.of_pipeline(figures), figures, options)
    return figures


def scale(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import machine, scale, table

    described = machine.describe()
    figures = scale.run(options.finished, options.waiting, _say) | {"machine": described}
    _publish("scale", table.of_scale(figures), figures, options)
    return figures


def pages(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import machine, pages, pages_table
    from benchmarks.ledger import Size

    described = machine.describe()
    size = Size(options.finished, options.waiting, options.running, options.mail)
    figures = pages.run(size, options.rounds, _say) | {"machine": described}
    _publish("pages", pages_table.of_pages(figures), figures, options)
    return figures


def delayed(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import delayed, machine, table

    described = machine.describe()
    figures = delayed.run(options.jobs, options.seconds, options.watch, _say) | {"machine": described}
    _publish("delayed", table.of_delayed(figures), figures, options)
    return figures


def soak(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import machine, soak, table

    described = machine.describe()
    figures = soak.run(options.jobs, _say) | {"machine": described}
    _publish("soak", table.of_soak(figures), figures, options)
    return figures


def gmail(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import gmail, machine, table

    described = machine.describe()
    figures: dict[str, Any] = gmail.run(options.messages, options.units, _say) | {"machine": described}
    _publish("gmail", table.of_gmail(figures), figures, options)
    return figures


def quota(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import machine, quota, table

    described = machine.describe()
    figures: dict[str, Any] = quota.run(options.seconds, _say) | {"machine": described}
    _publish("quota", table.of_quota(figures), figures, options)
    return figures


def parser() -> argparse.ArgumentParser:
    bench = argparse.ArgumentParser(prog="bin/bench", description="How fast Fikiri is.")
    commands = bench.add_subparsers(required=True)
    beside = commands.add_parser("peers", help="ours beside other queues, on real PostgreSQL and Redis")
    beside.set_defaults(run=peers)
    beside.add_argument(
        "--quick", action="store_true", help="only Celery, with and without results, and ours; 2 rounds"
    )
    beside.add_argument("--rounds", type=_positive, help=f"default {ROUNDS}, quick {QUICK_ROUNDS}")
    mail = commands.add_parser("pipeline", help="mail in, leads out: the real product on a made-up mailbox")
    mail.set_defaults(run=pipeline)
    mail.add_argument("--messages", type=_positive, default=5000, metavar="N")
    full = commands.add_parser("scale", help="what is new on an empty ledger and on a full one")
    full.set_defaults(run=scale)
    full.add_argument("--finished", type=_positive, default=1_000_000, metavar="ROWS")
    full.add_argument("--waiting", type=_positive, default=100_000, metavar="ROWS")
    every = commands.add_parser("pages", help="every page and list on a full ledger, asked of a real web server")
    every.set_defaults(run=pages)
    every.add_argument("--finished", type=_positive, default=1_000_000, metavar="ROWS")
    every.add_argument("--waiting", type=_positive, default=100_000, metavar="ROWS")
    every.add_argument("--running", type=_positive, default=1_000, metavar="ROWS")
    every.add_argument("--mail", type=_positive, default=100_000, metavar="ROWS")
    every.add_argument("--rounds", type=_positive, default=5, help="answers that are timed of each address")
    later = commands.add_parser("delayed", help="many delayed jobs come due while everything is restarted")
    later.set_defaults(run=delayed)
    later.add_argument("--jobs", type=_positive, default=100_000, metavar="N")
    later.add_argument("--seconds", type=_positive, default=3600, metavar="S", help="within which they come due")
    later.add_argument("--watch", type=_positive, default=600, metavar="S", help="and of which so many are watched")
    long = commands.add_parser("soak", help="whether memory, files, connections or keys grow with the jobs that ran")
    long.set_defaults(run=soak)
    long.add_argument("--jobs", type=_positive, default=200_000, metavar="N")
    account = commands.add_parser("gmail", help="a Gmail account read from the tests' stand-in, whose quota moves")
    account.set_defaults(run=gmail)
    account.add_argument("--messages", type=_positive, default=5000, metavar="N")
    account.add_argument("--units", type=_positive, default=30_000, metavar="N", help="allowed a minute")
    units = commands.add_parser("quota", help="how much of a provider's quota that moves is used, and refused")
    units.set_defaults(run=quota)
    units.add_argument("--seconds", type=_positive, default=480, metavar="N")
    for command in (beside, mail, full, every, later, long, account, units):
        command.add_argument("--record", action="store_true", help="put tables and picture into docs/performance.md")
        command.add_argument("--json", action="store_true", help="the figures as one object, the last line of output")
    return bench


def _publish(name: str, tables: str, figures: dict[str, Any], options: argparse.Namespace) -> None:
    from benchmarks import page

    print(tables, flush=True)
    if options.record:
        page.record(name, tables, figures["machine"])


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
