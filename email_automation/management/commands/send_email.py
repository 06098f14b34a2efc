"""Send a mail in the background."""

import mimetypes
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from email_automation import services
from email_automation.management.waiting import wait_for
from email_automation.sending.letters import MAX_ATTACHED, File
from email_automation.sending.recipients import MAX_BODY, BadMailError
from jobs.errors import Refused

BAD_INPUT = 2  # exit code


class Command(BaseCommand):
    help = (
        "Send a mail in the background. The body is read from standard input where neither --body nor --html is given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("to", nargs="+", metavar="ADDRESS")
        parser.add_argument("--subject", required=True)
        parser.add_argument("--body")
        parser.add_argument(
            "--html", type=Path, metavar="FILE", help="goes beside the body, which is made of it if missing"
        )
        parser.add_argument(
            "--attach", type=Path, metavar="FILE", nargs="+", action="extend", default=[], help="files to go along"
        )
        parser.add_argument("--wait", action="store_true", help="wait until it is sent; exit 1 if it failed")
        parser.add_argument("--timeout", type=float, default=300, help="seconds to wait at most (%(default)s)")

    def handle(
        self,
        *args: Any,
        to: list[str],
        subject: str,
        body: str | None,
        html: Path | None,
        attach: list[Path],
        wait: bool,
        timeout: float,
        **options: Any,
    ) -> None:
        try:
            files = [_file(path) for path in attach]
            page = _read(html, 4 * MAX_BODY).decode() if html else ""
            text = (sys.stdin.read() if not html else "") if body is None else body
            job = services.send_email(to, subject, text, html=page, files=files)
        except UnicodeDecodeError:
            raise CommandError(f"--html {html} is not in UTF-8.", returncode=BAD_INPUT) from None
        except (BadMailError, Refused, OSError) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        self.stdout.write(str(job.pk))
        if wait:
            wait_for(job, timeout, self.stdout)


def _file(path: Path) -> File:
    content_type, encoding = mimetypes.guess_type(path.name)
    is_known = content_type is not None and encoding is None
    return File(path.name, _read(path, MAX_ATTACHED), str(content_type) if is_known else "application/octet-stream")


def _read(path: Path, most: int) -> bytes:
    """Raises BadMailError where there is too much of it: that is known before all of it is read."""
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise BadMailError(path.name, f"is longer than {most // 1_000_000} MB. Send a link.")
    return content
