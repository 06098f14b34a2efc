"""One small language to find jobs by, for pages, REST and commands alike.

    status:dead queue:email task:send_* owner:jane args.to:ann@example.com age:>2h -error:timeout "hung up"

Every word must hold. `-` in front negates one; commas separate alternatives; quotes keep spaces. A word without a field
is an id, a caller's own id, or a part of a task's name or of an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db.models import BooleanField, Case, Q, Value, When

from jobs import owners
from jobs.models import JobQuerySet
from jobs.query.fields import FIELDS, Field, containing, identified, meaning, meaning_in, moment, one_of
from jobs.query.reading import BadQuery, Word, read
from jobs.query.suggestions import Suggestion, suggest
from jobs.query.windows import Window, after, before, window

HELP = "An id, a user name, words of a task or an error; or fields: status:dead queue:email age:<2h args.to:ann@x.org"

EVERY = Q()

__all__ = [
    "FIELDS",
    "HELP",
    "BadQuery",
    "Field",
    "Suggestion",
    "Window",
    "Word",
    "after",
    "before",
    "condition",
    "containing",
    "look",
    "meaning_in",
    "moment",
    "one_of",
    "read",
    "search",
    "suggest",
]


def search(jobs: JobQuerySet, text: str) -> JobQuerySet:
    """The jobs that a text asks for. A lone id or user name is looked up first, which the indexes answer.

    Raises:
        BadQuery: naming the word that was not understood, and what may stand there.
    """
    return _found(jobs, text)[0]


def look(
    jobs: JobQuerySet,
    text: str = "",
    *,
    narrowed: Iterable[Word] = (),
    owner_id: int | None = None,
    older: Q = EVERY,
) -> Window:
    """The newest jobs that a text asks for, as far back as one look goes.

    Args:
        narrowed: What these jobs are already.
        owner_id: Whose they are, if they are all of one owner.
        older: Where it begins: `before` the end of another look, or `after` a job.

    Raises:
        BadQuery: as `search`.
    """
    found, words = _found(jobs, text)
    return window(found, [*narrowed, *words], owner_id=owner_id, older=older)


def condition(text: str, meaning: Callable[[Word], Q] = meaning) -> Q:
    """What a job must be to be found by a text; an empty one finds all. Raises BadQuery like `search`.

    Args:
        meaning: What a word asks, where other rows than jobs are looked for.
    """
    return _all(read(text), meaning)


def _found(jobs: JobQuerySet, text: str) -> tuple[JobQuerySet, list[Word]]:
    """The jobs, and what is known of them."""
    words = read(text)
    if len(words) == 1 and not words[0].field and not words[0].negated:
        [value] = words[0].values
        under_it = jobs.filter(identified(value))
        if under_it.exists():
            return under_it, [Word("id", "", (value,))]
        if ids := owners.ids_named(value):
            theirs = jobs.filter(owner_id__in=ids)
            if theirs.newest_first()[:1]:
                return theirs, [Word("owner", "", (value,))]
    return jobs.filter(_all(words, meaning)), words


def _all(words: list[Word], meaning: Callable[[Word], Q]) -> Q:
    found = Q()
    for word in words:
        found &= _not(meaning(word)) if word.negated else meaning(word)
    return found


def _not(meant: Q) -> Q:
    """What is unknown, an argument that a job does not have, is not so either."""
    return Q(Case(When(meant, then=Value(False)), default=Value(True), output_field=BooleanField()))
