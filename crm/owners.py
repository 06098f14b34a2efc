"""The users whose contacts these are."""

from __future__ import annotations

from django.contrib.auth import get_user_model


class NoSuchUserError(ValueError):
    """There is no such user."""


def address(user_id: int) -> str:
    """The mail address of a user, or empty text.

    Raises:
        NoSuchUserError
    """
    found = get_user_model()._default_manager.filter(pk=user_id).values_list("email", flat=True).first()
    if found is None:
        raise NoSuchUserError(f"There is no user {user_id}. Give the id of the user who owns the lead.")
    return str(found)


def id_of(username: str) -> int:
    """The id of the user with this name.

    Raises:
        NoSuchUserError
    """
    model = get_user_model()
    found = model._default_manager.filter(**{model.USERNAME_FIELD: username}).values_list("pk", flat=True).first()
    if found is None:
        raise NoSuchUserError(f"There is no user {username!r}. Give a user name, as in --user demo.")
    return int(found)
