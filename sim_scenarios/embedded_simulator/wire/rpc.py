"""msgpack-rpc as CARLA's client speaks it (LibCarla/source/carla/rpc/{Client,Server,Metadata,Response}.h).

A connection is a plain sequence of msgpack objects without length prefixes.

* Request ``[0, msgid, "method", [metadata, arg, ...]]`` with metadata ``[is_async]``. An "asynchronous" call is an
  ordinary request whose answer the client drops; it is answered all the same, because the client keeps a slot for
  it.
* Response ``[1, msgid, error, result]``; ``error`` is nil on success.
* A result of type ``Response<T>`` is a struct around a variant, ``Response<void>`` a struct around an optional error.

The decoder knows nothing of sockets: feed it bytes in pieces of any size and take the requests that are complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgpack

from sim_scenarios.embedded_simulator.wire.errors import WireError, shown

REQUEST, RESPONSE = 0, 1

MAX_REQUEST_BYTES = 32 << 20
"""The largest real request is a texture of 2048 x 2048 pixels. What is unpacked can take thirty times as much."""
_BUFFER_BYTES = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One call: arguments without the metadata."""

    msgid: int
    method: str
    arguments: tuple[Any, ...]
    is_async: bool


class RequestDecoder:
    """Collects bytes of one connection and gives the requests in them, in order.

    Nothing is made of a request before it is there as a whole: until then only its end is looked for. An array that
    claims four billion items costs nothing but the patience of the one who sends it.
    """

    def __init__(self) -> None:
        self._end_finder = _end_finder()
        self._received = bytearray()
        self._offset = 0
        """Of ``_received`` in all that the end finder was given."""

    @property
    def held_bytes(self) -> int:
        """Of a request that is not complete."""
        return len(self._received)

    def feed(self, data: bytes) -> list[Request]:
        """Returns the requests that ``data`` completes.

        Raises:
            WireError: The bytes are not msgpack-rpc requests; the connection cannot be resynchronised.
        """
        try:
            self._end_finder.feed(data)
            self._received += data
            return [_request(_unpacked(message)) for message in self._complete_messages()]
        except (msgpack.exceptions.UnpackException, ValueError, TypeError) as error:  # TypeError: a map as a map's key
            reason = str(error) or type(error).__name__
            raise WireError(f"expected msgpack-rpc requests, got bytes that end in {data[-16:]!r}: {reason}") from error

    def _complete_messages(self) -> list[bytes]:
        messages = []
        begin = 0
        while True:
            try:
                self._end_finder.skip()
            except msgpack.exceptions.OutOfData:
                break
            end = self._end_finder.tell() - self._offset
            messages.append(bytes(self._received[begin:end]))
            begin = end
        del self._received[:begin]
        self._offset += begin
        if begin > _BUFFER_BYTES and not self._received:  # a buffer that has grown does not shrink
            self._end_finder, self._offset = _end_finder(), 0
        return messages


def _end_finder() -> msgpack.Unpacker:
    return msgpack.Unpacker(read_size=_BUFFER_BYTES, max_buffer_size=MAX_REQUEST_BYTES, max_array_len=2**32)


def _unpacked(message: bytes) -> Any:
    # surrogateescape: CARLA's strings are byte strings, and a stray byte must not end the connection.
    return msgpack.unpackb(message, use_list=False, strict_map_key=False, unicode_errors="surrogateescape")


def _request(message: Any) -> Request:
    match message:
        case [int(kind), int(msgid), str(method), [[bool(is_async)], *arguments]] if kind == REQUEST:
            return Request(msgid=msgid, method=method, arguments=tuple(arguments), is_async=is_async)
    raise WireError(f"expected [0, msgid, method, [[is_async], ...]], got {shown(message)}")


def pack_request(request: Request) -> bytes:
    """The client's side, for tests and probes."""
    return _pack([REQUEST, request.msgid, request.method, [[request.is_async], *request.arguments]])


def pack_response(msgid: int, result: Any) -> bytes:
    """A successful answer; ``result`` is already wrapped (or bare, where the protocol wants it bare)."""
    return _pack([RESPONSE, msgid, None, result])


def pack_failure(msgid: int, reason: str) -> bytes:
    """An rpc-level failure (unknown method, wrong argument count): the client raises ``rpc::rpc_error``."""
    return _pack([RESPONSE, msgid, reason, None])


def value(result: Any) -> list[Any]:
    """``Response<T>`` holding a value."""
    return [[1, result]]


def value_error(reason: str) -> list[Any]:
    """``Response<T>`` holding an error."""
    return [[0, [reason]]]


def done() -> list[Any]:
    """``Response<void>`` without error."""
    return [[False]]


def done_error(reason: str) -> list[Any]:
    """``Response<void>`` with an error."""
    return [[True, [reason]]]


def _pack(message: Any) -> bytes:
    packed: bytes = msgpack.packb(message, use_bin_type=True, unicode_errors="surrogateescape")
    return packed
