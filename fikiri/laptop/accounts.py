"""The administrator and the API token of a laptop, made once and kept in files that only their owner can read."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed

from fikiri import places

ADMIN = "admin"
PASSWORD_FILE = "admin-password"  # noqa: S105 (a file's name)
FLOWER_FILE = "flower-password"
TOKEN_FILE = "api-token"  # noqa: S105 (a file's name)


@dataclass(frozen=True)
class Login:
    """`password` is None where it is another than the one that was made here."""

    username: str
    password: str | None


def ensure_admin() -> Login:
    """The first superuser; made when there is none."""
    path = places.var() / PASSWORD_FILE
    superuser = get_user_model()._default_manager.filter(is_superuser=True).order_by("pk").first()
    if superuser is not None:
        password = _read(path)
        return Login(superuser.get_username(), password if password and superuser.check_password(password) else None)
    password = secrets.token_urlsafe(12)
    get_user_model().objects.create_superuser(ADMIN, password=password)
    _write(path, password)
    return Login(ADMIN, password)


def ensure_user(name: str, email: str = "") -> AbstractUser:
    """The user of that name, made without a password when there is none."""
    users = get_user_model()
    user = users._default_manager.filter(username=name).first()
    return user if user is not None else users.objects.create_user(name, email)


def api_token(name: str) -> str:
    """A token of the user's for the REST API; the same one as long as it is valid."""
    path = places.var() / TOKEN_FILE
    token = _read(path)
    if not token or _owner(token) != name:
        user = get_user_model()._default_manager.get(username=name)
        _, token = AuthToken.objects.create(user)
        _write(path, token)
    return token


def ensure_flower_login() -> Login:
    """Flower's own login; it knows no other users."""
    path = places.var() / FLOWER_FILE
    password = _read(path)
    if not password:
        password = secrets.token_urlsafe(12)
        _write(path, password)
    return Login(ADMIN, password)


def _owner(token: str) -> str | None:
    try:
        user, _ = TokenAuthentication().authenticate_credentials(token.encode())
    except AuthenticationFailed:
        return None
    return str(user.get_username())


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _write(path: Path, secret: str) -> None:
    unfinished = path.with_name(f"{path.name}.part")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    unfinished.replace(path)
