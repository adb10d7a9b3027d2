"""Exact bytes of tokens, subscriptions and framed messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.streams import (
    MessageDecoder,
    SubscriptionDecoder,
    Token,
    frame_message,
    pack_subscription,
    pack_token,
    unpack_token,
)

TOKENS = [
    (
        Token(stream_id=1, port=2001, host="127.0.0.1"),
        "01000000 d107 01 01 7f000001 000000000000000000000000",
    ),
    (Token(stream_id=70000, port=65535), "70110100 ffff 01 00 00000000000000000000000000000000"),
    (Token(stream_id=2, port=2001, host="::1"), "02000000 d107 01 02 00000000000000000000000000000001"),
]


@pytest.mark.parametrize(("token", "packed"), TOKENS)
def test_token_bytes(token: Token, packed: str) -> None:
    assert pack_token(token) == bytes.fromhex(packed)
    assert unpack_token(bytes.fromhex(packed)) == token


@pytest.mark.parametrize(
    "packed", [b"", bytes(23), bytes(25), bytes(24), bytes.fromhex(TOKENS[0][1])[:7] + bytes([9]) + bytes(16)]
)
def test_what_is_no_token_is_refused(packed: bytes) -> None:
    with pytest.raises(WireError, match="token"):
        unpack_token(packed)


def test_subscription_bytes() -> None:
    assert pack_subscription(258) == bytes.fromhex("02010000")
    assert SubscriptionDecoder().feed(bytes.fromhex("02010000")) == 258


def test_subscription_byte_by_byte_and_with_trailing_data() -> None:
    decoder = SubscriptionDecoder()
    assert [decoder.feed(bytes([byte])) for byte in (2, 1, 0)] == [None, None, None]
    assert decoder.feed(bytes.fromhex("00 ff")) == 258


def test_framed_message_bytes() -> None:
    parts = frame_message([b"head", memoryview(b"pixels")])
    assert b"".join(parts) == bytes.fromhex("0a000000") + b"headpixels"


def test_large_parts_are_not_copied() -> None:
    pixels = memoryview(bytearray(1000))
    assert frame_message([b"head", pixels])[2] is pixels


def test_an_empty_message_cannot_be_framed() -> None:
    with pytest.raises(WireError, match="at least one byte"):
        frame_message([b""])


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8), st.integers(1, 20))
def test_messages_survive_any_cutting(messages: list[bytes], step: int) -> None:
    stream = b"".join(b"".join(frame_message([message])) for message in messages)
    decoder = MessageDecoder()
    received = [message for i in range(0, len(stream), step) for message in decoder.feed(stream[i : i + step])]
    assert received == messages
