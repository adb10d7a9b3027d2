from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.scoring.views import label_sizes, plan_views, resize_ids
from sim_scenarios.camera import CameraSpec
from sim_scenarios.errors import ScenarioError

MOUNTING = CameraSpec(name="front", fov=70.0, x=0.5, planes=("instance",))


def test_sizes_of_one_aspect_ratio_are_scored_at_the_largest() -> None:
    views = plan_views(MOUNTING, [(320, 180), (640, 360), (640, 480), (213, 120)], [90.0], with_depth=True)
    heads = {view.camera.size: view.label_camera for view in views}
    wide, tall = "640x360_fov90", "640x480_fov90"
    assert heads == {(320, 180): wide, (640, 360): wide, (640, 480): tall, (213, 120): wide}
    assert label_sizes(views)[213, 120, 90.0] == (640, 360)
    assert [view.camera.planes for view in views] == [(), ("depth",), ("depth",), ()]


@pytest.mark.parametrize(("width", "is_same"), [(211, False), (212, True), (215, True), (216, False)])
def test_an_aspect_ratio_is_the_same_within_a_pixel(width: int, is_same: bool) -> None:
    # At a height of 120, 640x360 is 213.3 wide; and 212 and 215 wide it is 119.3 and 120.9 high.
    sizes = label_sizes(plan_views(MOUNTING, [(640, 360), (width, 120)], [90.0], with_depth=False))
    assert sizes[width, 120, 90.0] == ((640, 360) if is_same else (width, 120))


def test_each_field_of_view_is_a_view_of_its_own() -> None:
    views = plan_views(MOUNTING, [(640, 360), (320, 180)], [60.5, 90], with_depth=False)
    names = [view.camera.name for view in views]
    assert names == ["640x360_fov60p5", "640x360_fov90", "320x180_fov60p5", "320x180_fov90"]
    assert [view.label_camera for view in views] == [names[0], names[1], names[0], names[1]]
    assert [view.camera.fov for view in views] == [60.5, 90.0, 60.5, 90.0]
    assert {view.camera.planes for view in views} == {()}
    assert {(view.camera.x, view.camera.yaw) for view in views} == {(0.5, 0.0)}


@given(st.lists(st.tuples(st.integers(16, 300), st.integers(16, 300)), min_size=1, max_size=6, unique=True))
def test_every_label_camera_is_scored_on_itself_and_is_no_smaller(sizes: list[tuple[int, int]]) -> None:
    views = plan_views(MOUNTING, sizes, [90.0], with_depth=True)
    cameras = {view.camera.name: view for view in views}
    assert len(cameras) == len(sizes)
    for view in views:
        assert CameraSpec.model_validate(view.camera.model_dump()) == view.camera
        head = cameras[view.label_camera]
        assert head.is_label_camera
        assert head.camera.width * head.camera.height >= view.camera.width * view.camera.height


def test_a_size_that_no_camera_has_is_an_error() -> None:
    with pytest.raises(ScenarioError):
        plan_views(MOUNTING, [(8, 8)], [90.0], with_depth=False)


@pytest.mark.parametrize("size", [(640, 360), (320, 180), (64, 40), (1920, 1080), (7, 5)])
def test_ids_are_resized_as_torch_does_it(size: tuple[int, int]) -> None:
    ids = np.random.default_rng(1).integers(0, 256, (40, 64), dtype=np.uint8)
    planes = torch.from_numpy(ids)[None, None]
    expected = torch.nn.functional.interpolate(planes, size[::-1], mode="nearest-exact")[0, 0].numpy()
    np.testing.assert_array_equal(resize_ids(ids, size), expected)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 9), st.integers(1, 9))
def test_whole_multiples_repeat_each_pixel(times_x: int, times_y: int, height: int, width: int) -> None:
    ids = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    larger = resize_ids(ids, (width * times_x, height * times_y))
    np.testing.assert_array_equal(larger, ids.repeat(times_y, axis=0).repeat(times_x, axis=1))
    if times_x % 2 and times_y % 2:  # the middle of an odd number of pixels is one of them
        np.testing.assert_array_equal(resize_ids(larger, (width, height)), ids)


@given(st.integers(1, 300), st.integers(1, 900))
def test_a_pixel_takes_the_one_that_its_centre_lies_in(length: int, new_length: int) -> None:
    taken = resize_ids(np.arange(length, dtype=np.uint16)[None].astype(np.uint16), (new_length, 1))[0]  # type: ignore[arg-type]
    expected = [int(Fraction(2 * x + 1, 2 * new_length) * length) for x in range(new_length)]
    assert taken.tolist() == expected
