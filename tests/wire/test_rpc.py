"""Exact bytes of msgpack-rpc as CARLA speaks it, both ways: whole, byte by byte, with trailing data."""

from __future__ import annotations

import tracemalloc

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.wire import rpc
from sim_scenarios.embedded_simulator.wire.errors import WireError, shown
from sim_scenarios.embedded_simulator.wire.rpc import Request, RequestDecoder

# (request, the bytes the client puts on the wire for it)
REQUESTS = [
    (
        Request(msgid=0, method="version", arguments=(), is_async=False),
        bytes.fromhex("9400 00 a7 76657273696f6e 91 91c2"),
    ),
    (
        Request(msgid=5, method="tick_cue", arguments=(), is_async=False),
        bytes.fromhex("9400 05 a8 7469636b5f637565 91 91c2"),
    ),
    (
        Request(msgid=300, method="set_actor_location", arguments=(7, (1.0, -2.0, 0.5)), is_async=True),
        bytes.fromhex("9400 cd012c b2 7365745f6163746f725f6c6f636174696f6e 93 91c3 07 93")
        + bytes.fromhex("cb3ff0000000000000 cbc000000000000000 cb3fe0000000000000"),
    ),
]


@pytest.mark.parametrize(("request_", "packed"), REQUESTS)
def test_request_bytes(request_: Request, packed: bytes) -> None:
    assert rpc.pack_request(request_) == packed
    assert RequestDecoder().feed(packed) == [request_]


@pytest.mark.parametrize(("request_", "packed"), REQUESTS)
def test_request_byte_by_byte(request_: Request, packed: bytes) -> None:
    decoder = RequestDecoder()
    received = [decoder.feed(packed[i : i + 1]) for i in range(len(packed))]
    assert received[:-1] == [[]] * (len(packed) - 1)
    assert received[-1] == [request_]


def test_requests_with_trailing_data() -> None:
    stream = b"".join(packed for _, packed in REQUESTS)
    decoder = RequestDecoder()
    cut = len(stream) - 3
    assert decoder.feed(stream[:cut]) == [request for request, _ in REQUESTS[:-1]]
    assert decoder.feed(stream[cut:]) == [REQUESTS[-1][0]]


def test_floats_of_both_widths_are_read() -> None:
    single = msgpack.packb([0, 1, "x", [[True], 0.5]], use_single_float=True)
    (request,) = RequestDecoder().feed(single)
    assert request.arguments == (0.5,)


@given(st.binary(min_size=1, max_size=200))
def test_garbage_is_either_refused_or_incomplete(data: bytes) -> None:
    try:
        requests = RequestDecoder().feed(data)
    except WireError:
        return
    assert all(isinstance(request, Request) for request in requests)


@pytest.mark.parametrize(
    "message",
    [
        b"GET / HTTP/1.1\r\n",
        msgpack.packb([1, 0, None, None]),  # a response
        msgpack.packb([2, "notify", []]),
        msgpack.packb([0, 0, "version", []]),  # no metadata
        msgpack.packb([0, "0", "version", [[False]]]),
        b"\x81\x80\x00",  # a map whose key is a map
        b"\x91" * 100_000,
    ],
)
def test_what_is_no_request_is_refused(message: bytes) -> None:
    with pytest.raises(WireError, match="expected"):
        RequestDecoder().feed(message)


def test_a_stray_byte_in_a_string_survives() -> None:
    (request,) = RequestDecoder().feed(bytes.fromhex("94 00 00 a1 78 92 91c2 a1 ff"))
    assert rpc.pack_request(request).endswith(bytes.fromhex("a1ff"))


@pytest.mark.parametrize(
    ("packed", "expected"),
    [
        (rpc.pack_response(3, rpc.value("0.9.16")), "940103c0 91 92 01 a6 302e392e3136"),
        (rpc.pack_response(3, rpc.value_error("no")), "940103c0 91 92 00 91 a26e6f"),
        (rpc.pack_response(3, rpc.done()), "940103c0 91 91 c2"),
        (rpc.pack_response(3, rpc.done_error("no")), "940103c0 91 92 c3 91 a26e6f"),
        (rpc.pack_response(3, [rpc.value(24)]), "940103c0 91 91 92 01 18"),  # a batch: bare array of Response<ActorId>
        (rpc.pack_failure(3, "no"), "940103 a26e6f c0"),
        (rpc.pack_response(3, rpc.value([b"\x01\x02"])), "940103c0 91 92 01 91 c4020102"),  # Token: [bin]
    ],
)
def test_response_bytes(packed: bytes, expected: str) -> None:
    assert packed == bytes.fromhex(expected)


def test_what_is_only_announced_takes_no_memory() -> None:
    """Arrays in arrays, each said to have 4 million items: 300 lists of 32 MiB, were they made."""
    decoder = RequestDecoder()
    tracemalloc.start()
    try:
        assert decoder.feed(b"\xdd\x00\x40\x00\x00" * 300) == []
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_held_bytes_are_those_of_an_unfinished_request() -> None:
    (_, packed), decoder = REQUESTS[2], RequestDecoder()
    decoder.feed(packed * 3000 + packed[:7])
    assert decoder.held_bytes == 7
    assert len(decoder.feed(packed[7:] + packed)) == 2
    assert decoder.held_bytes == 0


@pytest.mark.parametrize("value", [[[[[[[]]]]]] * 1000, "x" * 10**6, b"x" * 10**6, msgpack.ExtType(4, b"x" * 10**6)])
def test_what_was_got_is_shown_briefly(value: object) -> None:
    assert 0 < len(shown(value)) <= 200
    assert len(shown([value] * 100)) <= 200
