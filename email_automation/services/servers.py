"""What a person says of a mail server, before it is spoken to."""

from collections.abc import Mapping

from email_automation.models import Security
from jobs.errors import Refused

MAX_HOST = 255


def host_of(given: str, field: str) -> str:
    host = given.strip().rstrip(".").lower()
    if not host or len(host) > MAX_HOST or any(sign in host for sign in "/@: \t"):
        raise Refused("Give the name of a host, such as mail.example.com.", field=field)
    return host


def security_of(given: str, field: str) -> Security:
    if given not in Security.values:
        raise Refused(f"Choose one of {', '.join(Security.values)}.", field=field)
    return Security(given)


def port_of(given: int | None, security: Security, usual: Mapping[Security, int], field: str) -> int:
    port = usual[security] if given is None else given
    if not 0 < port < 65536:
        raise Refused("A port is a number from 1 to 65535.", field=field)
    return port
