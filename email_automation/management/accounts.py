"""Whom a command is for."""

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser

from jobs.errors import Refused
from jobs.terminal import printable


def user_named(name: str | None, field: str = "user") -> AbstractBaseUser:
    """A user by their name.

    Raises:
        Refused: none is given, or there is no such user.
    """
    if not name:
        raise Refused(f"Say who: --{field} NAME.", field=field)
    users = get_user_model()
    found: AbstractBaseUser | None = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    if found is None:
        raise Refused(f"There is no user {printable(name)}. `manage.py createsuperuser` makes one.", field=field)
    return found
