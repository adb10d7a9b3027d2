"""One client's RPC connection: requests in, answers out in their order, by callbacks of the event loop.

A request is answered in the very callback that reads its last byte. A task takes over where that is not possible: an
answer takes time, the client does not read, or it asks much at once and the others want their turn. Nothing more is
read meanwhile.
"""

from __future__ import annotations

import asyncio
import socket
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from typing import Any, TypeVar

from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.rpc import Request, RequestDecoder

_READ_BYTES = 1 << 18
_REQUESTS_IN_TURN = 16
"""Of one client, before the others are looked at."""
MAX_HELD_BYTES = 256 << 20
"""Of requests that are not complete, over all clients."""

_T = TypeVar("_T")


class HeldBytes:
    """Of incomplete requests, over all clients."""

    def __init__(self) -> None:
        self.total = 0

    def change(self, by: int) -> None:
        """One client owes the rest of so many bytes more.

        Raises:
            WireError: All together owe too much.
        """
        self.total += by
        if by > 0 and self.total > MAX_HELD_BYTES:
            raise WireError(f"expected the rest of a request; clients owe {self.total >> 20} MiB of them")


class RpcConnection:
    """Answers one client until it leaves or talks nonsense."""

    def __init__(
        self,
        connection: socket.socket,
        *,
        answer: Callable[[Request], Coroutine[Any, Any, bytes]],
        held: HeldBytes,
        on_close: Callable[[RpcConnection, str], None],
    ) -> None:
        """``on_close`` gets the connection and what was wrong with it, or nothing when the client left."""
        self._socket, self._answer, self._on_close = connection, answer, on_close
        self._loop = asyncio.get_running_loop()
        self._decoder = RequestDecoder()
        self._all_held, self._held = held, 0
        self._task: asyncio.Task[None] | None = None
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(connection, self._on_readable)

    def close(self, reason: str = "") -> None:
        """Forgets the client; safe to call twice."""
        if self._socket.fileno() < 0:
            return
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._all_held.total -= self._held
        if self._task is not None:
            self._task.cancel()
        self._on_close(self, reason)

    def _on_readable(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
            if not data:
                self.close()
                return
            requests = iter(self._decoder.feed(data))
            self._hold(self._decoder.held_bytes)
            rest = self._answer_at_once(requests)
        except (BlockingIOError, InterruptedError):
            return
        except WireError as error:
            self.close(str(error))
        except OSError:  # the client vanished
            self.close()
        else:
            if rest is not None:
                self._loop.remove_reader(self._socket)
                self._task = asyncio.create_task(self._go_on(rest, requests))

    def _hold(self, count: int) -> None:
        before, self._held = self._held, count
        self._all_held.change(count - before)

    def _answer_at_once(self, requests: Iterator[Request]) -> Awaitable[bytes] | bytes | None:
        """Takes from ``requests`` what can be answered now; returns what is still to be sent of the last answer."""
        for number, request in enumerate(requests, start=1):
            answer = _begin(self._answer(request))
            if not isinstance(answer, bytes):
                return answer
            try:
                sent = self._socket.send(answer)
            except (BlockingIOError, InterruptedError):
                return answer
            if sent < len(answer) or number == _REQUESTS_IN_TURN:
                return answer[sent:]
        return None

    async def _go_on(self, answer: Awaitable[bytes] | bytes, requests: Iterator[Request]) -> None:
        """Sends an answer and answers the rest of what has been read."""
        try:
            await self._send(answer)
            await asyncio.sleep(0)
            for number, request in enumerate(requests, start=1):
                await self._send(self._answer(request))
                if number % _REQUESTS_IN_TURN == 0:
                    await asyncio.sleep(0)
        except OSError:
            self._task = None
            self.close()
        else:
            self._task = None
            self._loop.add_reader(self._socket, self._on_readable)

    async def _send(self, answer: Awaitable[bytes] | bytes) -> None:
        await self._loop.sock_sendall(self._socket, answer if isinstance(answer, bytes) else await answer)


def _begin(coroutine: Coroutine[Any, Any, _T]) -> _T | Awaitable[_T]:
    """Runs a coroutine up to where it waits: its result if it does not, else what awaits its end.

    A task would cost two turns of the event loop also where there is nothing to wait for.
    """
    try:
        waits_for = coroutine.send(None)
    except StopIteration as done:
        result: _T = done.value
        return result
    return _end(coroutine, waits_for)


@types.coroutine
def _end(coroutine: Coroutine[Any, Any, _T], waits_for: Any) -> Generator[Any, Any, _T]:
    """The rest of a coroutine that waits; for the task that awaits this, its own futures."""
    while True:
        try:
            try:
                sent = yield waits_for
            except BaseException as error:  # also a cancellation: it is the coroutine's to deal with
                waits_for = coroutine.throw(error)
            else:
                waits_for = coroutine.send(sent)
        except StopIteration as done:
            result: _T = done.value
            return result
