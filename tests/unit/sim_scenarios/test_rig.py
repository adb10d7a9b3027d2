from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.camera import CameraSpec
from sim_scenarios.errors import ScenarioError
from sim_scenarios.rig import NAMED_CAMERAS, as_agreed, load_rig, parse_cameras, parse_fovs, vary_cameras

FRONT = NAMED_CAMERAS["front"]

RIG = """\
cameras:
  - name: front
    fov: 60
  - name: back
    x: -2
    yaw: 180
    planes: [instance, depth]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "rig.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_named_cameras_look_all_around() -> None:
    assert NAMED_CAMERAS["front"] == CameraSpec()
    assert sorted(camera.yaw % 360.0 for camera in NAMED_CAMERAS.values()) == [0.0, 90.0, 180.0, 270.0]
    assert {camera.fov for camera in NAMED_CAMERAS.values()} == {90.0}
    assert all(name == camera.name for name, camera in NAMED_CAMERAS.items())


def test_cameras_keep_the_order_in_which_they_are_named() -> None:
    assert [camera.name for camera in parse_cameras("rear, front")] == ["rear", "front"]


def test_named_cameras_take_over_what_the_cameras_of_a_scenario_agree_on() -> None:
    wide = CameraSpec(name="wide", width=480, height=270, fov=110.0, z=1.2, planes=("depth",))
    (rear,) = as_agreed([NAMED_CAMERAS["rear"]], [wide])
    assert rear == NAMED_CAMERAS["rear"].model_copy(
        update={"width": 480, "height": 270, "fov": 110.0, "planes": ("depth",)}
    )
    tele = wide.model_copy(update={"name": "tele", "fov": 30.0, "height": 480})
    assert as_agreed([rear], [wide, tele]) == (rear,)
    (kept,) = as_agreed([NAMED_CAMERAS["rear"]], [wide, tele])
    assert (kept.size, kept.fov, kept.planes) == ((640, 360), 90.0, ("depth",))


@pytest.mark.parametrize(
    ("text", "said"),
    [("frnt", "did you mean front?"), ("", "no camera"), ("front,front", "twice"), ("top", "Known: front, rear")],
)
def test_cameras_that_cannot_be_meant(text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_cameras(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", [RIG, "\n".join(line[2:] for line in RIG.splitlines()[1:])])
def test_a_rig_file_is_a_list_of_cameras(tmp_path: Path, text: str) -> None:
    front, back = load_rig(write(tmp_path, text))
    assert (front.name, front.fov, front.x) == ("front", 60.0, FRONT.x)
    assert (back.name, back.yaw, back.planes) == ("back", 180.0, ("depth", "instance"))


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("fov: 60", "fov: 200", 3, "expected less than 179"),
        ("fov: 60", "fow: 60", 3, "did you mean fov?"),
        ("[instance, depth]", "[instance, dept]", 7, "'depth' or 'instance'"),
        ("[instance, depth]", "[depth, depth]", 7, "listed twice"),
        ("yaw: 180", "x: 3", 6, "given twice"),
    ],
)
def test_an_error_names_the_line_and_a_remedy(
    tmp_path: Path, bare: bool, old: str, new: str, line: int, said: str
) -> None:
    text = RIG.replace(old, new)
    if bare:
        text, line = text.partition("\n")[2], line - 1
    path = write(tmp_path, text)
    with pytest.raises(ScenarioError) as caught:
        load_rig(path)
    assert str(caught.value).startswith(f"{path}:{line}:"), caught.value
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found nothing"),
        ("3", "found a number"),
        ("[]", "cameras"),
        ("kameras: []", "did you mean cameras?"),
        ("[{name: a}, {name: A}]", "same name"),
    ],
)
def test_what_is_no_rig_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_rig(write(tmp_path, text))
    assert said in str(caught.value)


def test_a_missing_rig_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_rig(tmp_path / "rig.yaml")


def test_fields_of_view() -> None:
    assert parse_fovs("60, 90.5") == (60.0, 90.5)
    for text in ("", "wide", "60,60", "179", "1", "nan"):
        with pytest.raises(ScenarioError, match="field of view"):
            parse_fovs(text)


def names(cameras: tuple[CameraSpec, ...]) -> list[str]:
    return [camera.name for camera in cameras]


def test_a_name_says_what_tells_cameras_apart() -> None:
    pair = (FRONT, NAMED_CAMERAS["rear"])
    assert vary_cameras(pair) == pair
    assert names(vary_cameras(pair, sizes=[(320, 180)], fovs=[60.0])) == ["front", "rear"]
    assert names(vary_cameras([FRONT], sizes=[(320, 180), (64, 36)])) == ["front_320x180", "front_64x36"]
    assert names(vary_cameras([FRONT], fovs=[62.5, 90.0])) == ["front_fov62_5", "front_fov90"]
    assert names(vary_cameras([FRONT], sizes=[(320, 180), (64, 36)], fovs=[60.0, 90.0])) == [
        "front_320x180_fov60",
        "front_320x180_fov90",
        "front_64x36_fov60",
        "front_64x36_fov90",
    ]


@given(
    st.lists(st.sampled_from(sorted(NAMED_CAMERAS)), min_size=1, unique=True),
    st.lists(st.tuples(st.integers(16, 8192), st.integers(16, 8192)), max_size=3, unique=True),
    st.lists(st.integers(2, 178).map(float), max_size=3, unique=True),
    st.lists(st.sampled_from(["depth", "instance"]), unique=True),
)
def test_every_camera_has_every_size_and_angle_once(
    chosen: list[str], sizes: list[tuple[int, int]], fovs: list[float], planes: list[str]
) -> None:
    cameras = [NAMED_CAMERAS[name] for name in chosen]
    varied = vary_cameras(cameras, sizes=sizes, fovs=fovs, planes=planes)  # type: ignore[arg-type]
    assert len(set(names(varied))) == len(varied) == len(cameras) * max(1, len(sizes)) * max(1, len(fovs))
    assert {camera.size for camera in varied} == (set(sizes) or {FRONT.size})
    assert {camera.fov for camera in varied} == (set(fovs) or {FRONT.fov})
    assert {camera.planes for camera in varied} == {tuple(sorted(planes))}
    for camera in varied:
        assert CameraSpec.model_validate(camera.model_dump()) == camera


def test_planes_are_added_to_those_of_a_camera() -> None:
    camera = CameraSpec(planes=("instance",))
    assert vary_cameras([camera])[0].planes == ("instance",)
    assert vary_cameras([camera], planes=["depth"])[0].planes == ("depth", "instance")


def test_names_that_are_too_long_or_equal_are_refused() -> None:
    with pytest.raises(ScenarioError, match="name is"):
        vary_cameras([CameraSpec(name="a" * 40)], fovs=[60.0, 90.0])
    with pytest.raises(ScenarioError, match="FRONT_64x36"):
        vary_cameras([FRONT, CameraSpec(name="FRONT")], sizes=[(64, 36), (96, 54)])
