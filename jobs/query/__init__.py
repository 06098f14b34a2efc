"""One small language to find jobs by, for pages, REST and commands alike.

    status:dead queue:email task:send_* owner:jane args.to:ann@example.com age:>2h -error:timeout "hung up"

Every word must hold. `-` in front negates one; commas separate alternatives; quotes keep spaces. A word without a field
is an id, a caller's own id, or a part of a task's name or of an error.
"""

from __future__ import annotations

from django.db.models import BooleanField, Case, Q, Value, When

from jobs.models import JobQuerySet
from jobs.query.fields import FIELDS, meaning, named
from jobs.query.reading import BadQuery, Word, read
from jobs.query.suggestions import Suggestion, suggest

HELP = "An id, a user name, words of a task or an error; or fields: status:dead queue:email age:<2h args.to:ann@x.org"

__all__ = ["FIELDS", "HELP", "BadQuery", "Suggestion", "Word", "condition", "read", "search", "suggest"]


def search(jobs: JobQuerySet, text: str) -> JobQuerySet:
    """The jobs that a text asks for. A lone id or user name is looked up first, which the indexes answer.

    Raises:
        BadQuery: naming the word that was not understood, and what may stand there.
    """
    words = read(text)
    if len(words) == 1 and not words[0].field and not words[0].negated:
        under_it = jobs.filter(named(words[0].values[0]))
        if under_it.exists():
            return under_it
    return jobs.filter(_all(words))


def condition(text: str) -> Q:
    """What a job must be to be found by a text; an empty one finds all. Raises BadQuery like `search`."""
    return _all(read(text))


def _all(words: list[Word]) -> Q:
    found = Q()
    for word in words:
        found &= _not(meaning(word)) if word.negated else meaning(word)
    return found


def _not(meant: Q) -> Q:
    """What is unknown, an argument that a job does not have, is not so either."""
    return Q(Case(When(meant, then=Value(False)), default=Value(True), output_field=BooleanField()))
