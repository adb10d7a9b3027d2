from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datasets.errors import ShardError
from datasets.sample import MAX_DEPTH_CODE, Sample, depth_metres


def _fields(**changes: Any) -> dict[str, Any]:
    fields = {
        "frame": 1,
        "timestamp_s": 0.5,
        "rgb": np.zeros((4, 6, 3), np.uint8),
        "tags": np.zeros((4, 6), np.uint8),
        "camera_transform": (0.0,) * 6,
    }
    return {**fields, **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rgb": np.zeros((4, 6, 4), np.uint8)}, r"rgb is uint8 \(4, 6, 4\), expected uint8 \(H, W, 3\)"),
        ({"rgb": np.zeros((4, 6, 3), np.float32)}, "rgb is float32"),
        ({"rgb": np.zeros((0, 6, 3), np.uint8), "tags": np.zeros((0, 6), np.uint8)}, "rgb is"),
        ({"tags": np.zeros((6, 4), np.uint8)}, r"tags: uint8 \(6, 4\), expected uint8 \(4, 6\)"),
        ({"tags": np.zeros((4, 6), np.int64)}, "tags: int64"),
        ({"depth": np.zeros((4, 6), np.float32)}, r"depth: float32 \(4, 6\), expected uint32"),
        ({"depth": np.zeros((4, 6, 1), np.uint32)}, "depth: uint32"),
        ({"instance": np.zeros((4, 6), np.uint8)}, "instance: uint8"),
        ({"instance": np.zeros((4, 5), np.uint16)}, "instance: uint16"),
        ({"frame": -1}, "frame is -1"),
        ({"frame": 2**64}, "frame is"),
        ({"timestamp_s": float("nan")}, "not finite"),
        ({"camera_transform": (0.0,) * 5}, "camera transform"),
        ({"camera_transform": (0.0, 0.0, float("inf"), 0.0, 0.0, 0.0)}, "not finite"),
    ],
)
def test_what_cannot_be_a_sample_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ShardError, match=message):
        Sample(**_fields(**changes))


def test_arrays_are_kept_as_given() -> None:
    fields = _fields()
    sample = Sample(**fields)
    assert sample.rgb is fields["rgb"]
    assert sample.tags is fields["tags"]


def test_depth_in_metres() -> None:
    codes = np.array([[0, 1, MAX_DEPTH_CODE // 2, MAX_DEPTH_CODE]], np.uint32)
    metres = depth_metres(codes)
    assert metres.dtype == np.float32
    assert metres[0, 0] == 0
    assert metres[0, 3] == 1000
    assert metres[0, 1:3] == pytest.approx([1000 / (2**24 - 1), 500], rel=1e-6)
