from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.labels import CARLA_29
from harness.errors import DataError, UsageError
from harness.prediction.predict import parse_kinds, predict
from harness.prediction.video import VideoWriter, read_video


class RedChannelNet:
    """Predicts the class that the red channel holds."""

    label_set = CARLA_29
    origin: Mapping[str, Any] = {}

    def predict(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.minimum(rgb[..., 0], 28)


@pytest.fixture
def net() -> RedChannelNet:
    return RedChannelNet()


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
    assert row.files["mask"] == tmp_path / "out" / "street_mask.png"
    assert (row.width, row.height) == (20, 12)
    assert row.shares == {"Car": 0.75, "Sky": 0.25}
    mask = cv2.imread(str(row.files["mask"]), cv2.IMREAD_COLOR)
    overlay = cv2.imread(str(row.files["overlay"]), cv2.IMREAD_COLOR)
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
    assert [row.files["mask"].relative_to(tmp_path / "out").as_posix() for row in summary.rows] == [
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


def test_a_panel_shows_picture_and_prediction_side_by_side(net: Any, tmp_path: Path) -> None:
    source = write_image(tmp_path / "street.png", red=14)
    (row,) = predict(net, [source], tmp_path / "out", kinds=["panel"]).rows
    assert list(row.files) == ["panel"]
    panel = cv2.imread(str(row.files["panel"]))
    assert panel is not None
    assert panel.shape[1] > 2 * panel.shape[0] * 20 / 12 * 0.8


def test_a_shard_gives_masks_and_a_video_with_the_truth_and_its_table(
    net: Any, tmp_path: Path, new_recording: Callable[[], Any]
) -> None:
    maker = new_recording()
    maker.drive("alpha", frames=range(4))
    maker.drive("beta", frames=range(3), seed=2)
    summary = predict(net, [maker.root], tmp_path / "out")
    assert [(row.source.stem, row.frame) for row in summary.rows] == [
        *(("shard000", frame) for frame in range(4)),
        *(("shard001", frame) for frame in range(3)),
    ]
    assert summary.rows[2].files == {"mask": tmp_path / "out" / "shard000" / "000002_mask.png"}
    assert [len(list(read_video(video))) for video in summary.videos] == [4, 3]
    first = next(read_video(summary.videos[0]))
    assert first.shape[0] > first.shape[1] * 24 / 32, "four panels in two rows, with their titles"
    with (tmp_path / "out" / "predictions.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 7
    assert table[2]["mask"] == "shard000/000002_mask.png"
    shares = {name: float(text) for name, text in table[0].items() if name.startswith("share_") and float(text)}
    assert sum(shares.values()) == pytest.approx(1.0)


def test_a_video_gives_masks_and_a_video_of_the_same_length_and_speed(net: Any, tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "drive.mp4", fps=12.0) as video:
        for red in (1, 90, 200):
            video.append(np.full((48, 64, 3), red, np.uint8))
    summary = predict(net, [tmp_path / "drive.mp4"], tmp_path / "out")
    assert [row.files["mask"].name for row in summary.rows] == [f"00000{n}_mask.png" for n in range(3)]
    capture = cv2.VideoCapture(str(summary.videos[0]))
    assert (capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)) == (3, 12)
    capture.release()


def test_videos_whose_names_differ_after_a_dot_keep_their_own(net: Any, tmp_path: Path) -> None:
    for name in ("drive.morning.mp4", "drive.night.mp4"):
        with VideoWriter(tmp_path / name, fps=12.0) as video:
            video.append(np.full((48, 64, 3), 90, np.uint8))
    summary = predict(net, [tmp_path / "drive.morning.mp4", tmp_path / "drive.night.mp4"], tmp_path / "out")
    assert [path.name for path in summary.videos] == ["drive.morning.mp4", "drive.night.mp4"]
    assert all(path.is_file() for path in summary.videos)


def test_a_damaged_frame_ends_its_shard_and_no_other(
    net: Any, tmp_path: Path, new_recording: Callable[[], Any]
) -> None:
    maker = new_recording()
    damaged = maker.drive("alpha", compression="plain")
    maker.drive("beta", seed=2)
    with h5py.File(damaged) as file:
        place = file["rgb"].id.get_chunk_info(3).byte_offset
    content = bytearray(damaged.read_bytes())
    content[place + 20] ^= 0x55
    damaged.write_bytes(content)
    with pytest.raises(DataError, match=r"1 of 2 files were not \(wholly\) predicted: .*shard000"):
        predict(net, [maker.root], tmp_path / "out")
    assert len(list((tmp_path / "out" / "shard000").glob("*_mask.png"))) == 3
    assert len(list((tmp_path / "out" / "shard001").glob("*_mask.png"))) == 6
    assert not (tmp_path / "out" / "shard000.mp4").exists(), "no half video"
    assert not list((tmp_path / "out").glob(".*part*"))


def test_kinds_are_named_in_any_order_and_unknown_ones_refused() -> None:
    assert parse_kinds("video, mask") == ("mask", "video")
    with pytest.raises(UsageError, match="names 'film'; expected any of mask, overlay, panel, video"):
        parse_kinds("mask,film")


def test_what_cannot_even_be_opened_does_not_keep_the_rest_waiting(net: Any, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    (tmp_path / "b.h5").write_bytes(b"no shard")
    good = write_image(tmp_path / "c.png", red=1)
    with pytest.raises(DataError, match=r"2 of 3 files .*a\.mp4 is not a video.*b\.h5 cannot be read as a shard"):
        predict(net, [tmp_path / "a.mp4", tmp_path / "b.h5", good], tmp_path / "out")
    assert (tmp_path / "out" / "c_mask.png").is_file()
