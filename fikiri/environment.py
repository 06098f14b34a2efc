"""Settings from the environment: what is not understood is refused by its name, never guessed."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from django.core.exceptions import ImproperlyConfigured

OFF = ("false", "off", "no", "n", "0", "")
FORMS = {int: "a whole number", float: "a number", bool: "1 or 0"}


class Environment(environ.Env):  # type: ignore[misc]  # it has no types
    """Raises ImproperlyConfigured, with the variable and the remedy."""

    def get_value(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, **more: Any) -> Any:
        given = self.ENVIRON.get(var)
        if cast is bool and given is not None and given.lower() not in (*self.BOOLEAN_TRUE_STRINGS, *OFF):
            raise _refused(var, given, FORMS[bool])  # a switch with a typo is not off
        try:
            return super().get_value(var, cast, default, **more)
        except ValueError:
            many = isinstance(cast, list)
            form = FORMS.get(cast[0] if many else cast, "another value")
            raise _refused(var, given, f"{form}, several with commas" if many else form) from None

    def time_zone(self, var: str, default: str) -> str:
        """The name of a time zone that this machine knows."""
        name: str = self.str(var, default="") or default
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise _refused(var, name, "a name such as Europe/Berlin") from None
        return name


def _refused(var: str, given: str | None, form: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{var} is {(given or '')[:60]!r}: give {form}.")
