"""The streaming protocol: tokens, the 4-byte subscription, and length-prefixed messages.

A client gets a token by RPC, connects to the address in it, sends the stream id (u32) and from then on only reads
messages ``u32 length + bytes``. Length 0 counts as an error in the client, so no empty message exists. Sources:
LibCarla/source/carla/streaming/detail/{Token.h, tcp/Client.cpp, tcp/ServerSession.cpp}. Little endian, packed.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from sim_scenarios.embedded_simulator.wire.errors import WireError

_TOKEN = struct.Struct("<IHBB16s")
_LENGTH = struct.Struct("<I")
_PROTOCOL_TCP = 1
_ADDRESS_NONE, _ADDRESS_V4, _ADDRESS_V6 = 0, 1, 2

TOKEN_BYTES = _TOKEN.size
SUBSCRIPTION_BYTES = _LENGTH.size

Part = bytes | bytearray | memoryview


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """Where a stream can be had."""

    stream_id: int
    port: int
    host: str | None = None
    """An IP address; None makes the client use the host it connected to."""


def pack_token(token: Token) -> bytes:
    """24 bytes."""
    if token.host is None:
        kind, address = _ADDRESS_NONE, b""
    else:
        parsed = ipaddress.ip_address(token.host)
        kind, address = (_ADDRESS_V4 if parsed.version == 4 else _ADDRESS_V6), parsed.packed
    return _TOKEN.pack(token.stream_id, token.port, _PROTOCOL_TCP, kind, address)


def unpack_token(data: bytes) -> Token:
    """Inverse of ``pack_token``.

    Raises:
        WireError: Not 24 bytes, or not a TCP token.
    """
    if len(data) != TOKEN_BYTES:
        raise WireError(f"expected a token of {TOKEN_BYTES} bytes, got {len(data)}")
    stream_id, port, protocol, kind, address = _TOKEN.unpack(data)
    if protocol != _PROTOCOL_TCP or kind not in (_ADDRESS_NONE, _ADDRESS_V4, _ADDRESS_V6):
        raise WireError(f"expected a TCP token, got protocol {protocol} with address type {kind}")
    if kind == _ADDRESS_NONE:
        return Token(stream_id=stream_id, port=port)
    packed = address[:4] if kind == _ADDRESS_V4 else address
    return Token(stream_id=stream_id, port=port, host=str(ipaddress.ip_address(packed)))


class SubscriptionDecoder:
    """Takes the four bytes with which a client names the stream it wants; what follows them is ignored."""

    def __init__(self) -> None:
        self._received = b""

    def feed(self, data: bytes) -> int | None:
        """Returns the stream id once it is complete, else None."""
        self._received = (self._received + data)[:SUBSCRIPTION_BYTES]
        if len(self._received) < SUBSCRIPTION_BYTES:
            return None
        stream_id: int = _LENGTH.unpack(self._received)[0]
        return stream_id


def pack_subscription(stream_id: int) -> bytes:
    """The client's side of ``SubscriptionDecoder``."""
    return _LENGTH.pack(stream_id)


def frame_message(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Prefixes the total length; image-sized parts are passed on, never copied."""
    length = sum(len(part) for part in parts)
    if length == 0:
        raise WireError("expected a message of at least one byte: the client treats length 0 as a broken stream")
    return (_LENGTH.pack(length), *parts)


class MessageDecoder:
    """The client's side of ``frame_message``: bytes of any size in, complete messages out."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Returns the messages that ``data`` completes."""
        self._received += data
        messages = []
        while len(self._received) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._received)[0]
            if len(self._received) < end:
                break
            messages.append(bytes(self._received[_LENGTH.size : end]))
            del self._received[:end]
        return messages
