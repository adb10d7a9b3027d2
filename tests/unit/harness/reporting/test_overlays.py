from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from harness.errors import DataError
from harness.reporting.overlays import (
    NOT_SCORED,
    WRONG,
    error_map,
    one_picture,
    palette_of,
    panels,
    read_frame,
    thumbnail,
)
from harness.reporting.source import LabelColor

LABELS = [LabelColor(name="road", color=(128, 64, 128)), LabelColor(name="car", color=(0, 0, 142))]
TRUTH = np.array([[0, 1], [255, 0]], dtype=np.uint8)
PREDICTION = np.array([[0, 0], [1, 0]], dtype=np.uint8)
RGB = np.full((2, 2, 3), 90, dtype=np.uint8)
NAMES = {kind: f"frames/east/HardRain/000007_{kind}.png" for kind in ("rgb", "truth", "prediction")}


def test_the_error_map_tells_right_wrong_and_not_scored_apart() -> None:
    picture = error_map(RGB, TRUTH, PREDICTION)
    assert picture.tolist() == [[[30, 30, 30], list(WRONG)], [list(NOT_SCORED), [30, 30, 30]]]


def test_masks_are_shown_in_the_colours_of_their_classes() -> None:
    pictures = panels(RGB, TRUTH, PREDICTION, palette_of(LABELS))
    assert list(pictures) == ["input", "truth", "prediction", "error"]
    assert pictures["truth"].tolist() == [[[128, 64, 128], [0, 0, 142]], [[0, 0, 0], [128, 64, 128]]]
    assert pictures["prediction"][1, 0].tolist() == [0, 0, 142]


def test_one_picture_holds_all_four_enlarged() -> None:
    masks = np.zeros((45, 80), dtype=np.uint8)
    picture = one_picture(panels(np.zeros((45, 80, 3), dtype=np.uint8), masks, masks, palette_of(LABELS)))
    height, width = picture.shape[:2]
    assert width == 2 * 6 * 80 + 4
    assert height > 2 * 6 * 45
    assert picture[100, -5].tolist() == [128, 64, 128], "truth lies at the top right"


def test_a_thumbnail_is_no_wider_than_the_page_shows_it() -> None:
    assert thumbnail(np.zeros((1080, 1920, 3), dtype=np.uint8)).shape == (270, 480, 3)
    small = np.zeros((45, 80, 3), dtype=np.uint8)
    assert thumbnail(small) is small


def test_a_kept_frame_is_read(score_folder: Path) -> None:
    rgb, truth, prediction = read_frame(score_folder, **NAMES)
    assert rgb.shape == (4, 8, 3)
    assert truth[0, 0] == 255
    assert prediction[0, 1] == 1


def test_images_that_are_missing_damaged_or_of_another_size_are_named(score_folder: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png is missing, but worst\.csv lists it"):
        read_frame(score_folder, **{**NAMES, "truth": "gone.png"})
    (score_folder / "bad.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=r"bad\.png is not an image"):
        read_frame(score_folder, **{**NAMES, "truth": "bad.png"})
    other = score_folder / "frames" / "other.png"
    cv2.imwrite(str(other), np.zeros((2, 2), dtype=np.uint8))
    with pytest.raises(DataError, match=r"is 2 x 2 pixels, its picture .* is 8 x 4"):
        read_frame(score_folder, **{**NAMES, "prediction": "frames/other.png"})


def test_tables_cannot_name_files_outside_their_folder(score_folder: Path) -> None:
    (score_folder.parent / "secret.png").write_bytes((score_folder / NAMES["rgb"]).read_bytes())
    with pytest.raises(DataError, match="outside"):
        read_frame(score_folder, **{**NAMES, "rgb": "../secret.png"})
