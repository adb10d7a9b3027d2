from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import carla
import numpy as np
import pytest

from harness.carla_client.sensors import to_rgb, to_tags, why_not_a_pair
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
    width: int = 20
    height: int = 16
    raw_data: bytes = field(default_factory=pixels)
    transform: carla.Transform = field(default_factory=here)


def test_channels_are_told_apart() -> None:
    image = ReceivedImage()
    bgra = np.frombuffer(image.raw_data, np.uint8).reshape(16, 20, 4)
    rgb, tags = to_rgb(image), to_tags(image)
    np.testing.assert_array_equal(rgb, bgra[..., [2, 1, 0]])
    np.testing.assert_array_equal(tags, bgra[..., 2])
    for array in (rgb, tags):
        assert array.flags.c_contiguous
        assert not np.shares_memory(array, bgra)


def test_a_pair_is_a_pair() -> None:
    assert why_not_a_pair(ReceivedImage(), ReceivedImage(), SPEC) is None
    assert why_not_a_pair(ReceivedImage(), ReceivedImage(transform=here(1.00005)), SPEC) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"frame": 8}, "rgb is of frame 7, tags of 8"),
        ({"transform": here(1.001)}, "rgb was taken at"),
        ({"width": 24}, "tags is 24x16"),
        ({"raw_data": pixels()[:-80]}, "tags is 20x16 in 1200 bytes"),
    ],
)
def test_what_does_not_match_is_no_pair(change: dict[str, Any], said: str) -> None:
    reason = why_not_a_pair(ReceivedImage(), ReceivedImage(**change), SPEC)
    assert reason is not None
    assert reason.startswith(said)


def test_missing_images_are_named() -> None:
    assert why_not_a_pair(None, ReceivedImage(), SPEC) == "rgb missing"
    assert why_not_a_pair(ReceivedImage(), None, SPEC) == "tags missing"
    assert why_not_a_pair(None, None, SPEC) == "rgb and tags missing"
