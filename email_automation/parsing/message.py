"""What a parsed message is made of."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from email_automation.parsing.quotes import reply_text

MAX_TEXT = 200_000  # characters of a message's text
MAX_SUBJECT = 500
MAX_NAME = 200
MAX_ADDRESS = 320
MAX_ID = 500  # a Message-ID
MAX_THREAD_KEY = 200
MAX_RECIPIENTS = 100  # of each of To and Cc
MAX_REFERENCES = 50
MAX_LABELS = 50
MAX_LABEL = 100
MAX_ATTACHMENTS = 100
MAX_TYPE = 127  # a content type


class Problem(StrEnum):
    """What is wrong with a message that is kept all the same."""

    TRUNCATED = "truncated"  # larger than what is read of one message
    HUGE_HEADER = "huge-header"
    BAD_HEADER = "bad-header"  # lines among the headers that are none
    NO_SEPARATOR = "no-separator"  # the text follows the headers without a blank line
    NUL_BYTES = "nul-bytes"
    BAD_CHARSET = "bad-charset"  # unknown, or not what the bytes are in
    BAD_ENCODING = "bad-encoding"  # broken base64
    BAD_DATE = "bad-date"  # not a date, or one that cannot be
    BAD_MIME = "bad-mime"  # parts without their boundary
    TOO_DEEP = "too-deep"  # parts nested deeper than what is read
    TOO_MANY_PARTS = "too-many-parts"
    TOO_MANY_RECIPIENTS = "too-many-recipients"
    NO_DATE = "no-date"
    NO_FROM = "no-from"
    BAD_FROM = "bad-from"  # a From header without an address
    NO_MESSAGE_ID = "no-message-id"
    LONG_TEXT = "long-text"
    BAD_HTML = "bad-html"  # HTML that only its bare words could be taken from
    ENCRYPTED = "encrypted"


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    address: str
    """Lower case."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is known of an attachment without opening it."""

    name: str
    content_type: str
    size: int
    """Bytes once decoded; an estimate for base64."""
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """A message's values, cleaned of what a database refuses and cut to the MAX_ lengths above."""

    message_id: str
    """Without angle brackets, like the ids below; empty where there is none."""
    in_reply_to: str
    references: tuple[str, ...]
    subject: str
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    date: datetime | None
    """Aware and plausible: from the Date header, else from the topmost Received."""
    text: str
    has_html: bool
    language: str
    """A hint: what the Content-Language header says."""
    headers: dict[str, str]
    """The few that tell how a message came about, by lower-case name."""
    labels: tuple[str, ...]
    thread_key: str
    attachments: tuple[Attachment, ...]
    automatic: str
    """Why no person wrote this to a person; empty where one may have."""
    html: str = field(default="", repr=False)
    """As it came, and so hostile."""
    problems: tuple[Problem, ...] = field(default=())

    @property
    def reply_text(self) -> str:
        """What was written this time, without the mail that it answers."""
        return reply_text(self.text)

    @property
    def from_name(self) -> str:
        return self.sender.name

    @property
    def from_address(self) -> str:
        return self.sender.address


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no message."""

    reason: str
    text: str
    """Their beginning, for a person to look at."""
