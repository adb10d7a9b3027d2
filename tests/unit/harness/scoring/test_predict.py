from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from datasets.labels import CARLA_29
from harness.errors import DataError, UsageError
from harness.scoring.predict import predict


def write_image(path: Path, red: int, *, size: tuple[int, int] = (20, 12)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    bgr = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    bgr[..., 2] = red
    bgr[: size[1] // 4, :, 2] = 11
    assert cv2.imwrite(str(path), bgr)
    return path


def test_an_image_becomes_a_mask_and_an_overlay(net: Any, tmp_path: Path) -> None:
    source = write_image(tmp_path / "in" / "street.png", red=14)
    told: list[tuple[str, int, int]] = []
    summary = predict(net, [source], tmp_path / "out", progress=lambda *step: told.append(step))
    (row,) = summary.rows
    assert row.mask == tmp_path / "out" / "street_mask.png"
    assert (row.width, row.height) == (20, 12)
    assert row.shares == {"Car": 0.75, "Sky": 0.25}
    mask = cv2.imread(str(row.mask), cv2.IMREAD_COLOR)
    overlay = cv2.imread(str(row.overlay), cv2.IMREAD_COLOR)
    assert mask is not None
    assert overlay is not None
    assert mask[-1, 0, ::-1].tolist() == list(CARLA_29.classes[14].color)
    assert overlay[-1, 0, ::-1].tolist() == [7, 0, 71], "half of (14, 0, 0), half of the class's (0, 0, 142)"
    assert told == [("predict", 1, 1)]


def test_a_folder_keeps_its_sub_folders(net: Any, tmp_path: Path) -> None:
    write_image(tmp_path / "in" / "a.png", red=1)
    write_image(tmp_path / "in" / "deep" / "a.PNG", red=1)
    (tmp_path / "in" / "notes.txt").write_text("not an image")
    summary = predict(net, [tmp_path / "in"], tmp_path / "out")
    assert [row.mask.relative_to(tmp_path / "out").as_posix() for row in summary.rows] == [
        "a_mask.png",
        "deep/a_mask.png",
    ]


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n\x00\x00"])
def test_an_unreadable_image_is_named_and_the_others_are_predicted(net: Any, tmp_path: Path, content: bytes) -> None:
    good = write_image(tmp_path / "good.png", red=1)
    bad = tmp_path / "bad.png"
    bad.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.png is not an image that can be read"):
        predict(net, [bad, good], tmp_path / "out")
    assert (tmp_path / "out" / "good_mask.png").exists()


def test_missing_and_empty_sources_are_named(net: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.jpg cannot be read: No such file"):
        predict(net, [tmp_path / "nothing.jpg"], tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty holds no image"):
        predict(net, [tmp_path / "empty"], tmp_path / "out")
    with pytest.raises(UsageError, match="nothing to predict"):
        predict(net, [], tmp_path / "out")


def test_two_images_of_one_name_are_refused_before_anything_is_written(net: Any, tmp_path: Path) -> None:
    sources = [write_image(tmp_path / folder / "a.png", red=1) for folder in ("x", "y")]
    with pytest.raises(UsageError, match=r"x/a\.png and .*y/a\.png would both be written to"):
        predict(net, sources, tmp_path / "out")
    assert not (tmp_path / "out").exists()
