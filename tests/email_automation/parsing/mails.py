"""Mails to parse, put together from their parts."""

from email_automation.parsing import ParsedMessage, Problem, parse

HEAD = {
    "From": "Ada Lovelace <ada@fikiri.example>",
    "To": "Shop <shop@fikiri.example>",
    "Subject": "An order",
    "Date": "Thu, 22 Aug 2002 12:36:23 +0100",
    "Message-ID": "<1@fikiri.example>",
}


def mail(body: str | bytes = "Two pounds, please.\n", **headers: str | None) -> bytes:
    """A mail with these headers changed, added or (None) left out; `Content_Type` is Content-Type."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in (HEAD | given).items() if value is not None]
    return "\n".join(lines).encode() + b"\n\n" + (body if isinstance(body, bytes) else body.encode())


def parsed(raw: bytes) -> ParsedMessage:
    """A message that has to be readable."""
    message = parse(raw)
    assert isinstance(message, ParsedMessage)
    return message


def problems(raw: bytes) -> set[Problem]:
    return set(parsed(raw).problems)


def multipart(kind: str, *parts: str, boundary: str = "cut") -> bytes:
    """A mail of several parts, each with its own headers."""
    body = "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n"
    return mail(body, Content_Type=f'multipart/{kind}; boundary="{boundary}"')
