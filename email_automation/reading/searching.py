"""Messages by the language that finds jobs.

    from:acme.com subject:invoice intent:billing is:unsure date:>2026-11-01 "two pounds"

A word without a field is looked for, as a whole, in subjects and texts: an index leads to it, however old it is. All
else is looked for in a window, like jobs are.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import BooleanField, Func, Q, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from email_automation.ai.schemas import Intent
from email_automation.models import Message
from jobs import query
from jobs.query import BadQuery, Field, Word

DEPTH = 10_000  # messages of a window

NOTHING = Q(pk=None)
FLAGS: dict[str, Callable[[], Q]] = {
    "unsure": lambda: Q(needs_review=True),
    "lead": lambda: Q(makes_lead=True),
    "own": lambda: Q(is_own=True),
    "automatic": lambda: ~Q(automatic=""),
    "unreadable": lambda: ~Q(unreadable_reason=""),
    "gone": lambda: Q(gone_at__isnull=False),
}
HELP = 'from:acme.com subject:invoice intent:billing is:unsure has:attachment date:>2026-11-01 "words of it"'


def look(messages: QuerySet[Message], text: str, before: int = 0) -> tuple[QuerySet[Message], int | None]:
    """The newest of these messages that a text asks for, and where the look ended: None where no older one is left.

    Args:
        before: Where it begins: where another ended, or a message of the list; 0 begins with the newest.

    Raises:
        BadQuery: naming the word that was not understood, and what may stand there.
    """
    words = query.read(text)
    among = messages.filter(pk__lt=before) if before else messages
    found = among.filter(query.condition(text, _meaning))
    if not words or any(_is_led_to(word) for word in words):
        return found, None
    last = list(among.order_by("-pk").values_list("pk", flat=True)[DEPTH - 1 : DEPTH + 1])
    if len(last) < 2:
        return found, None
    return found.filter(pk__gte=last[0]), last[0]


class HasWords(Func):
    """Whether subject or text have these words, by the index `message_words` that each database has of its own."""

    output_field = BooleanField()

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words

    def as_sql(self, compiler: SQLCompiler, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """On PostgreSQL: a column that the model does not know, since SQLite has none."""
        table = connection.ops.quote_name(Message._meta.db_table)
        return f"{table}.words @@ plainto_tsquery('simple', %s)", [self.words]

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **_: Any) -> tuple[str, tuple[str, ...]]:
        """Each word in quotes, so that none is a command of the search."""
        table = connection.ops.quote_name(Message._meta.db_table)
        words = " ".join(f'"{word}"' for word in self.words.replace('"', " ").split())
        found = "SELECT rowid FROM message_words WHERE message_words MATCH %s"
        return f'{table}."id" IN ({found})', (words or '""',)


def _is_led_to(word: Word) -> bool:
    """Whether an index has the few that it asks for."""
    return word.field in ("", "thread") and not word.negated


def _meaning(word: Word) -> Q:
    return query.meaning_in(FIELDS, word) if word.field else _text(word.values[0])


def _text(value: str) -> Q:
    return Q(HasWords(value))


def _from(value: str, _: str) -> Q:
    """An address, a domain, or a part of a name."""
    bare = value.removeprefix("@")
    if "@" in bare:
        return Q(from_address__iexact=bare)
    return Q(from_address__iendswith=f"@{bare}") | Q(from_name__icontains=value)


def _number(column: str) -> Callable[[str, str], Q]:
    def meaning(value: str, _: str) -> Q:
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            raise BadQuery(f"{value[:40]!r} is no number of a {column.removesuffix('_id')}.")
        return Q(**{column: int(value)})

    return meaning


FIELDS = {
    "from": Field("an address, a domain, or a part of a name", _from),
    "subject": Field("words of the subject", query.containing("subject")),
    "intent": Field(
        "what it wants", lambda value, _: Q(intent=query.one_of("intent", value, list(Intent))), values=tuple(Intent)
    ),
    "is": Field("a circumstance", lambda value, _: FLAGS[query.one_of("is", value, FLAGS)](), values=tuple(FLAGS)),
    "has": Field(
        "an attachment",
        lambda value, _: Q(attachment_count__gt=0) if query.one_of("has", value, ("attachment",)) else NOTHING,
        values=("attachment",),
    ),
    "date": Field("on a day, or after or before it: >2026-11-01", query.moment("date"), compares=True),
    "language": Field("two letters: en", lambda value, _: Q(language__istartswith=value)),
    "mailbox": Field("the mailbox, by number", _number("mailbox_id")),
    "thread": Field("the thread's key", lambda value, _: Q(thread_key=value)),
}
