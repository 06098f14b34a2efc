"""mail-devel's IMAP server in a thread: in memory, and written by nobody here. It knows no CONDSTORE."""

import asyncio
import contextlib
import threading
import warnings
from collections.abc import Iterator
from queue import Queue

from tests.servers.ports import free_port

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of passlib's
    from mail_devel.service import Service

PASSWORD = "correct-horse"
START_TIMEOUT = 30.0


@contextlib.contextmanager
def mail_devel() -> Iterator[int]:
    """The port of a server that takes any user name with PASSWORD; each has an inbox of its own."""
    port = free_port()
    running: Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Queue()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(port, running)), daemon=True)
    thread.start()
    loop, stop = running.get(timeout=START_TIMEOUT)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(START_TIMEOUT)


async def _serve(port: int, running: "Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]]") -> None:
    arguments = ["--host=127.0.0.1", f"--imap-port={port}", "--no-http", f"--password={PASSWORD}", "--multi-user"]
    service = await Service.init(Service.parse(arguments))
    service.smtp.loop.close()  # made with the service, and not started
    stop = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        await service.backend.start(stack)
        await service.imap.start(stack)
        running.put((asyncio.get_running_loop(), stop))
        await stop.wait()
