"""Frames as files: every pixel as it was seen, a row for every tick, and whole or not there."""

from __future__ import annotations

import csv
import resource
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from datasets.errors import DiskError, ShardError
from datasets.labels import CARLA_29
from harness.carla_client.observation import Observation
from harness.replaying.frame_folder import COLUMNS, FrameFolder

MakeObservation = Callable[..., Observation]


@pytest.fixture
def folder(tmp_path: Path) -> FrameFolder:
    return FrameFolder(tmp_path / "one.ClearNoon", camera="front", palette=CARLA_29.palette)


def files_in(path: Path) -> set[str]:
    return {each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file()}


def rows_of(folder: FrameFolder) -> list[dict[str, str]]:
    with (folder.path / "index.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_what_was_seen_reads_back_to_the_last_bit(folder: FrameFolder, make_observation: MakeObservation) -> None:
    seen = [make_observation(tick) for tick in (0, 3, 6)]
    with folder:
        for observation in seen:
            folder.add(observation)
    for observation, row in zip(seen, rows_of(folder), strict=True):
        pair = observation.cameras["front"]
        np.testing.assert_array_equal(cv2.imread(str(folder.path / row["rgb"]))[:, :, ::-1], pair.rgb)
        tags = cv2.imread(str(folder.path / row["tags"]), cv2.IMREAD_UNCHANGED)
        assert tags.dtype == np.uint8
        np.testing.assert_array_equal(tags, pair.tags)
        with Image.open(folder.path / row["colors"]) as colors:
            np.testing.assert_array_equal(np.asarray(colors), pair.tags)
            np.testing.assert_array_equal(np.asarray(colors.convert("RGB")), CARLA_29.palette[pair.tags])


def test_the_table_is_exact(folder: FrameFolder, make_observation: MakeObservation) -> None:
    with folder:
        folder.add(make_observation(0))
        folder.add(make_observation(3, gap="missing: no image of rgb"))
        folder.add(make_observation(6))
    pose = {"ego_y": "-1.5", "ego_z": "0.25", "ego_pitch": "0.0", "ego_yaw": "90.0", "ego_roll": "0.0", "gap": ""}
    first, lost, last = rows_of(folder)
    assert tuple(first) == COLUMNS
    names = {kind: f"{kind}/000000.png" for kind in ("rgb", "tags", "colors")}
    assert first == {"tick": "0", "time_s": "0.0", "ego_x": "0.0", **pose, **names}
    assert (lost["tick"], lost["ego_x"], lost["rgb"], lost["gap"]) == ("3", "3.0", "", "missing: no image of rgb")
    assert float(last["time_s"]) == 6 * 0.05
    assert folder.num_frames == 2
    listed = {row[kind] for row in (first, last) for kind in names}
    assert files_in(folder.path) == listed | {"index.csv"}
    again = FrameFolder(folder.path, camera="front", palette=CARLA_29.palette)
    assert (again.is_complete, again.num_frames) == (True, 2)


def test_a_folder_that_was_left_holds_whole_files_and_is_written_again(
    folder: FrameFolder, make_observation: MakeObservation
) -> None:
    def stop_after_one() -> None:
        with folder:
            folder.add(make_observation(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_after_one()
    assert not folder.is_complete
    assert files_in(folder.path) == {"rgb/000000.png", "tags/000000.png", "colors/000000.png"}
    (folder.path / "rgb" / ".000003.png.77.part").write_bytes(b"half")  # as a killed process leaves it
    with folder:
        folder.add(make_observation(0))
        folder.add(make_observation(3))
    assert folder.is_complete
    assert len(files_in(folder.path)) == 7


def test_a_folder_that_cannot_be_written_is_an_error_with_its_reason(
    folder: FrameFolder, make_observation: MakeObservation
) -> None:
    folder.path.write_bytes(b"a file in the way")
    with pytest.raises(ShardError, match="cannot be written"), folder:
        pass


def test_a_file_that_grows_no_further_is_an_error_of_the_disk(
    folder: FrameFolder, make_observation: MakeObservation
) -> None:
    """The kernel's limit of a file's size stands for a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def write() -> None:
        with folder:
            folder.add(make_observation(0))

    resource.setrlimit(resource.RLIMIT_FSIZE, (512, limits[1]))
    try:
        with pytest.raises(DiskError, match="File too large"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not folder.is_complete
    assert files_in(folder.path) == set()
