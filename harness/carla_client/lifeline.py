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
_CONFIRM_TIMEOUT_S = 2.0


class Lifeline(threading.Thread):
    """Watches one server while a ``with`` block lasts."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(name="lifeline", daemon=True)
        self.lost = threading.Event()
        """Set once the server is gone."""
        self.if_stuck: Callable[[], None] = lambda: None
        """Called in this thread when the block still lasts some time after the loss."""
        self._address = (host, port)
        self._left = threading.Event()
        self._connection: socket.socket | None = None

    def __enter__(self) -> Lifeline:
        with contextlib.suppress(OSError):  # a server that is gone already is told by whoever calls it next
            self._connection = socket.create_connection(self._address, timeout=_CONNECT_TIMEOUT_S)
            self._connection.settimeout(None)
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
            self.join()
            self._connection.close()

    def run(self) -> None:
        """Wait for the connection to break; nothing is ever sent over it."""
        assert self._connection is not None
        with contextlib.suppress(OSError):
            while self._connection.recv(1024):
                pass
        if self._left.is_set() or self._still_listens():
            return
        self.lost.set()
        if not self._left.wait(GRACE_S):
            self.if_stuck()

    def _still_listens(self) -> bool:
        """A server may close an idle connection, or restart its network, and live."""
        try:
            socket.create_connection(self._address, timeout=_CONFIRM_TIMEOUT_S).close()
        except OSError:
            return False
        return True
