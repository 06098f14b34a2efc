"""What can go wrong between us and a mail server, in our own words: a server's may be anything."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from email_automation.mailboxes.base import MailboxError


class HostRefusedError(MailboxError):
    """There is no such host, or nobody is sent there."""

    code: ClassVar[str] = "MAIL_HOST_REFUSED"
    field: ClassVar[str] = "host"


class LoginRefusedError(MailboxError):
    """The server knows no such user, or not with this password or token."""

    code: ClassVar[str] = "MAIL_LOGIN_REFUSED"
    field: ClassVar[str] = "password"


class NotSecureError(MailboxError):
    """Nobody vouches that this is the server, or it offers no encryption."""

    code: ClassVar[str] = "MAIL_SERVER_NOT_SECURE"
    field: ClassVar[str] = "security"


class ServerTroubleError(Exception):
    """The server is away, slow, or does not keep to the protocol. It may be well a little later."""


class RefusedByServerError(ServerTroubleError):
    """It refuses one command, and goes on with the next."""


# What imapclient and imaplib raise where an answer is not what the protocol says; no code of ours runs inside.
_GARBAGE = (ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError)


@contextmanager
def spoken_with(host: str) -> Iterator[None]:
    """Troubles with this server as ServerTroubleError."""
    try:
        yield
    except IMAPClientAbortError:
        raise ServerTroubleError(f"{host} ended the connection.") from None
    except IMAPClientError:
        raise RefusedByServerError(f"{host} refused a command.") from None
    except ssl.SSLCertVerificationError as error:
        raise NotSecureError(f"The certificate of {host} is not valid for it: {error.verify_message}.") from None
    except ssl.SSLError:
        raise ServerTroubleError(f"{host} does not speak TLS there. Is it the port for STARTTLS?") from None
    except TimeoutError:
        raise ServerTroubleError(f"{host} did not answer in time.") from None
    except OSError as error:
        raise ServerTroubleError(
            f"The connection to {host} failed: {error.strerror or type(error).__name__}."
        ) from None
    except _GARBAGE as error:
        raise ServerTroubleError(f"{host} does not speak IMAP as it should ({type(error).__name__}).") from None
