"""What the first lines of a mail look like."""

import re

_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_QUOTED_FROM = re.compile(rb">+From ")
_MAIL_HEADER = re.compile(
    rb"(?:From|To|Cc|Bcc|Subject|Date|Received|Message-I[Dd]|Return-Path|Delivered-To|Envelope-To|Delivery-date"
    rb"|Reply-To|Sender|In-Reply-To|References|MIME-Version|Content-[A-Za-z-]+|List-[A-Za-z-]+|Mailing-List"
    rb"|Precedence|Auto-Submitted|Status|Lines|Importance|Priority|Organi[sz]ation|User-Agent|Newsgroups|Path"
    rb"|DKIM-[A-Za-z-]+|DomainKey-[A-Za-z-]+|ARC-[A-Za-z-]+|Authentication-Results|Received-SPF|Errors-To"
    rb"|Resent-[A-Za-z-]+|Thread-[A-Za-z-]+|Feedback-ID|Disposition-[A-Za-z-]+|Comments|Keywords"
    rb"|X-[A-Za-z0-9_.-]+)[ \t]*:",
    re.IGNORECASE,
)
MAX_HEADER = 1_048_576  # bytes


def is_header_line(text: bytes) -> bool:
    """Does the first line look like a header (or the quoted From_ line that some programs leave there)?"""
    return bool(_HEADER.match(text) or _QUOTED_FROM.match(text))


def starts_like_mail(text: bytes) -> bool:
    """Does the first line look like a header that mail has?"""
    return bool(_MAIL_HEADER.match(text))


def has_mail_header(text: bytes) -> bool:
    """Is there at least one header that mail has, before the first blank line or other text?"""
    for line in text[:MAX_HEADER].splitlines():
        if starts_like_mail(line):
            return True
        if not is_header_line(line) and line[:1] not in (b" ", b"\t"):
            return False
    return False
