"""An idle connection to the server, which breaks the moment that the server ends.

The carla client notices a lost server only when a call's time-out is over, and by then the TrafficManager's own thread
may have ended this process with a C++ exception, before anybody could say what was done. So the loss is seen here, in
another thread; the main thread is given a little time to end in good order, and if it cannot, because it waits inside
the client, ``if_stuck`` is called.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

GRACE_S = 5.0
"""For the main thread to notice the loss itself: well below the client's time-out."""
_CONNECT_TIMEOUT_S = 5.0
_RECONNECT_AFTER_S = 0.2


class Lifeline(threading.Thread):
    """Watches one server while a ``with`` block lasts."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(name="lifeline", daemon=True)
        self.lost = threading.Event()
        """Set once the server is gone; also by who finds that it hangs, which this connection cannot tell."""
        self.if_stuck: Callable[[], None] = lambda: None
        """Called in this thread when the block still lasts some time after the loss."""
        self._address = (host, port)
        self._left = threading.Event()
        self._connection: socket.socket | None = None

    def __enter__(self) -> Lifeline:
        self._connection = self._connect()
        if self._connection is not None:  # a server that is gone already is told by whoever calls it next
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self.ident is not None:  # it was started
            self.join()
        if self._connection is not None:
            self._connection.close()

    def run(self) -> None:
        """Watch until the block is left or the server cannot be connected to any more."""
        while self._connection is not None:
            with contextlib.suppress(OSError):
                while self._connection.recv(1024):  # nothing is ever sent over it
                    pass
            # A server may close an idle connection and live; one that is dying may accept for a moment longer.
            if self._left.wait(_RECONNECT_AFTER_S):
                return
            self._connection.close()
            self._connection = self._connect()
            if self._left.is_set():
                return
        self.lost.set()
        if not self._left.wait(GRACE_S):
            self.if_stuck()

    def _connect(self) -> socket.socket | None:
        try:
            connection = socket.create_connection(self._address, timeout=_CONNECT_TIMEOUT_S)
        except OSError:
            return None
        connection.settimeout(None)
        return connection
