from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from harness.scoring.statistics.metrics import MEAN
from harness.scoring.worst import KeptFrame, WorstFrames, delete_unnamed, save_frames
from tests.unit.harness.scoring.made_cells import make_cell

NAMES = ("road", "car", "train")
BLANK = np.zeros((10, 10), dtype=np.uint8)


def regions(road: float, car: float | None = None) -> Any:
    """Counts with these IoUs, of 60 pixels of road and 40 of car."""
    cars = [0, 0, 0] if car is None else [round(40 * car), 0, 40 - round(40 * car)]
    return np.array([[round(60 * road), 0, 60 - round(60 * road)], cars, [0, 0, 0]])


def offered(*frames: Any, limit: int = 2, known: dict[str, float] | None = None) -> list[tuple[str, int, int]]:
    """Label, rank and tick of what is kept."""
    worst = WorstFrames("front", "net", NAMES, limit=limit, known=known or {})
    for tick, counts in enumerate(frames):
        worst.offer(tick, counts, rgb=np.zeros((10, 10, 3), dtype=np.uint8), truth=BLANK, prediction=BLANK)
    return [(each.label, each.rank, each.tick) for each in worst.frames]


def test_the_lowest_mean_and_the_lowest_of_each_class_are_kept() -> None:
    kept = offered(regions(0.5, 0.1), regions(0.1, 0.9), regions(0.2), regions(1.0, 0.1))
    assert kept == [(MEAN, 1, 2), (MEAN, 2, 0), ("road", 1, 1), ("car", 1, 0)]


def test_ties_go_to_the_earlier_frame() -> None:
    kept = offered(regions(0.5, 0.5), regions(0.5, 0.5))
    assert kept == [(MEAN, 1, 0), (MEAN, 2, 1), ("road", 1, 0), ("car", 1, 0)]


def test_a_class_is_kept_only_where_it_is_as_low_as_what_is_known() -> None:
    frames = (regions(0.5, 0.25),)
    assert ("car", 1, 0) in offered(*frames, known={"car": 0.25})
    assert ("car", 1, 0) not in offered(*frames, known={"car": 0.2})
    assert (MEAN, 1, 0) in offered(*frames, known={"car": 0.0, "road": 0.0})


def test_a_class_must_be_there_to_be_seen() -> None:
    worst = WorstFrames("front", "net", NAMES, limit=1, known={})
    large = np.zeros((100, 100), dtype=np.uint8)
    counts = np.array([[9981, 10, 0], [0, 0, 10], [0, 10, 9]])  # 10 pixels are 0.1 %
    worst.offer(0, counts, rgb=np.zeros((100, 100, 3), dtype=np.uint8), truth=large, prediction=large)
    assert [each.label for each in worst.frames] == [MEAN, "road", "car"]


def test_a_frame_without_any_class_is_not_kept_and_none_are_where_none_are_asked_for() -> None:
    assert offered(np.zeros((3, 3), dtype=np.int64)) == []
    assert offered(regions(0.5, 0.1), limit=0) == []


def kept_frame(label: str, tick: int, *, model: str = "net") -> KeptFrame:
    rng = np.random.default_rng(tick)
    rgb, masks = rng.integers(0, 256, (10, 12, 3), dtype=np.uint8), rng.integers(0, 3, (2, 10, 12), dtype=np.uint8)
    return KeptFrame(
        camera="front", model=model, label=label, rank=1, tick=tick, iou=0.5, rgb=rgb, truth=masks[0],
        prediction=masks[1],
    )  # fmt: skip


def test_images_are_written_once_and_read_back_as_they_were(tmp_path: Path) -> None:
    cell, other = (
        make_cell(weather="ClearNoon:fog_density=60"),
        make_cell(weather="ClearNoon:fog_density=60", model="b"),
    )
    frames = [kept_frame(MEAN, 3), kept_frame("car", 3), kept_frame("road", 7), kept_frame("car", 3, model="b")]
    rows = save_frames(tmp_path, [*((cell, frame) for frame in frames[:3]), (other, frames[3])])
    assert [(row.label, row.rank, row.tick, row.iou) for row in rows] == [
        (MEAN, 1, 3, 0.5), ("car", 1, 3, 0.5), ("road", 1, 7, 0.5), ("car", 1, 3, 0.5),
    ]  # fmt: skip
    assert rows[0].images == rows[1].images
    assert rows[0].images["rgb"] == rows[3].images["rgb"], "nets share what was seen"
    assert len(list(tmp_path.rglob("*.png"))) == 3 + 3 + 1
    for row, frame in zip(rows, frames, strict=True):
        for kind in ("truth", "prediction"):
            seen = cv2.imread(str(tmp_path / row.images[kind]), cv2.IMREAD_UNCHANGED)
            np.testing.assert_array_equal(seen, getattr(frame, kind))
        np.testing.assert_array_equal(cv2.imread(str(tmp_path / row.images["rgb"]))[..., ::-1], frame.rgb)


@pytest.mark.parametrize("other", [{"repeat": 2}, {"width": 64}, {"fov": 60.5}, {"weather": "Fog"}, {"scenario": "x"}])
def test_other_cells_do_not_share_files(tmp_path: Path, other: dict[str, Any]) -> None:
    first, second = save_frames(
        tmp_path, [(make_cell(), kept_frame(MEAN, 3)), (make_cell(**other), kept_frame(MEAN, 3))]
    )
    assert not set(first.images.values()) & set(second.images.values())


def test_images_that_no_row_names_are_deleted(tmp_path: Path) -> None:
    north, east = save_frames(
        tmp_path, [(make_cell("north"), kept_frame(MEAN, 3)), (make_cell("east"), kept_frame("car", 4))]
    )
    (tmp_path / "scenarios.csv").write_text("not an image of ours")
    delete_unnamed(tmp_path, [north])
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"scenarios.csv", *north.images.values()}
    assert not (tmp_path / "frames" / "east").exists()
    delete_unnamed(tmp_path, [])
    assert not list((tmp_path / "frames").iterdir())
    delete_unnamed(tmp_path / "nowhere", [])
    assert east.images.keys() == north.images.keys()
