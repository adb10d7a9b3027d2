from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import RecordingInUseError, ShardError
from datasets.importers import import_run, plan
from datasets.importers.options import ImportOptions
from datasets.importers.summary import REPORT_NAME
from datasets.labels import CARLA_29
from datasets.recording_dir import RecordingDir
from datasets.recording_recovery import recover_recording
from datasets.shard import ShardReader
from datasets.statistics import recording_statistics
from tests.unit.datasets.importers.conftest import RunImport
from tests.unit.datasets.importers.trees import rgb_of, save, tags_of

CARLA = ImportOptions(label_set="carla29")


def frames(root: Path, count: int, *, split: str = "train") -> None:
    for number in range(count):
        save(root / "images" / split / f"{number}.png", rgb_of(number))
        save(root / "masks" / split / f"{number}.png", tags_of(number, 29))


def cut(path: Path) -> None:
    """Leave the head, so that it shows only when pixels are decoded."""
    path.write_bytes(path.read_bytes()[:200])


def listed(out: Path) -> list[tuple[str, int, int, bool]]:
    entries = RecordingDir.open(out).shards()
    return [(entry.path.name, entry.num_frames, entry.sequence, entry.is_last) for entry in entries]


def test_what_cannot_be_read_is_left_out_and_told(source: Path, out: Path, run_import: RunImport) -> None:
    frames(source, 6)
    cut(source / "images/train/1.png")
    cut(source / "masks/train/2.png")
    save(source / "masks/train/4.png", np.full((15, 22), 77, np.uint8))
    summary = run_import("folder", CARLA)
    assert [(problem.kind, problem.file) for problem in summary.problems] == [
        ("unreadable", "images/train/1.png"),
        ("unreadable", "masks/train/2.png"),
        ("unknown labels", "masks/train/4.png"),
    ]
    (row,) = summary.rows
    assert (row.frames, row.sizes, row.problems) == (3, "22x15", {"unreadable": 2, "unknown labels": 1})
    with ShardReader(out / "shards" / "train_images.h5") as reader:
        assert reader.index["frame"].tolist() == [0, 3, 5]
        np.testing.assert_array_equal(reader[1].rgb, rgb_of(3))
        assert reader[2].timestamp_s == 5.0


def test_the_report_has_the_full_lists(source: Path, out: Path, run_import: RunImport) -> None:
    frames(source, 3)
    save(source / "masks/train/1.png", np.full((15, 22), 77, np.uint8))
    (source / "masks/train/2.png").unlink()
    run_import("folder", CARLA)
    report = json.loads((out / REPORT_NAME).read_text())
    assert report["importer"] == "folder"
    assert report["source"] == str(source)
    assert [problem["kind"] for problem in report["problems"]] == ["no mask", "unknown labels"]
    assert report["unknown_labels"] == [{"value": "77", "pixels": 330, "files": 1, "example": "masks/train/1.png"}]
    assert report["shards"] == {"train_images": {"0": "images/train/0.png", "1": "images/train/1.png"}}


def test_statistics_read_it(source: Path, out: Path, run_import: RunImport) -> None:
    frames(source, 4)
    run_import("folder", CARLA)
    expected = sum(np.bincount(tags_of(number, 29).ravel(), minlength=29) for number in range(4))
    expected[0] = 0  # ignored
    statistics = recording_statistics(RecordingDir.open(out))
    np.testing.assert_array_equal(statistics.class_histogram(CARLA_29), expected)


@pytest.mark.parametrize("compression", ["plain", "gzip", "jpeg"])
def test_the_compression_is_the_users(source: Path, out: Path, run_import: RunImport, compression: str) -> None:
    frames(source, 2)
    run_import("folder", CARLA, compression=compression)
    with ShardReader(out / "shards" / "train_images.h5") as reader:
        assert reader.compression == compression
        np.testing.assert_array_equal(reader.tags(1), tags_of(1, 29))


def test_a_used_folder_needs_resume(source: Path, run_import: RunImport) -> None:
    frames(source, 1)
    run_import("folder", CARLA)
    with pytest.raises(RecordingInUseError, match="--resume"):
        run_import("folder", CARLA)


def test_resume_writes_what_is_missing_and_keeps_the_rest(source: Path, out: Path, run_import: RunImport) -> None:
    frames(source, 3)
    frames(source, 3, split="val")
    cut(source / "images/train/1.png")
    whole = run_import("folder", CARLA)
    kept = out / "shards" / "train_images.h5"
    before, written_at = kept.read_bytes(), kept.stat().st_mtime_ns
    (out / "shards" / "val_images.h5").unlink()
    again = run_import("folder", CARLA, resume=True)
    assert again == whole
    assert (kept.read_bytes(), kept.stat().st_mtime_ns) == (before, written_at)
    assert sorted(listed(out)) == [("train_images.h5", 2, 0, True), ("val_images.h5", 3, 0, True)]


def test_resume_after_an_interruption(
    source: Path, out: Path, run_import: RunImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames(source, 3)
    frames(source, 9, split="val")
    read_rgb = import_run.read_rgb

    def interrupted(path: Path) -> np.ndarray:
        if path.match("val/5.png"):
            raise KeyboardInterrupt
        return read_rgb(path)

    monkeypatch.setattr(import_run, "read_rgb", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_import("folder", CARLA)
    assert listed(out) == [("train_images.h5", 3, 0, True)]
    assert (out / "shards" / "val_images.h5.part").exists()
    monkeypatch.setattr(import_run, "read_rgb", read_rgb)
    assert run_import("folder", CARLA, resume=True).num_frames == 12
    assert sorted(path.name for path in (out / "shards").iterdir()) == ["train_images.h5", "val_images.h5"]


def test_resume_without_the_report_looks_at_the_files_again(source: Path, out: Path, run_import: RunImport) -> None:
    frames(source, 3)
    cut(source / "images/train/1.png")
    whole = run_import("folder", CARLA)
    (out / REPORT_NAME).write_text("{}")
    assert run_import("folder", CARLA, resume=True) == whole
    assert listed(out) == [("train_images.h5", 2, 0, True)]


def test_resume_after_recover_imports_the_frames_that_the_shard_lacks(
    source: Path, out: Path, run_import: RunImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames(source, 12)
    read_rgb = import_run.read_rgb

    def interrupted(path: Path) -> np.ndarray:
        if path.match("10.png"):
            raise KeyboardInterrupt
        return read_rgb(path)

    monkeypatch.setattr(import_run, "MAX_WORKERS", 1)
    monkeypatch.setattr(import_run, "read_rgb", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_import("folder", CARLA)
    assert len(recover_recording(out).shards) == 1
    ((_, recovered, _, is_last),) = listed(out)
    assert (0 < recovered < 12, is_last) == (True, False)
    monkeypatch.setattr(import_run, "read_rgb", read_rgb)
    summary = run_import("folder", CARLA, resume=True)
    assert (summary.num_frames, summary.problems) == (12, ())
    assert listed(out) == [("train_images.h5", 12, 0, True)]


def test_resume_after_recover_ends_a_stream_that_was_whole(source: Path, out: Path, run_import: RunImport) -> None:
    frames(source, 3)
    run_import("folder", CARLA)
    recording = RecordingDir.open(out)
    with recording.lock():
        (entry,) = recording.shards()
        shard = entry.path.rename(out / "kept")
        recording.set_aside(entry.path)
        recording.add_shard(shard.rename(entry.path), is_last=False)  # as `harness recover` lists it
    run_import("folder", CARLA, resume=True)
    assert listed(out) == [("train_images.h5", 3, 0, True)]


def test_resume_lists_a_shard_that_was_finished_but_not_listed(
    source: Path, out: Path, run_import: RunImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames(source, 3)
    with monkeypatch.context() as dies:
        dies.setattr(RecordingDir, "add_shard", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run_import("folder", CARLA)
    assert listed(out) == []
    assert run_import("folder", CARLA, resume=True).num_frames == 3
    assert listed(out) == [("train_images.h5", 3, 0, True)]


def test_resume_from_other_files_is_refused(source: Path, run_import: RunImport) -> None:
    frames(source, 3)
    run_import("folder", CARLA)
    save(source / "images/train/1.png", np.zeros((15, 22, 3), np.uint8))
    with pytest.raises(RecordingInUseError, match="other files"):
        run_import("folder", CARLA, resume=True)


def test_long_streams_end_with_the_last_shard_that_holds_a_frame(
    source: Path, out: Path, run_import: RunImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "FRAMES_PER_SHARD", 2)
    frames(source, 5)
    cut(source / "masks/train/4.png")
    summary = run_import("folder", CARLA)
    assert summary.num_frames == 4
    expected = [("train_images.000.h5", 2, 0, False), ("train_images.001.h5", 2, 1, True)]
    assert listed(out) == expected
    assert run_import("folder", CARLA, resume=True) == summary
    assert listed(out) == expected


def test_a_source_without_one_readable_frame_ends_well(source: Path, out: Path, run_import: RunImport) -> None:
    frames(source, 2)
    for number in range(2):
        cut(source / f"images/train/{number}.png")
    summary = run_import("folder", CARLA)
    assert (summary.num_frames, len(summary.problems)) == (0, 2)
    assert listed(out) == []


def test_a_disk_that_fails_ends_the_import_and_keeps_finished_shards(
    source: Path, out: Path, run_import: RunImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames(source, 2)
    frames(source, 2, split="val")
    append = import_run.ShardWriter.append_encoded

    def full(writer: import_run.ShardWriter, encoded: import_run.EncodedSample) -> None:
        if writer.path.name.startswith("val"):
            raise ShardError("the disk is full")
        append(writer, encoded)

    monkeypatch.setattr(import_run.ShardWriter, "append_encoded", full)
    with pytest.raises(ShardError, match="full"):
        run_import("folder", CARLA)
    assert listed(out) == [("train_images.h5", 2, 0, True)]


def test_few_frames_are_decoded_ahead(source: Path, run_import: RunImport, monkeypatch: pytest.MonkeyPatch) -> None:
    frames(source, 60)
    read, written, furthest = [0], [0], [0]
    read_rgb, append = import_run.read_rgb, import_run.ShardWriter.append_encoded

    def counted_read(path: Path) -> np.ndarray:
        read[0] += 1
        furthest[0] = max(furthest[0], read[0] - written[0])
        return read_rgb(path)

    def counted_append(writer: import_run.ShardWriter, encoded: import_run.EncodedSample) -> None:
        append(writer, encoded)
        written[0] += 1

    monkeypatch.setattr(import_run, "read_rgb", counted_read)
    monkeypatch.setattr(import_run.ShardWriter, "append_encoded", counted_append)
    run_import("folder", CARLA)
    assert written[0] == 60
    assert furthest[0] <= 2 * import_run.MAX_WORKERS + 2
