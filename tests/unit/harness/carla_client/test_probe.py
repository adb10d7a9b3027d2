from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import msgpack
import pytest

from harness.carla_client.endpoint import open_endpoint
from harness.carla_client.probe import ask_version, is_listening, require_supported
from harness.errors import ServerNotFoundError, ServerVersionError


@contextmanager
def server(answer: Callable[[bytes], bytes | None]) -> Iterator[int]:
    """A TCP server on a free port that answers the first bytes of each connection; None: says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                request = connection.recv(4096)
                reply = answer(request) if request else b""
                if reply is None:
                    ended.wait()
                else:
                    connection.sendall(reply)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def saying(version: object) -> Callable[[bytes], bytes]:
    def answer(request: bytes) -> bytes:
        assert msgpack.unpackb(request) == [0, 0, "version", [[False]]]
        packed: bytes = msgpack.packb([1, 0, None, [[1, version]]])
        return packed

    return answer


def test_the_version_is_asked_in_carlas_protocol() -> None:
    with server(saying("0.9.16")) as port:
        assert ask_version("127.0.0.1", port, timeout_s=5.0) == "0.9.16"
        assert is_listening("127.0.0.1", port)
    assert not is_listening("127.0.0.1", port)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"",
        msgpack.packb([1, 0, "no such function", None]),
        msgpack.packb([1, 0, None, [[0, ["episode not ready"]]]]),
        b"\xc1" * 64,
        msgpack.packb("x" * 8000),
    ],
)
def test_who_is_not_carla_is_told_apart(answer: bytes) -> None:
    with server(lambda _: answer) as port, pytest.raises(ServerNotFoundError, match=f"127.0.0.1:{port}"):
        ask_version("127.0.0.1", port, timeout_s=5.0)


def test_silence_ends_after_the_time_limit() -> None:
    started = time.monotonic()
    with server(lambda _: None) as port, pytest.raises(ServerNotFoundError, match="did not answer"):
        ask_version("127.0.0.1", port, timeout_s=0.3)
    assert time.monotonic() - started < 5.0


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServerNotFoundError, match="harness serve --port"):
        ask_version("127.0.0.1", port, timeout_s=1.0)


@pytest.mark.parametrize("version", ["0.9.15", "0.9.160", "0.10.0", ""])
def test_other_versions_are_refused(version: str) -> None:
    with (
        server(saying(version)) as port,
        pytest.raises(ServerVersionError, match=r"expected 0\.9\.16"),
        open_endpoint("127.0.0.1", port),
    ):
        pass


@pytest.mark.parametrize("version", ["0.9.16", "0.9.16-dirty", "0.9.16-3-gabcdef"])
def test_ours_and_local_builds_of_it_are_accepted(version: str) -> None:
    require_supported(version, where="here")
    with server(saying(version)) as port, open_endpoint(None, port) as endpoint:
        assert (endpoint.host, endpoint.port, endpoint.embedded) == ("127.0.0.1", port, False)
        assert version in endpoint.describe()


def test_a_server_whose_queue_of_connections_is_full_still_listens() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as hung, ExitStack() as waiting:
        address = hung.getsockname()
        waiting.enter_context(socket.create_connection(address))  # that nobody accepts
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.2)
        assert is_listening(*address, timeout_s=0.2)
