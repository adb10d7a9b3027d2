"""Ask a server for its version over a plain socket, before the carla client is let near it.

Why not simply ``carla.Client.get_server_version()``: a process that listens there without being CARLA makes the client
wait for its whole time-out or end in a C++ exception, and a server of another version is greeted with three warnings on
stderr and may crash the client later. Twenty bytes of msgpack-rpc tell beforehand.
"""

from __future__ import annotations

import socket
import time

import msgpack

from harness.errors import ServerNotFoundError, ServerVersionError

SUPPORTED_VERSION = "0.9.16"

_VERSION_REQUEST = msgpack.packb([0, 0, "version", [[False]]])
_CONNECT_TIMEOUT_S = 5.0
_MAX_ANSWER_BYTES = 4096


def is_listening(host: str, port: int, *, timeout_s: float = 2.0) -> bool:
    """Whether anything accepts connections there; also a server that hangs, whose queue of connections is full."""
    try:
        socket.create_connection((host, port), timeout=timeout_s).close()
    except TimeoutError:
        return True
    except OSError:
        return False
    return True


def ask_version(host: str, port: int, *, timeout_s: float) -> str:
    """The version string of the CARLA server at ``host:port``.

    Raises:
        ServerNotFoundError: nothing listens there, or what listens does not answer as a CARLA server within the time.
    """
    deadline = time.monotonic() + timeout_s
    try:
        with socket.create_connection((host, port), timeout=min(_CONNECT_TIMEOUT_S, timeout_s)) as connection:
            connection.sendall(_VERSION_REQUEST)
            return _read_version(connection, deadline)
    except TimeoutError:
        seen = f"{host}:{port} did not answer within {timeout_s:.0f} s"
    except (OSError, ValueError, msgpack.UnpackException) as error:
        seen = f"nothing usable at {host}:{port} ({_reason(error)})"
    raise ServerNotFoundError(
        f"{seen}; expected a CARLA {SUPPORTED_VERSION} server. Start one there, for example with "
        f"`harness serve --port {port}`, or leave out --host and --port to use the embedded simulator."
    )


def require_supported(version: str, *, where: str) -> None:
    """Refuse any version but ours: struct layouts differ between releases, and a mismatch ends in a crash.

    Raises:
        ServerVersionError: another version. A local build's suffix, as in ``0.9.16-3-gabcdef``, is accepted.
    """
    if version.split("-")[0] != SUPPORTED_VERSION:
        raise ServerVersionError(
            f"the server at {where} is CARLA {version}, expected {SUPPORTED_VERSION}: "
            "start that version, or use the embedded simulator by leaving out --host and --port"
        )


def _read_version(connection: socket.socket, deadline: float) -> str:
    unpacker = msgpack.Unpacker(max_buffer_size=_MAX_ANSWER_BYTES)
    while True:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        connection.settimeout(remaining)
        received = connection.recv(1024)
        if not received:
            raise ValueError("it closed the connection")
        unpacker.feed(received)
        for message in unpacker:
            return _version_in(message)


def _version_in(message: object) -> str:
    """An answer is ``[1, 0, nil, [[1, "0.9.16"]]]``."""
    match message:
        case [1, 0, None, [[1, str(version)]]]:
            return version
        case _:
            raise ValueError("it does not speak CARLA's protocol")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
