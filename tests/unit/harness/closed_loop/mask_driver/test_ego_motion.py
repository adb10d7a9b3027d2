"""The motion of the ego frame, against a car that really rolls."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.closed_loop.mask_driver.ego_motion import EgoMotion


@given(st.floats(-3, 20), st.floats(-1, 1), st.floats(0, 0.2))
def test_it_is_what_many_small_steps_make(speed: float, yaw_rate: float, step_s: float) -> None:
    rear, parts = -1.4, 2000
    x, y, yaw = rear, 0.0, 0.0
    for _ in range(parts):
        middle = yaw + 0.5 * yaw_rate * step_s / parts
        x += speed * step_s / parts * math.cos(middle)
        y += speed * step_s / parts * math.sin(middle)
        yaw += yaw_rate * step_s / parts
    motion = EgoMotion.rolled(speed=speed, yaw_rate=yaw_rate, step_s=step_s, rear_axle_x_m=rear)
    expected = (x - rear * math.cos(yaw), y - rear * math.sin(yaw), yaw)
    np.testing.assert_allclose((motion.x, motion.y, motion.yaw), expected, atol=1e-6)


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-3, 3))
def test_the_new_frame_keeps_distances_and_has_its_origin_where_the_car_is(x: float, y: float, yaw: float) -> None:
    motion = EgoMotion(x=x, y=y, yaw=yaw)
    ahead = np.array([[x, y], [x + 3 * math.cos(yaw), y + 3 * math.sin(yaw)]])
    np.testing.assert_allclose(motion.to_new(ahead), [[0, 0], [3, 0]], atol=1e-9)
