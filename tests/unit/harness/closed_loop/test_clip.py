"""The film of an episode's end: what is kept, what is drawn where, and that the file plays."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from datasets.labels import LabelClass, LabelSet
from harness.carla_client.route_plan import Command
from harness.closed_loop.clip import BAND_PX, CORRIDOR_SHARE, MASK_SHARE, ClipMaker, corridor_sides
from harness.closed_loop.policy import DriverState, Explanation, VehicleControl
from harness.errors import DataError
from sim_scenarios.camera import CameraSpec

CAMERA = CameraSpec(width=480, height=270, fov=90.0, x=1.5, y=0.0, z=2.0)
GREY = np.full((270, 480, 3), 100, np.uint8)
LABELS = LabelSet(
    name="two", classes=(LabelClass(name="road", color=(200, 0, 0)), LabelClass(name="other", color=(0, 0, 200)))
)
AHEAD = np.stack([np.linspace(3.0, 40.0, 24), np.zeros(24)], axis=1).astype(np.float32)


def clip_of(explanation: Explanation | None, *, label_set: LabelSet | None = None) -> np.ndarray:
    maker = ClipMaker(CAMERA, label_set)
    maker.add(tick=0, time_s=0.0, rgb=GREY, explanation=explanation, control=VehicleControl(), speed=5.0)
    return maker.frames[0]


def at(picture: np.ndarray, x_m: float, y_m: float) -> np.ndarray:
    """The pixel of a place on the ground, by the pinhole written out: f = 240, camera 1.5 m ahead and 2 m up."""
    depth = x_m - 1.5
    return picture[math.floor(135 + 240 * 2.0 / depth), math.floor(240 + 240 * y_m / depth)].astype(int)


def test_the_corridor_is_drawn_where_the_pinhole_says() -> None:
    picture = clip_of(Explanation(center_line=AHEAD, corridor_width_m=3.0))
    light = round(100 + CORRIDOR_SHARE * 155)
    for x in (6.0, 8.0, 11.0):
        assert (at(picture, x, 0.0) > 170).all(), "the middle"
        for side in (-1.5, 1.5):
            assert (at(picture, x, side) > 170).all(), "a side"
            assert abs(at(picture, x, side * 0.5) - light).max() <= 1, "inside"
            assert (at(picture, x, side * 1.5) == 100).all(), "outside"


def test_a_corridor_to_the_right_is_on_the_right() -> None:
    bent = AHEAD + np.stack([np.zeros(24), 0.01 * AHEAD[:, 0] ** 2], axis=1).astype(np.float32)
    picture = clip_of(Explanation(center_line=bent, corridor_width_m=2.0))
    assert (at(picture, 10.0, 1.0) > 150).all()
    assert (at(picture, 10.0, -1.0) == 100).all()


def test_a_hazard_is_marked_at_its_distance_from_the_bumper() -> None:
    picture = clip_of(Explanation(center_line=AHEAD, corridor_width_m=3.0, hazard_distance_m=8.0))
    red, _, blue = at(picture, 8.0 + 2.4, 0.7)
    assert red > 200
    assert blue < 120
    assert (at(clip_of(Explanation(center_line=AHEAD, corridor_width_m=3.0)), 8.0 + 2.4, 0.7) < 150).all()


def test_the_mask_lies_lightly_over_the_picture() -> None:
    mask = np.zeros((270, 480), np.uint8)
    mask[:, 240:] = 1
    picture = clip_of(Explanation(mask=mask), label_set=LABELS)
    mixed = [round(100 * (1 - MASK_SHARE) + MASK_SHARE * value) for value in (200, 0)]
    assert np.abs(picture[100, 100].astype(int) - [mixed[0], mixed[1], mixed[1]]).max() <= 1
    assert np.abs(picture[100, 300].astype(int) - [mixed[1], mixed[1], mixed[0]]).max() <= 1
    assert (clip_of(Explanation(mask=mask))[:-BAND_PX] == 100).all(), "without a label set there are no colours"


def test_a_driver_that_knows_nothing_has_a_plain_picture() -> None:
    for explanation in (None, Explanation(), Explanation(center_line=np.full((24, 2), np.nan, np.float32))):
        assert (clip_of(explanation)[:-BAND_PX] == 100).all()


def test_words_differ_with_what_they_say() -> None:
    states = [Explanation(state=state, reason="no road") for state in DriverState]
    bands = {clip_of(each)[-BAND_PX:].tobytes() for each in [*states, None]}
    assert len(bands) == len(DriverState) + 1
    maker = ClipMaker(CAMERA, None, frames_per_s=20)
    still = VehicleControl()
    for tick, command in enumerate((None, *Command)):
        maker.add(tick=tick, time_s=tick / 20, rgb=GREY, explanation=None, control=still, speed=0, command=command)
    assert len({frame.tobytes() for frame in maker.frames}) == 5


def test_only_the_last_seconds_are_kept_evenly() -> None:
    maker = ClipMaker(CAMERA, None, seconds=2.0, frames_per_s=5.0)
    for tick in range(200):
        rgb = np.full_like(GREY, tick)
        maker.add(tick=tick, time_s=tick * 0.05, rgb=rgb, explanation=None, control=VehicleControl(), speed=0.0)
    shades = [int(frame[0, 0, 0]) for frame in maker.frames]
    assert shades == list(range(160, 200, 4))
    assert maker.num_frames == 10


def test_the_file_plays_and_is_the_same_again(tmp_path: Path) -> None:
    for name in ("one.webp", "two.webp"):
        maker = ClipMaker(CAMERA, LABELS, seconds=1.0)
        for tick in range(40):
            rgb = np.full_like(GREY, 3 * tick)
            maker.add(tick=tick, time_s=tick * 0.05, rgb=rgb, explanation=None, control=VehicleControl(), speed=0.0)
        maker.save(tmp_path / "clips" / name)
    one = (tmp_path / "clips/one.webp").read_bytes()
    assert one == (tmp_path / "clips/two.webp").read_bytes()
    with PillowImage.open(tmp_path / "clips/one.webp") as film:
        assert film.size == (480, 270 + BAND_PX)
        assert film.n_frames == 5
        assert film.info["loop"] == 0
        shades = []
        for index in range(film.n_frames):
            film.seek(index)
            shades.append(int(np.asarray(film.convert("RGB"))[100, 100, 0]))
    np.testing.assert_allclose(shades, [3 * tick for tick in (20, 24, 28, 32, 36)], atol=3)
    assert [path.name for path in (tmp_path / "clips").iterdir() if path.name.startswith(".")] == []


def test_a_film_is_smaller_than_its_camera() -> None:
    maker = ClipMaker(CAMERA.with_size(640, 480), None, width=320)
    rgb = np.zeros((480, 640, 3), np.uint8)
    maker.add(tick=0, time_s=0.0, rgb=rgb, explanation=None, control=VehicleControl(), speed=0.0)
    assert maker.frames[0].shape == (240 + BAND_PX, 320, 3)


def test_nothing_and_the_wrong_picture_are_refused(tmp_path: Path) -> None:
    maker = ClipMaker(CAMERA, None)
    with pytest.raises(DataError, match="without a picture"):
        maker.save(tmp_path / "clip.webp")
    with pytest.raises(DataError, match=r"shape \(10, 10, 3\).*expected \(270, 480, 3\)"):
        maker.add(
            tick=0, time_s=0, rgb=np.zeros((10, 10, 3), np.uint8), explanation=None, control=VehicleControl(), speed=0
        )  # fmt: skip


def test_the_sides_of_a_corridor_are_half_its_width_away() -> None:
    angle = np.linspace(0, 1.2, 30)
    middle = np.stack([30 * np.sin(angle), 30 * (1 - np.cos(angle))], axis=1)  # to the right
    left, right = corridor_sides(middle, 3.0)
    center = np.array([0.0, 30.0])
    np.testing.assert_allclose(np.linalg.norm(left - center, axis=1), 31.5, atol=0.02)
    np.testing.assert_allclose(np.linalg.norm(right - center, axis=1), 28.5, atol=0.02)
