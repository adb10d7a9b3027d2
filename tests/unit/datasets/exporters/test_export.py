from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import LabelError, ShardError
from datasets.exporters import parquet
from datasets.exporters.export import EXPORT_FORMATS, export_recording
from datasets.exporters.finished_folder import finished_folder
from datasets.labels import CARLA_29, CARVANA_2, LabelClass, LabelSet
from datasets.sample import Sample
from tests.unit.datasets.exporters.conftest import WriteRecording, street


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("to", EXPORT_FORMATS)
def test_an_export_says_what_it_is(streets: Path, tmp_path: Path, to: str) -> None:
    summary = export_recording(streets, tmp_path / "out", to=to, every=2, label_set=CARLA_29)
    assert summary.num_frames == {"train": 4, "val": 1}
    content = json.loads((tmp_path / "out" / "export.json").read_text())
    assert LabelSet.from_json(content["label_set"]) == CARLA_29
    assert (content["format"], content["every"], content["num_frames"]) == (to, 2, {"train": 4, "val": 1})
    readme = (tmp_path / "out" / "README.txt").read_text()
    assert "train: 4 frames" in readme
    assert content["source_sha256"] in readme
    assert "  1  Roads  (128, 64, 128)" in readme
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


@pytest.mark.parametrize("to", EXPORT_FORMATS)
def test_the_same_recording_gives_the_same_bytes(streets: Path, tmp_path: Path, to: str) -> None:
    for name in ("one", "two"):
        export_recording(streets, tmp_path / name, to=to, splits=("val",))
    assert files(tmp_path / "one") == files(tmp_path / "two")


@pytest.mark.parametrize("to", EXPORT_FORMATS)
def test_a_damaged_frame_leaves_no_export(write_recording: WriteRecording, tmp_path: Path, to: str) -> None:
    recording = write_recording(("a", "train", range(3)))
    shard = recording / "shards" / "a.h5"
    content = bytearray(shard.read_bytes())
    middle = content.index(b"\x28\xb5\x2f\xfd", len(content) // 2) + 40  # inside a chunk of Zstd
    content[middle] ^= 4
    shard.write_bytes(bytes(content))
    with pytest.raises(ShardError):
        export_recording(recording, tmp_path / "out", to=to)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_left_alone(streets: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(FileExistsError, match="already exists"):
        export_recording(streets, tmp_path / "out", to="webdataset")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine.txt"]


def test_an_empty_folder_is_filled_and_an_unfinished_one_never_has_the_name(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with finished_folder(out) as folder:
        (folder / "a").touch()
        assert folder.parent == tmp_path
        assert "unfinished" in folder.name
        assert list(out.iterdir()) == []
    assert [path.name for path in out.iterdir()] == ["a"]


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with finished_folder(tmp_path / "out") as folder:
            (folder / "a").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(streets: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ShardError, match="cannot be written"):
        export_recording(streets, tmp_path / "file" / "out", to="webdataset")


@pytest.mark.parametrize("to", EXPORT_FORMATS)
def test_memory_does_not_grow_with_the_recording(
    write_recording: WriteRecording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    def noise(frame: int) -> Sample:
        rng = np.random.default_rng(frame)
        return Sample(
            frame=frame,
            timestamp_s=0.05 * frame,
            rgb=rng.integers(0, 256, (96, 128, 3), dtype=np.uint8),
            tags=rng.integers(11, 15, (96, 128), dtype=np.uint8),
            camera_transform=(0.0,) * 6,
            instance=rng.integers(0, 3, (96, 128), dtype=np.uint16),
        )

    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 2)
    export_recording(write_recording(("warm", "train", range(2)), sample=noise), tmp_path / "warm", to=to)
    peaks = []
    for count in (20, 76):
        recording = write_recording(("a", "train", range(count)), sample=noise)
        tracemalloc.start()
        export_recording(recording, tmp_path / str(count), to=to)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    frame_bytes = 96 * 128 * (3 + 1 + 2)
    assert peaks[1] < peaks[0] + 4 * frame_bytes  # 56 frames more would be 56 times that


def test_unknown_formats_and_labels(streets: Path, tmp_path: Path) -> None:
    with pytest.raises(ShardError, match="no export format 'voc'; there are cityscapes, coco"):
        export_recording(streets, tmp_path / "out", to="voc")
    foreign = LabelSet(name="mine", classes=(LabelClass(name="way", color=(1, 2, 3)),))
    with pytest.raises(LabelError, match="no translation"):
        export_recording(streets, tmp_path / "out", to="webdataset", label_set=foreign)


def test_what_the_labels_lose_is_told(streets: Path, tmp_path: Path) -> None:
    summary = export_recording(streets, tmp_path / "out", to="webdataset", label_set=CARVANA_2)
    assert len(summary.warnings) == 1
    assert "background = Roads + Sidewalks" in (tmp_path / "out" / "README.txt").read_text()


def test_lossy_shards_are_exported_as_they_decode(write_recording: WriteRecording, tmp_path: Path) -> None:
    import cv2

    recording = write_recording(("a", "train", range(1)), compression="jpeg")
    export_recording(recording, tmp_path / "out", to="cityscapes")
    (path,) = (tmp_path / "out").rglob("*_leftImg8bit.png")
    exported = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB).astype(int)
    difference = np.abs(exported - street(0).rgb)
    assert 0 < difference.mean() < 12
