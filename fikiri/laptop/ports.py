"""Ports on 127.0.0.1 that nobody uses."""

import errno
import os
import socket
from collections.abc import Callable, Container

HOST = "127.0.0.1"
TRIES = 50


class PortTakenError(Exception):
    """The port that was asked for is in use; the message says what to do."""


def choose(variable: str, default: int, say: Callable[[str], None], taken: Container[int] = ()) -> int:
    """The port named by an environment variable, else `default`, else the next free one, with a word about it.

    Raises PortTakenError when the variable names a port that is in use or is no port.
    """
    wanted = os.environ.get(variable, "")
    if wanted:
        return _exactly(variable, wanted)
    for port in range(default, default + TRIES):
        if port not in taken and is_free(port):
            if port != default:
                say(f"Port {default} is in use: taking {port}. ({variable} chooses another.)")
            return port
    raise PortTakenError(f"Ports {default} to {default + TRIES - 1} are all in use. Choose one with {variable}.")


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        if probe.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def _exactly(variable: str, wanted: str) -> int:
    if not (wanted.isascii() and wanted.isdecimal()) or not 0 < int(wanted) < 65536:
        raise PortTakenError(f"{variable} is {wanted!r}: give a port number from 1 to 65535.")
    port = int(wanted)
    if not is_free(port):
        raise PortTakenError(
            f"Port {port} ({variable}) is in use. End what uses it, or choose another: {variable}={port + 1}"
        )
    return port
