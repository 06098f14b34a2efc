"""A unix socket in front of a server, through which a line can be cut, fall silent, be refused or lose an answer."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

CHUNK = 65_536  # bytes


class Proxy:
    def __init__(self, listen: Path, target: Path) -> None:
        self.listen = listen
        self.target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{listen.name}", daemon=True)
        self._server: asyncio.Server | None = None
        self._lines: set[Line] = set()
        self._silent = False
        self._replies_to_lose = 0

    def start(self) -> None:
        self._thread.start()
        self._do(self._open())

    def stop(self) -> None:
        if self._thread.is_alive():
            self._do(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def cut(self) -> int:
        """Close every connection now. Returns how many there were."""
        closed: int = self._call(self._cut)
        return closed

    def refuse(self) -> None:
        """Close every connection; nobody listens until `heal`."""
        self._do(self._close())

    def swallow(self) -> None:
        """A partition: what is connected, and what connects until `heal`, is never answered again nor closed."""
        self._call(self._fall_silent)

    def lose_reply(self) -> None:
        """The next answer of the server gets lost, and its connection with it: was it done or not?"""
        self._call(self._lose_one)

    def heal(self) -> None:
        """New connections work again."""
        self._do(self._open())

    async def _open(self) -> None:
        self._silent = False
        self._replies_to_lose = 0
        if self._server is None:
            self.listen.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._carry, str(self.listen), backlog=1024)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self.listen.unlink(missing_ok=True)
        self._cut()
        while self._lines:
            await asyncio.sleep(0)

    def _cut(self) -> int:
        for line in self._lines:
            line.cut()
        return len(self._lines)

    def _fall_silent(self) -> None:
        self._silent = True
        for line in self._lines:
            line.silent.set()

    def _lose_one(self) -> None:
        self._replies_to_lose += 1

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(writer)
        if self._silent:
            line.silent.set()
        self._lines.add(line)
        try:
            if line.silent.is_set():
                await line.swallow(reader)
                return
            server, line.server = await asyncio.open_unix_connection(str(self.target))
            requests = asyncio.create_task(line.pass_on(reader, line.server))
            replies = asyncio.create_task(line.pass_on(server, writer, keep=self._keeps_reply))
            await asyncio.wait((requests, replies), return_when=asyncio.FIRST_COMPLETED)
            if line.silent.is_set():
                await requests  # whoever hung up, the other side hears nothing of it
            line.cut()
            await asyncio.gather(requests, replies)
        except OSError:
            pass  # the server is away: the client's connection is closed
        finally:
            line.cut()
            self._lines.discard(line)

    def _keeps_reply(self) -> bool:
        if not self._replies_to_lose:
            return True
        self._replies_to_lose -= 1
        return False

    def _do(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def _call(self, function: Callable[[], Any]) -> Any:
        async def call() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(30)


class Line:
    """One client's connection and the one to the server that belongs to it."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.silent = asyncio.Event()

    def cut(self) -> None:
        for writer in (self.client, self.server):
            if writer is not None:
                writer.transport.abort()

    async def pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: Callable[[], bool] | None = None
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if self.silent.is_set():
                    continue
                if keep is not None and not keep():
                    return
                writer.write(data)
                await writer.drain()

    async def swallow(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(CHUNK):
                pass
