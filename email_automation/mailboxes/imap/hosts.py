"""Which address a host name means: asked once, looked at, and then used."""

import ipaddress
import socket

from email_automation.mailboxes.imap.errors import HostRefusedError, NotSecureError, ServerTroubleError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
REMEDY = "Give the name of a server of the provider, such as mail.example.com."


def resolve(host: str, *, private: bool) -> Address:
    """The address to connect to.

    Args:
        private: Also addresses of this machine and of networks that the internet does not reach.

    Raises:
        HostRefusedError: there is none, or one of them is private: a name that also means such a place is no
            provider's.
        ServerTroubleError: nobody can tell now.
    """
    addresses = _addresses(host)
    if not private and any(not _is_public(address) for address in addresses):
        raise HostRefusedError(f"{host} is in a private network, where this program does not go. {REMEDY}")
    return addresses[0]


def check_plain(address: Address) -> None:
    """Raises NotSecureError: what is not encrypted leaves this machine."""
    if not _meant(address).is_loopback:
        raise NotSecureError("Without TLS only a server on this machine is spoken to. Choose TLS or STARTTLS.")


def _addresses(host: str) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise ServerTroubleError(f"The address of {host} cannot be found out at the moment.") from None
        raise HostRefusedError(f"There is no host {host}. {REMEDY}") from None
    except (UnicodeError, ValueError):  # an empty or endless label, a NUL
        raise HostRefusedError(f"This is not the name of a host. {REMEDY}") from None
    return [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found]


def _is_public(address: Address) -> bool:
    meant = _meant(address)
    return meant.is_global and not meant.is_multicast


def _meant(address: Address) -> Address:
    """IPv6 has several ways to say an IPv4 address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None) or address
