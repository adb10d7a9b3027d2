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


@pytest.fixture
def names(tmp_path: Path) -> dict[str, str]:
    """A kept frame of 8 x 4 pixels, by kind."""
    truth = np.zeros((4, 8), dtype=np.uint8)
    truth[0, 0] = 255
    pictures = {"rgb": np.full((4, 8, 3), (10, 20, 30), dtype=np.uint8), "truth": truth, "prediction": truth // 255}
    for kind, picture in pictures.items():
        assert cv2.imwrite(str(tmp_path / f"{kind}.png"), picture)
    return {kind: f"{kind}.png" for kind in pictures}


def test_a_kept_frame_is_read(tmp_path: Path, names: dict[str, str]) -> None:
    rgb, truth, prediction = read_frame(tmp_path, **names)
    assert rgb.shape == (4, 8, 3)
    assert rgb[0, 0].tolist() == [30, 20, 10]
    assert truth[0, 0] == 255
    assert prediction[0].tolist() == [1] + [0] * 7


def test_a_smaller_picture_is_enlarged_to_the_size_that_was_scored(tmp_path: Path, names: dict[str, str]) -> None:
    small = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3)
    cv2.imwrite(str(tmp_path / "rgb.png"), small)
    rgb, truth, _ = read_frame(tmp_path, **names)
    assert truth.shape == (4, 8)
    np.testing.assert_array_equal(rgb[..., ::-1], small.repeat(2, axis=0).repeat(2, axis=1))


def test_images_that_are_missing_damaged_or_of_another_size_are_named(tmp_path: Path, names: dict[str, str]) -> None:
    with pytest.raises(DataError, match=r"gone\.png is missing, but worst\.csv lists it"):
        read_frame(tmp_path, **{**names, "truth": "gone.png"})
    (tmp_path / "bad.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=r"bad\.png is not an image"):
        read_frame(tmp_path, **{**names, "truth": "bad.png"})
    cv2.imwrite(str(tmp_path / "other.png"), np.zeros((2, 4), dtype=np.uint8))
    with pytest.raises(DataError, match=r"other\.png is 4 x 2 pixels, its truth truth\.png is 8 x 4"):
        read_frame(tmp_path, **{**names, "prediction": "other.png"})
    cv2.imwrite(str(tmp_path / "square.png"), np.zeros((4, 4, 3), dtype=np.uint8))
    with pytest.raises(DataError, match="which is another shape"):
        read_frame(tmp_path, **{**names, "rgb": "square.png"})


def test_tables_cannot_name_files_outside_their_folder(tmp_path: Path, names: dict[str, str]) -> None:
    inner = tmp_path / "scores"
    inner.mkdir()
    with pytest.raises(DataError, match="outside"):
        read_frame(inner, **{kind: f"../{name}" for kind, name in names.items()})
