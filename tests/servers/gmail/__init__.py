"""A stand-in for Gmail on loopback: it speaks the API of Google's discovery document, as well or as badly as a test
wants, and writes down every request with the token that came with it."""

from tests.servers.gmail.box import Box
from tests.servers.gmail.faults import Fault
from tests.servers.gmail.server import Asked, GmailServer

__all__ = ["Asked", "Box", "Fault", "GmailServer"]
