from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datasets.errors import ShardError
from datasets.sample import Sample


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
        ({"tags": np.zeros((6, 4), np.uint8)}, r"tags are uint8 \(6, 4\), expected uint8 \(4, 6\)"),
        ({"tags": np.zeros((4, 6), np.int64)}, "tags are int64"),
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
