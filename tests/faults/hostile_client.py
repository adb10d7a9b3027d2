"""A client that need not keep to anything: plain sockets, the wire code, and a look at the server's process."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack

from sim_scenarios.embedded_simulator.wire.rpc import Request, pack_request
from sim_scenarios.embedded_simulator.wire.streams import pack_subscription, unpack_token

HERE = [[0.0, 0.0, 500.0], [0.0, 0.0, 0.0]]
PATIENCE_S = 60.0


def request(method: str, *arguments: Any, msgid: int = 1, is_async: bool = False) -> bytes:
    return pack_request(Request(msgid=msgid, method=method, arguments=arguments, is_async=is_async))


class Client:
    """One RPC connection, blocking."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._unpacker = msgpack.Unpacker(max_buffer_size=1 << 30, unicode_errors="surrogateescape")
        self._streams: list[socket.socket] = []

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for each in (self.socket, *self._streams):
            each.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[Any, Any]:
        """The next (error, result)."""
        while True:
            for _, _, error, result in self._unpacker:
                return error, result
            data = self.socket.recv(1 << 20)
            assert data, "the server closed the connection"
            self._unpacker.feed(data)

    def ask(self, method: str, *arguments: Any) -> tuple[Any, Any]:
        self.send(request(method, *arguments))
        return self.answer()

    def value(self, method: str, *arguments: Any) -> Any:
        """What a ``Response<T>`` holds, or None of a ``Response<void>``."""
        error, result = self.ask(method, *arguments)
        assert error is None, error
        (content,) = result
        assert content[0] in (1, False), content
        return content[1] if len(content) == 2 else None

    def reason(self, method: str, *arguments: Any) -> str:
        """Why a call failed."""
        error, result = self.ask(method, *arguments)
        assert error is None
        ((failed, (reason,)),) = result
        assert failed in (0, True)
        return str(reason)

    def is_closed_by_server(self) -> bool:
        """Whether it ends the connection, soon."""
        with contextlib.suppress(ConnectionError):
            while self.socket.recv(1 << 16):
                pass
        return True

    def spawn(self, blueprint_id: str, pose: Any = HERE, **attributes: str) -> int:
        values = [[name, 4, value] for name, value in attributes.items()]
        actor_id: int = self.value("spawn_actor", [1, blueprint_id, values], pose)[0]
        return actor_id

    def subscribe(self, actor_id: int) -> socket.socket:
        """A connection to a sensor's stream."""
        (actor,) = self.value("get_actors_by_id", [actor_id])
        token = unpack_token(actor[5])
        stream = socket.create_connection(("127.0.0.1", self.port + 1), timeout=PATIENCE_S)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        stream.sendall(pack_subscription(token.stream_id))
        self._streams.append(stream)
        return stream

    def synchronous(self, value: bool, delta_s: float = 0.05) -> None:
        settings = list(self.value("get_episode_settings"))
        settings[0], settings[2] = value, [True, delta_s]
        self.value("set_episode_settings", settings)


class ServerProcess:
    """What the system says about the server."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    @property
    def rss_mb(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    @property
    def peak_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1e3

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    @property
    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


def eventually(condition: Any, *, within_s: float = 20.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextlib.contextmanager
def unharmed(port: int, process: ServerProcess, *, memory_mb: float = 60.0) -> Iterator[Client]:
    """Another client, which must be able to tick during and after the block; then all is as it was before."""
    with Client(port) as other:
        other.synchronous(True)
        frame = other.value("tick_cue")
        files, memory = process.open_files, process.rss_mb
        yield other
        other.synchronous(True)
        assert other.value("tick_cue") > frame
        assert other.value("version") == "0.9.16"
        assert eventually(lambda: process.open_files <= files), (process.open_files, files)
        assert eventually(lambda: process.rss_mb <= memory + memory_mb), (process.rss_mb, memory)
        other.value("load_new_episode", "", True, 65535)
