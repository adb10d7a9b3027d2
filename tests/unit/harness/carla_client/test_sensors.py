from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import carla
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.sensors import (
    number_cast,
    to_depth,
    to_instance,
    to_pair,
    to_rgb,
    to_tags,
    why_not_a_pair,
)
from sim_scenarios.camera import CameraSpec

SPEC = CameraSpec(width=20, height=16)


def pixels() -> bytes:
    return np.random.default_rng(0).integers(0, 256, (16, 20, 4), np.uint8).tobytes()


def here(x: float = 1.0) -> carla.Transform:
    return carla.Transform(carla.Location(x, 2.0, 3.0), carla.Rotation(4.0, 5.0, 6.0))


@dataclass
class ReceivedImage:
    """The fields of ``carla.Image``, which cannot be constructed."""

    frame: int = 7
    timestamp: float = 0.35
    width: int = 20
    height: int = 16
    raw_data: bytes = field(default_factory=pixels)
    transform: carla.Transform = field(default_factory=here)


def images(**changed: ReceivedImage | None) -> dict[str, Any]:
    return {"rgb": ReceivedImage(), "tags": ReceivedImage()} | changed


def test_channels_are_told_apart() -> None:
    image = ReceivedImage()
    bgra = np.frombuffer(image.raw_data, np.uint8).reshape(16, 20, 4)
    blue, green, red = (bgra[..., i].astype(np.uint32) for i in range(3))
    rgb, tags, depth, instance = to_rgb(image), to_tags(image), to_depth(image), to_instance(image)
    np.testing.assert_array_equal(rgb, bgra[..., [2, 1, 0]])
    np.testing.assert_array_equal(tags, bgra[..., 2])
    np.testing.assert_array_equal(depth, red + 256 * green + 65536 * blue)
    np.testing.assert_array_equal(instance, green + 256 * blue)
    assert (depth.dtype, instance.dtype) == (np.uint32, np.uint16)
    for array in (rgb, tags, depth, instance):
        assert array.flags.c_contiguous
        assert array.dtype.isnative
        assert not np.shares_memory(array, bgra)


def test_a_pair_has_the_planes_that_there_are_images_of() -> None:
    numbers = number_cast([])
    pair = to_pair(images(), numbers)
    assert (pair.depth, pair.instance) == (None, None)
    pair = to_pair(images(depth=ReceivedImage(), instance=ReceivedImage()), numbers)
    assert pair.depth is not None
    np.testing.assert_array_equal(pair.depth, to_depth(ReceivedImage()))
    np.testing.assert_array_equal(pair.instance, to_instance(ReceivedImage()))


@given(st.lists(st.integers(1, 2**16 - 1), max_size=40, unique=True), st.integers(0, 3))
def test_the_cast_is_numbered_and_nothing_becomes_one(ids: list[int], wraps: int) -> None:
    table = number_cast([each + wraps * 2**16 for each in ids])
    assert [int(table[each]) for each in ids] == list(range(1, len(ids) + 1))
    np.testing.assert_array_equal(np.sort(table), np.arange(2**16))
    others = np.setdiff1d(np.arange(2**16), [*ids, *range(1, len(ids) + 1)])
    np.testing.assert_array_equal(table[others], others)


def test_a_pair_is_a_pair() -> None:
    assert why_not_a_pair(images(), SPEC) is None
    assert why_not_a_pair(images(tags=ReceivedImage(transform=here(1.00005))), SPEC) is None
    assert why_not_a_pair(images(depth=ReceivedImage(), instance=ReceivedImage()), SPEC) is None


@pytest.mark.parametrize("plane", ["tags", "depth", "instance"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"frame": 8}, "unpaired frame: rgb is of frame 7, {plane} of 8"),
        ({"timestamp": 0.4}, "unpaired time: rgb is of 0.35 s, {plane} of 0.4 s"),
        ({"transform": here(1.001)}, "unpaired pose: rgb was taken at"),
        ({"width": 24}, "wrong size: {plane} is 24x16"),
        ({"raw_data": pixels()[:-80]}, "wrong size: {plane} is 20x16 in 1200 bytes, expected 20x16 in 1280"),
    ],
)
def test_what_does_not_match_is_no_pair(plane: str, change: dict[str, Any], said: str) -> None:
    reason = why_not_a_pair(images(**{plane: ReceivedImage(**change)}), SPEC)
    assert reason is not None
    assert reason.startswith(said.format(plane=plane))


def test_missing_images_are_named() -> None:
    assert why_not_a_pair(images(rgb=None), SPEC) == "missing: rgb"
    assert why_not_a_pair(images(rgb=None, tags=None), SPEC) == "missing: rgb and tags"
    assert why_not_a_pair(images(depth=None), SPEC) == "missing: depth"
