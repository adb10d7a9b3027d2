from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from datasets.sample import Sample
from harness.recording.passes import SAME_ANGLE_DEG, SAME_PLACE_M, is_same_scene

POSE = (3.0, 4.0, 5.0, 0.0, 179.999, 0.0)


@pytest.mark.parametrize(
    ("pose", "is_same"),
    [
        (POSE, True),
        ((3.0, 4.0, 5.0 + 0.9 * SAME_PLACE_M, 0.0, 179.999, 0.0), True),
        ((3.0, 4.0, 5.0 + 1.1 * SAME_PLACE_M, 0.0, 179.999, 0.0), False),
        ((3.0, 4.0, 5.0, 0.0, -179.999, 0.0), True),
        ((3.0, 4.0, 5.0, 1.1 * SAME_ANGLE_DEG, 179.999, 0.0), False),
    ],
)
def test_the_camera_must_be_in_the_same_place(
    make_sample: Callable[..., Sample], pose: tuple[float, ...], is_same: bool
) -> None:
    one, other = make_sample(1, camera_transform=POSE), make_sample(1, camera_transform=pose)
    assert is_same_scene(one, other, tags_share=1.0) == is_same


@pytest.mark.parametrize(("share", "is_same"), [(1.0, False), (0.9, True)])
def test_and_see_the_same_things(make_sample: Callable[..., Any], share: float, is_same: bool) -> None:
    one, other = make_sample(1), make_sample(1)
    tags = other.tags.copy()
    tags[:1] = (tags[:1] + 1) % 29  # one row of eighteen
    assert is_same_scene(one, make_sample(1, tags=tags), tags_share=share) == is_same
    assert is_same_scene(one, make_sample(1, tags=np.zeros_like(tags)), tags_share=share) is False
