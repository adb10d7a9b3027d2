from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from datasets.errors import ShardError
from harness.streams import read_streams


def test_shards_of_one_stream_are_joined_in_their_order(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("city", frames=range(4, 7), sequence=1)
    made.drive("city", frames=range(4), sequence=0)
    made.drive("city", frames=range(2), weather="DenseFog")
    made.drive("city", frames=range(3), camera="left")
    streams = read_streams(made.recording)
    assert [(stream.weather, stream.camera, len(stream)) for stream in streams] == [
        ("ClearNoon", "front", 7),
        ("DenseFog", "front", 2),
        ("ClearNoon", "left", 3),
    ]
    assert streams[0].index["frame"].tolist() == list(range(7))


def test_frames_are_read_across_shards(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("city", frames=range(4), sequence=0)
    made.drive("city", frames=range(4, 7), sequence=1)
    stream = read_streams(made.recording)[0]
    found = list(stream.read([1, 3, 4, 6]))
    assert [sample.frame for sample in found] == [1, 3, 4, 6]
    np.testing.assert_array_equal(found[2].tags, made.sample(4).tags)


def test_bytes_are_those_of_all_planes(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("plain", frames=range(2))
    made.drive("deep", frames=range(2), planes=("depth", "instance"))
    plain, deep = (stream.shards[0] for stream in read_streams(made.recording))
    assert (plain.decoded_bytes, deep.decoded_bytes) == (2 * 24 * 32 * 4, 2 * 24 * 32 * 10)
    assert deep.planes == ("rgb", "tags", "depth", "instance")


def test_a_damaged_frame_is_an_error(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    path = made.drive("city", frames=range(3))
    stream = read_streams(made.recording)[0]
    content = bytearray(path.read_bytes())
    chunk = _offset_of_a_chunk(path)
    content[chunk] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ShardError):
        list(stream.read([0, 1, 2]))


def _offset_of_a_chunk(path: Any) -> int:
    import h5py

    with h5py.File(path) as file:
        return int(file["rgb"].id.get_chunk_info(1).byte_offset) + 20
