from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim_scenarios.camera import MAX_SIDE_PX, MIN_SIDE_PX, CameraSpec, parse_planes, parse_size, parse_sizes
from sim_scenarios.errors import ScenarioError

sides = st.integers(MIN_SIDE_PX, MAX_SIDE_PX)


@given(sides, sides)
def test_a_size_reads_back(width: int, height: int) -> None:
    assert parse_size(f"{width}x{height}") == (width, height)


@given(st.text(max_size=12))
def test_any_text_is_a_size_in_range_or_our_error(text: str) -> None:
    with contextlib.suppress(ScenarioError):
        width, height = parse_size(text)
        assert MIN_SIDE_PX <= min(width, height) <= max(width, height) <= MAX_SIDE_PX


@pytest.mark.parametrize("text", ["", "320", "320x", "320x180x3", "8x180", "320x99999", "-320x180", "320.0x180"])
def test_bad_sizes(text: str) -> None:
    with pytest.raises(ScenarioError, match="size"):
        parse_size(text)


def test_sizes_keep_their_order() -> None:
    assert parse_sizes("640x360, 320X180") == ((640, 360), (320, 180))


@pytest.mark.parametrize("text", ["", ",", "320x180,320x180"])
def test_an_empty_list_or_a_repetition_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError):
        parse_sizes(text)


def test_another_size_is_another_camera_in_the_same_place() -> None:
    camera = CameraSpec(name="left", width=640, height=360, y=-0.5)
    small = camera.with_size(320, 180)
    assert (small.name, small.size) == ("left_320x180", (320, 180))
    assert small.model_dump(exclude={"name", "width", "height"}) == camera.model_dump(
        exclude={"name", "width", "height"}
    )
    with pytest.raises(ScenarioError):
        camera.with_size(1, 180)


@pytest.mark.parametrize("change", [{"fov": 180}, {"width": 8}, {"name": "a/b"}, {"z": float("nan")}, {"depth": 3}])
def test_fields_are_checked(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CameraSpec.model_validate(change)


def test_planes_have_one_order() -> None:
    assert CameraSpec(planes=("instance", "depth")).planes == ("depth", "instance")
    assert CameraSpec.model_validate({"planes": ["depth"]}).planes == ("depth",)
    assert CameraSpec().planes == ()
    assert parse_planes("instance, depth") == ("depth", "instance")
    assert parse_planes("instance") == ("instance",)


@pytest.mark.parametrize("planes", [["rgb"], ["depth", "depth"], "depth"])
def test_planes_that_do_not_exist_or_are_listed_twice_are_refused(planes: object) -> None:
    with pytest.raises(ValidationError):
        CameraSpec.model_validate({"planes": planes})


@pytest.mark.parametrize(("text", "said"), [("dept", "did you mean depth?"), ("", "no plane"), (",", "no plane")])
def test_bad_lists_of_planes(text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_planes(text)
    assert said in str(caught.value)
