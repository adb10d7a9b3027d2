from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from datasets.errors import ShardError
from datasets.labels import CARLA_29
from datasets.sample import depth_metres
from harness.errors import DataError, UsageError
from harness.viewing.view_file import Choice, has_screen, write_view

RrdReader = pytest.importorskip("rerun.chunk", reason="the extra 'view' is not installed").RrdReader

Columns = dict[str, dict[str, list[Any]]]


def _read(path: Path) -> Columns:
    """What rerun's own reader finds: entity -> column -> values in the order of their frame numbers."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for chunk in RrdReader(path).stream():
        table = chunk.to_record_batch().to_pydict()
        rows.setdefault(chunk.entity_path, []).extend(
            {name: values[row] for name, values in table.items()} for row in range(chunk.num_rows)
        )
    columns: Columns = {}
    for entity, found in rows.items():
        for cells in sorted(found, key=lambda cells: cells.get("frame", -1)):
            for name, value in cells.items():
                columns.setdefault(entity, {}).setdefault(name, []).append(value)
    return columns


def _bytes(cell: Any) -> bytes:
    return np.array(cell[0], np.uint8).tobytes()


def test_entities_times_and_pixels_come_back(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    planes, frames = ("depth", "instance"), range(0, 20, 2)
    made = new_recording()
    made.drive("city", frames=frames, planes=planes)
    made.drive("city", frames=frames, planes=planes, weather="DenseFog", gain=0.5)
    written = write_view(made.root, tmp_path / "city.rrd", choice=Choice(), lossless=True)
    assert (written.frames, written.streams) == (20, 2)
    found = _read(written.path)
    for weather, gain in (("ClearNoon", 1.0), ("DenseFog", 0.5)):
        camera = f"/city/{weather}/front"
        assert {camera, f"{camera}_path", f"{camera}/instance"} <= set(found)
        for place, frame in enumerate(frames):
            sample = made.sample(frame, gain=gain, planes=planes)
            assert found[f"{camera}/tags"]["frame"][place] == frame
            assert _bytes(found[f"{camera}/tags"]["SegmentationImage:buffer"][place]) == sample.tags.tobytes()
            assert _bytes(found[f"{camera}/rgb"]["Image:buffer"][place]) == sample.rgb.tobytes()
            metres = depth_metres(sample.depth).tobytes()
            assert _bytes(found[f"{camera}/depth"]["DepthImage:buffer"][place]) == metres
            assert _bytes(found[f"{camera}/instance"]["SegmentationImage:buffer"][place]) == sample.instance.tobytes()
    seconds = [time.total_seconds() for time in found["/city/ClearNoon/front"]["simulated_time"]]
    np.testing.assert_allclose(seconds, np.array(frames) * 0.05)


def test_poses_lens_and_classes_are_right_handed_and_named(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    made = new_recording()
    made.drive("city", frames=range(3))
    found = _read(write_view(made.root, tmp_path / "city.rrd", choice=Choice()).path)
    camera = found["/city/ClearNoon/front"]
    np.testing.assert_allclose(camera["Transform3D:translation"][2][0], (11.0, 5.0, 2.0))
    np.testing.assert_allclose(camera["Transform3D:mat3x3"][0][0], np.eye(3).ravel(), atol=1e-6)
    np.testing.assert_allclose(camera["Pinhole:resolution"][0][0], (32, 24))
    np.testing.assert_allclose(camera["Pinhole:image_from_camera"][0][0], (16, 0, 0, 0, 16, 0, 16, 12, 1))
    path = found["/city/ClearNoon/front_path"]["LineStrips3D:strips"][0][0]
    np.testing.assert_allclose(path, [(10, 5, 2), (10.5, 5, 2), (11, 5, 2)])
    context = str(found["/city/ClearNoon/front/tags"]["AnnotationContext:context"])
    assert all(label.name in context for label in CARLA_29.classes)


def test_pictures_are_jpeg_unless_told_otherwise(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    made = new_recording()
    made.drive("city", frames=range(1))
    found = _read(write_view(made.root, tmp_path / "city.rrd", choice=Choice()).path)["/city/ClearNoon/front/rgb"]
    assert found["EncodedImage:media_type"] == [["image/jpeg"]]
    decoded = cv2.imdecode(np.frombuffer(_bytes(found["EncodedImage:blob"][0]), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(decoded[..., ::-1].astype(int) - made.sample(0).rgb).mean() < 12


def test_only_what_was_chosen_is_written(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    made = new_recording()
    for scenario in ("one", "two"):
        for camera in ("front", "left"):
            made.drive(scenario, frames=range(7), camera=camera)
    choice = Choice(scenarios=("two",), cameras=("left",), every=3)
    found = _read(write_view(made.root, tmp_path / "part.rrd", choice=choice).path)
    assert {entity.split("/")[1] for entity in found if not entity.startswith("/__")} == {"two"}
    assert found["/two/ClearNoon/left/rgb"]["frame"] == [0, 3, 6]
    assert not any("front" in entity for entity in found)


@pytest.mark.parametrize("choice", [Choice(scenarios=("on",)), Choice(weathers=("Fog",)), Choice(cameras=("rear",))])
def test_what_is_not_there_is_said(choice: Choice, new_recording: Callable[..., Any], tmp_path: Path) -> None:
    made = new_recording()
    made.drive("one", frames=range(1))
    with pytest.raises(UsageError, match=r"it has (one|ClearNoon|front)"):
        write_view(made.root, tmp_path / "part.rrd", choice=choice)
    assert not list(tmp_path.glob("*.rrd"))


def test_pictures_from_elsewhere_have_neither_pose_nor_lens(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    made = new_recording()
    samples = [replace(made.sample(frame), camera_transform=(0.0,) * 6) for frame in range(2)]
    made.add(samples, scenario="street scenes", weather="", camera={"name": ""}, town="", server_version="")
    found = _read(write_view(made.root, tmp_path / "part.rrd", choice=Choice()).path)
    assert "/street\\ scenes/weather/camera/tags" in found
    assert not any(entity.endswith("_path") for entity in found)
    assert not any(name.startswith("Pinhole") for columns in found.values() for name in columns)


def test_a_damaged_shard_leaves_no_file(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    made = new_recording()
    path = made.drive("one", frames=range(3))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(bytes(content))
    with pytest.raises(ShardError):
        write_view(made.root, tmp_path / "part.rrd", choice=Choice())
    assert not list(tmp_path.glob("*.rrd*")) + list(tmp_path.glob(".*"))


def test_a_place_that_cannot_be_written(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    made = new_recording()
    made.drive("one", frames=range(1))
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot write .* another place with --save"):
        write_view(made.root, tmp_path / "file" / "a.rrd", choice=Choice())


def test_an_empty_recording(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="without a finished shard"):
        write_view(new_recording().root, tmp_path / "part.rrd", choice=Choice())


def test_without_rerun_the_extra_is_named(
    new_recording: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = new_recording()
    made.drive("one", frames=range(1))
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(UsageError, match=r"carla-loop-harness\[view\]"):
        write_view(made.root, tmp_path / "part.rrd", choice=Choice())


def test_a_screen_on_linux_has_a_name() -> None:
    assert not has_screen("linux", {})
    assert not has_screen("linux", {"DISPLAY": ""})
    assert has_screen("linux", {"DISPLAY": ":0"})
    assert has_screen("linux", {"WAYLAND_DISPLAY": "wayland-0"})
    assert has_screen("darwin", {})
