"""An SMTP server that delivers to a folder: what is sent on a laptop can be looked at, and goes nowhere."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from fikiri.laptop.ports import HOST

SIZE_LIMIT = 33_554_432  # bytes a message


class SmtpSink:
    """Takes every mail on 127.0.0.1 and keeps it as `folder/TIME-RANDOM.eml`."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._controller = Controller(
            _Keeper(folder), hostname=HOST, port=port, data_size_limit=SIZE_LIMIT, ident="Fikiri mail sink"
        )

    def start(self) -> None:
        """Listen, in a thread of its own."""
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop(no_assert=True)


class _Keeper:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        recipients = ", ".join(_one_line(recipient) for recipient in envelope.rcpt_tos)
        headers = f"X-Envelope-From: {_one_line(envelope.mail_from or '')}\r\nX-Envelope-To: {recipients}\r\n"
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{secrets.token_hex(4)}.eml"
        unfinished = self._folder / f"{name}.part"
        unfinished.write_bytes(headers.encode(errors="replace") + content)
        unfinished.replace(self._folder / name)
        return f"250 Kept as {name}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
