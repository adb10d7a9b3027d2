"""Trigger boxes of lights, against numpy: all boxes and all places at once."""

from __future__ import annotations

import numpy as np

from sim_scenarios.embedded_simulator.physics.light_boxes import light_boxes_at


def test_the_first_box_that_a_place_is_in() -> None:
    rng = np.random.default_rng(4)
    places = np.column_stack(
        [rng.uniform(-30.0, 30.0, (400, 2)), rng.uniform(-3.0, 3.0, 400), rng.uniform(-180, 180, 400)]
    )
    yaws = rng.uniform(-np.pi, np.pi, 40)
    boxes = np.column_stack(
        [
            rng.uniform(-30.0, 30.0, (40, 2)), rng.uniform(-1.0, 1.0, 40), np.cos(yaws), np.sin(yaws),
            rng.uniform(1.0, 8.0, (40, 3)), rng.uniform(-180.0, 180.0, 40),
        ]
    )  # fmt: skip
    away = places[:, None, :3] - boxes[None, :, :3]
    along = away[..., 0] * boxes[:, 3] + away[..., 1] * boxes[:, 4]
    across = away[..., 1] * boxes[:, 3] - away[..., 0] * boxes[:, 4]
    turned = np.abs((places[:, None, 3] - boxes[:, 8] + 180.0) % 360.0 - 180.0)
    inside = (np.abs(along) <= boxes[:, 5]) & (np.abs(across) <= boxes[:, 6]) & (turned <= 60.0)
    inside &= np.abs(away[..., 2]) <= boxes[:, 7] + 1.5
    expected = np.where(inside.any(axis=1), inside.argmax(axis=1), -1)
    assert 50 < (expected >= 0).sum() < 350
    assert light_boxes_at(places, boxes, 1.5, 60.0).tolist() == expected.tolist()
