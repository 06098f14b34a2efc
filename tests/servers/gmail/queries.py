"""The few words of Gmail's search that matter here."""

from collections.abc import Callable

from tests.servers.gmail.box import Held, now
from tests.servers.gmail.faults import Refusal

DAY = 86_400_000  # milliseconds
PLACES = {"inbox": "INBOX", "sent": "SENT", "drafts": "DRAFT", "trash": "TRASH", "spam": "SPAM", "chats": "CHAT"}


def matcher(query: str) -> Callable[[Held], bool]:
    """What a query finds: every one of its words has to fit."""
    tests = [_word(word) for word in query.split()]
    return lambda held: all(test(held) for test in tests)


def _word(word: str) -> Callable[[Held], bool]:
    if word.startswith("-"):
        inner = _word(word[1:])
        return lambda held: not inner(held)
    name, _, value = word.partition(":")
    match name:
        case "newer_than" if value.endswith("d"):
            oldest = now() - int(value[:-1]) * DAY
            return lambda held: held.date > oldest
        case "in" | "is" if value in PLACES:
            return lambda held: PLACES[value] in held.labels
        case "to" | "from" | "subject":
            return lambda held: value.lower() in str(held.mail[name] or "").lower()
        case "rfc822msgid":
            return lambda held: value.strip("<>") in str(held.mail["message-id"])
    raise Refusal(400, "invalidArgument", f"The stand-in does not know the search word {word}")
