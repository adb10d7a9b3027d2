"""Who listens to which stream, and what is still to be sent to whom: the streaming port's side of the server.

In synchronous mode every message reaches every subscriber, and a tick waits for readers that are far behind; those that
do not read at all are cut off, which CARLA's client answers by connecting anew. In asynchronous mode a message that
would have to wait behind another is not queued.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import sys
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence

from sim_scenarios.embedded_simulator.wire.streams import (
    Part,
    SubscriptionDecoder,
    Token,
    frame_message,
    pack_token,
)

SUBSCRIPTION_WAIT_S = 0.5
"""How long a tick waits for announced subscriptions; they arrive within milliseconds if they arrive at all."""
RENEWAL_WAIT_S = 1.0
"""How long the world stands still for a client that has loaded it and is about to leave its old subscription."""
BACKLOG_WAIT_S = 2.0
MAX_BACKLOG_BYTES = 256 << 20
"""A synchronous tick waits this long for slow readers once this much is queued; then who is furthest behind must go."""
_POLL_S = 0.001
_FURTHER_NUMBERS = 1 << 31
"""From here on streams have further numbers; sensors' streams are counted from below."""
_PARTS_AT_ONCE = 64
_SEND_BUFFER_BYTES = 4 << 20


class StreamConnection:
    """One client's connection to one stream: a subscription in, messages out, all by callbacks of the event loop."""

    def __init__(self, connection: socket.socket, hub: StreamHub) -> None:
        self._socket = connection
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._subscription = SubscriptionDecoder()
        self._pending: deque[memoryview] = deque()
        self._is_waiting = False
        self.pending_bytes = 0
        self.stream_id: int | None = None
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self._loop.add_reader(connection, self._on_readable)

    def offer(self, framed: Sequence[Part], *, droppable: bool) -> None:
        """Sends what the socket takes now and queues the rest; a droppable message is not queued behind another."""
        if droppable and self._pending:
            return
        for view in (memoryview(part) for part in framed if len(part)):  # an empty part would never be through
            self._pending.append(view)
            self.pending_bytes += len(view)
        if not self._is_waiting:
            self._flush()

    def close(self) -> None:
        """Forgets the client; safe to call twice."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
        self._pending.clear()
        self.pending_bytes = 0
        self._hub.forget(self)

    def _on_readable(self) -> None:
        try:
            data = self._socket.recv(64)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
        elif self.stream_id is None:
            number = self._subscription.feed(data)
            if number is not None:
                self.stream_id = self._hub.stream_of(number)
                self._hub.subscribe(self, self.stream_id)

    def _flush(self) -> None:
        try:
            while self._pending:
                self._consume(self._socket.sendmsg(list(itertools.islice(self._pending, _PARTS_AT_ONCE))))
        except (BlockingIOError, InterruptedError):
            self._wait_until_writable(True)
        except OSError:
            self.close()
        else:
            self._wait_until_writable(False)

    def _consume(self, sent: int) -> None:
        self.pending_bytes -= sent
        while sent:
            first = self._pending[0]
            if sent < len(first):
                self._pending[0] = first[sent:]
                return
            sent -= len(first)
            self._pending.popleft()

    def _wait_until_writable(self, waiting: bool) -> None:
        if waiting and not self._is_waiting:
            self._loop.add_writer(self._socket, self._flush)
        elif self._is_waiting and not waiting:
            self._loop.remove_writer(self._socket)
        self._is_waiting = waiting


class StreamHub:
    """All stream connections, by stream id."""

    def __init__(self, host: str, port: int, greetings: Mapping[int, Callable[[], Sequence[Part]]]) -> None:
        """``greetings``: by stream id, the message that whoever subscribes gets at once."""
        self._greetings = greetings
        self._host, self._port = host, port
        self._subscribers: dict[int, list[StreamConnection]] = {}
        self._connections: set[StreamConnection] = set()
        self._announced: Counter[int] = Counter()
        self._further_numbers = itertools.count(_FURTHER_NUMBERS)
        self._newest_number: dict[int, int] = {}
        self._stream_of: dict[int, int] = {}
        self._leaving: frozenset[StreamConnection] = frozenset()

    def __len__(self) -> int:
        """Number of connections, also of those that have not said yet which stream they want."""
        return len(self._connections)

    def add(self, connection: socket.socket) -> None:
        """Takes a connection in."""
        self._connections.add(StreamConnection(connection, self))

    def token(self, stream_id: int) -> bytes:
        """Bound to every interface, the server lets the client use the address that it knows."""
        host = None if self._host in ("0.0.0.0", "") else self._host
        return pack_token(Token(stream_id=self._newest_number.get(stream_id, stream_id), port=self._port, host=host))

    def stream_of(self, number: int) -> int:
        """The stream that a token's number means."""
        return self._stream_of.get(number, number)

    def renew(self, stream_id: int) -> None:
        """A subscriber is about to leave a stream and to subscribe anew, as CARLA's client does after it loads a world.

        Tokens carry another number of the same stream from now on. The client keeps one subscription a number, and the
        old one until a thread that works at its last message is done; a new one with that number would be freed in use.
        """
        self._newest_number[stream_id] = number = next(self._further_numbers)
        self._stream_of[number] = stream_id
        self._leaving = frozenset(self._subscribers.get(stream_id, ()))

    async def renewal(self) -> None:
        """Waits, for a bounded time, until that subscriber has left: it closes a socket that must not be busy."""
        if self._leaving:
            await _until(lambda: not self._leaving, RENEWAL_WAIT_S)
            self._leaving = frozenset()

    def announce(self, stream_id: int) -> None:
        """A subscription is about to arrive."""
        self._announced[stream_id] += 1

    def subscribe(self, connection: StreamConnection, stream_id: int) -> None:
        """A subscription arrived; one to a stream that does not exist is held open in silence."""
        if self._announced[stream_id] > 0:
            self._announced[stream_id] -= 1
        self._subscribers.setdefault(stream_id, []).append(connection)
        if stream_id in self._greetings:
            connection.offer(frame_message(self._greetings[stream_id]()), droppable=False)

    def forget(self, connection: StreamConnection) -> None:
        """A client went away."""
        self._connections.discard(connection)
        if connection in self._leaving:
            self._leaving = frozenset()
        if connection.stream_id is not None:
            subscribers = self._subscribers.get(connection.stream_id, [])
            if connection in subscribers:
                subscribers.remove(connection)
            if not subscribers:
                self._subscribers.pop(connection.stream_id, None)

    def is_listened_to(self, stream_id: int) -> bool:
        """Whether anybody subscribes to a stream."""
        return bool(self._subscribers.get(stream_id))

    def send(self, stream_id: int, parts: Sequence[Part], *, droppable: bool) -> None:
        """Offers a message to every subscriber; never waits."""
        framed = frame_message(parts)
        for connection in tuple(self._subscribers.get(stream_id, ())):
            connection.offer(framed, droppable=droppable)

    async def settle(self) -> None:
        """Waits, for a bounded time, for announced subscriptions and for readers that are far behind."""
        await _until(lambda: not any(count > 0 for count in self._announced.values()), SUBSCRIPTION_WAIT_S)
        self.forget_announcements()
        await _until(lambda: self._backlog() <= MAX_BACKLOG_BYTES, BACKLOG_WAIT_S)
        while self._backlog() > MAX_BACKLOG_BYTES:
            slowest = max(self._connections, key=lambda connection: connection.pending_bytes)
            print(
                f"embedded simulator: cut a subscriber to stream {slowest.stream_id} off: it left "
                f"{slowest.pending_bytes >> 20} MiB unread for {BACKLOG_WAIT_S:g} s",
                file=sys.stderr,
                flush=True,
            )
            slowest.close()

    def forget_announcements(self) -> None:
        """Nobody waits for them any more."""
        self._announced.clear()

    def _backlog(self) -> int:
        return sum(connection.pending_bytes for connection in self._connections)

    def close(self) -> None:
        """Ends all connections."""
        for connection in tuple(self._connections):
            connection.close()


async def _until(condition: Callable[[], bool], at_most_s: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + at_most_s
    while not condition() and loop.time() < deadline:
        await asyncio.sleep(_POLL_S)
