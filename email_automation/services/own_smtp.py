"""The SMTP server that an IMAP mailbox may have of its own: tried before it is kept."""

from typing import Any

from email_automation.mailboxes import MailboxError
from email_automation.mailboxes.imap import Login, ServerTroubleError
from email_automation.mailers import Later, Rejected
from email_automation.mailers.own_smtp import server_at, try_login
from email_automation.mailers.server import CERTIFICATE_REFUSED, NOT_SUPPORTED, Remedies
from email_automation.models import Security
from email_automation.sending.recipients import BadMailError, addresses
from email_automation.services.servers import host_of, port_of, security_of
from jobs.errors import Refused

PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}
TRIED = Remedies(
    "Reading works with it: have the provider allow sending too, or leave the SMTP server empty",
    "Choose TLS, usually port 465, or STARTTLS, usually port 587",
    "Give the name that it is made for",
)
ABOUT_SECURITY = (CERTIFICATE_REFUSED, NOT_SUPPORTED)


class SendingRefused(Refused):
    """The server for sending does not let us in; the text says why."""

    code = "SMTP_NOT_CONNECTED"


def own_smtp(login: Login, address: str, host: str, port: int | None, security: str) -> dict[str, Any]:
    """The columns of an account whose mail leaves through this server, once it let this login in.

    Raises:
        Refused: `field` names what does not fit.
    """
    if not host.strip():
        return {}
    kind = security_of(security, "smtp_security")
    host, port = host_of(host, "smtp_host"), port_of(port, kind, PORTS, "smtp_port")
    _check_sender(address)
    try:
        try_login(server_at(host, port, kind, login.username, login.password, TRIED))
    except MailboxError as error:
        raise SendingRefused(str(error), field=f"smtp_{error.field}") from None
    except ServerTroubleError as error:
        raise SendingRefused(f"{error} Try again in a minute.", field="smtp_host") from None
    except Rejected as error:
        field = "smtp_security" if error.code in ABOUT_SECURITY else "smtp_host"
        raise SendingRefused(f"{host}: {error}.", field=field) from None
    except Later as error:
        raise SendingRefused(
            f"{host}: {error}. Check its port, and try again in a minute.", field="smtp_host"
        ) from None
    return {"smtp_host": host, "smtp_port": port, "smtp_security": kind}


def _check_sender(address: str) -> None:
    try:
        addresses(address)
    except BadMailError:
        raise Refused("Give the address that its mail is to come from.", field="address") from None
