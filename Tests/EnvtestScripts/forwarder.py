"""A TCP forwarder in front of a peer of the tests: slow, cut, or behind TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from types import TracebackType


class Forwarder:
    """Forwards connections until it is closed; listens at once.

    rate: bytes a second towards the client, of each connection. cut_after: bytes towards the client after which a
    connection ends in the middle. stop_after: bytes from clients, of all connections together, after which nothing more
    of theirs gets through; `stopped` is set then. certificate: (certificate file, key file), speaks TLS with the client.

    One thread for all connections: an OpenSSL connection must not be read and written by two at once.
    """

    def __init__(self, target: str, host: str = "127.0.0.1", rate: float | None = None, cut_after: int | None = None,
                 stop_after: int | None = None, certificate: tuple[str, str] | None = None) -> None:
        name, _, port = target.rpartition(":")
        self._target, self.rate, self.cut_after = (name, int(port)), rate, cut_after
        self._context: ssl.SSLContext | None = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
        listener = socket.create_server((host, 0))
        self.address = f"{host}:{listener.getsockname()[1]}"
        self.sent = 0  # bytes towards clients
        self.received = 0  # bytes from clients that got through
        self.stop_after, self.stopped = stop_after, threading.Event()
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._forward, args=(listener,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Forwarder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    def _forward(self, listener: socket.socket) -> None:
        self._loop.run_until_complete(self._run(listener))
        self._loop.close()

    async def _run(self, listener: socket.socket) -> None:
        server = await asyncio.start_server(self._serve, sock=listener, ssl=self._context)
        await self._ended.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            server, to_server = await asyncio.open_connection(*self._target)
            upstream = asyncio.ensure_future(self._upstream(client, to_server))
            try:
                await self._downstream(server, to_client)
            finally:
                upstream.cancel()
                to_server.close()
        except (OSError, asyncio.CancelledError):
            pass  # one of the ends is gone, or the forwarder ends
        finally:
            to_client.close()

    async def _upstream(self, client: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        while data := await client.read(65536):
            if self.stop_after is not None:
                data = data[:max(self.stop_after - self.received, 0)]
            self.received += len(data)
            to_server.write(data)
            await to_server.drain()
            if self.received == self.stop_after:
                self.stopped.set()
                await self._ended.wait()
                return

    async def _downstream(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        left = self.cut_after
        while data := await server.read(16384):
            if left is not None:
                data = data[:left]
                left -= len(data)
            if self.rate:
                await asyncio.sleep(len(data) / self.rate)
            to_client.write(data)
            await to_client.drain()
            self.sent += len(data)
            if left == 0:
                return
