"""Wakes a TrafficManager that has missed its cue, which would otherwise hold a tick for ever.

In carla 0.9.16 the thread that ticks and the TrafficManager's own notify each other without the lock that the other one
waits with (carla issue 9172, mended in later versions). So rarely, one is notified just before it begins to wait, and
then both wait: ``world.tick`` has a time-out for the server, and none for this.

The client's own calls about TrafficManagers wait for the tick that hangs. But a TrafficManager is a server, too: told
over its port to leave synchronous mode, it notifies its thread, whose step ends the tick. If that step had been made
already, it is made twice: the drive goes on, but may not be the one that its seed makes otherwise.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import msgpack

PATIENCE_S = 100.0
"""For one tick: more than the client's time-outs for the server take together, so that what is left is this fault."""
_LOOK_EVERY_S = 1.0
_CALL_TIMEOUT_S = 5.0


class TrafficWatch(threading.Thread):
    """Watches the ticks of one session while its TrafficManager lives."""

    def __init__(self, port: int, *, on_wake: Callable[[], None], patience_s: float = PATIENCE_S) -> None:
        """Begin to watch.

        Args:
            port: The TrafficManager's.
            on_wake: Called, in this thread, after the TrafficManager was woken.
            patience_s: For one tick, and between two attempts [s].
        """
        super().__init__(name="traffic-watch", daemon=True)
        self._port = port
        self._on_wake = on_wake
        self._patience_s = patience_s
        self._waiting_since: float | None = None
        self._left = threading.Event()
        self.start()

    @contextlib.contextmanager
    def during_a_tick(self) -> Iterator[None]:
        """The block is a tick."""
        self._waiting_since = time.monotonic()
        try:
            yield
        finally:
            self._waiting_since = None

    def leave(self) -> None:
        """Watch no more."""
        self._left.set()
        self.join()

    def run(self) -> None:
        """Look every now and then."""
        woken_at = 0.0
        while not self._left.wait(min(_LOOK_EVERY_S, self._patience_s)):
            since = self._waiting_since
            if since is not None and time.monotonic() - max(since, woken_at) > self._patience_s:
                woken_at = time.monotonic()
                with contextlib.suppress(OSError):  # tried again, if it was not just about to end
                    wake(self._port)
                    self._on_wake()


def wake(port: int) -> None:
    """Let the TrafficManager at ``port`` of this machine take a step, whatever it waits for; OSError if it is gone."""
    calls = (msgpack.packb([0, i, "set_synchronous_mode", [is_on]]) for i, is_on in enumerate((False, True)))
    with socket.create_connection(("127.0.0.1", port), timeout=_CALL_TIMEOUT_S) as connection:
        connection.sendall(b"".join(calls))
        answers = msgpack.Unpacker()
        num_answers = 0
        while num_answers < 2:
            received = connection.recv(1024)
            if not received:
                raise ConnectionError("the TrafficManager closed the connection")
            answers.feed(received)
            num_answers += sum(1 for _ in answers)
