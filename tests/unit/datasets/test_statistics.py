"""Exact sums against numpy on all pixels at once, and when the manifest's figures are believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets import recording_dir
from datasets.errors import LabelError, ShardError
from datasets.labels import CARLA_23, CARLA_29, CITYSCAPES_19, LabelSet, lookup_table
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard import ShardWriter
from datasets.statistics import RecordingStatistics, ShardStatistics, recording_statistics

Record = Callable[..., RecordingDir]

SIX_TAGS = LabelSet(name="six", classes=CARLA_29.classes[:6])


@pytest.fixture
def record(tmp_path: Path, make_header: Callable[..., Any], make_sample: Callable[..., Sample]) -> Record:
    """Write a recording; each scenario is (split, frames, options of the header)."""

    def write(**scenarios: tuple[str, int, dict[str, Any]]) -> RecordingDir:
        recording = RecordingDir.create(tmp_path / "recording")
        with recording.lock():
            for scenario, (split, count, options) in scenarios.items():
                path = recording.shard_path(scenario)
                with ShardWriter(path, make_header(scenario=scenario, split=split, **options)) as writer:
                    for number in range(count):
                        writer.append(make_sample(number, num_tags=23))
                recording.add_shard(path)
        return RecordingDir.open(recording.root)

    return write


def counted_again(recording: RecordingDir) -> bool:
    """Whether the statistics had to be counted; they must come out the same."""
    told: list[tuple[int, int]] = []
    before = recording_statistics(RecordingDir.open(recording.root))
    again = recording_statistics(RecordingDir.open(recording.root), progress=lambda *step: told.append(step))
    assert before == again
    return bool(told)


def edit_manifest(recording: RecordingDir, change: Callable[[dict[str, Any]], None]) -> None:
    path = recording.root / "manifest.json"
    manifest = json.loads(path.read_text())
    for entry in manifest["shards"]:
        change(entry)
    path.write_text(json.dumps(manifest))


def test_figures_are_those_of_all_pixels(record: Record, make_sample: Callable[..., Sample]) -> None:
    recording = record(a=("train", 20, {}), b=("train", 3, {}), c=("test", 1, {}))
    statistics = recording_statistics(recording, "train")
    samples = [make_sample(number, num_tags=23) for number in (*range(20), *range(3))]
    pixels = np.stack([sample.rgb for sample in samples]) / 255
    tags = np.stack([sample.tags for sample in samples])
    assert statistics.num_pixels == tags.size
    assert statistics.mean == pytest.approx(pixels.mean(axis=(0, 1, 2)), abs=1e-12)
    assert statistics.std == pytest.approx(pixels.std(axis=(0, 1, 2)), abs=1e-12)
    for label_set in (CARLA_29, CITYSCAPES_19):
        classes = lookup_table(CARLA_29, label_set)[tags]
        expected = [int((classes == number).sum()) for number in range(label_set.num_classes)]
        assert statistics.class_histogram(label_set).tolist() == expected
    first = next(iter(statistics.by_shard.values()))
    assert first.mean == pytest.approx(pixels[:20].mean(axis=(0, 1, 2)), abs=1e-12)
    assert first.std == pytest.approx(pixels[:20].std(axis=(0, 1, 2)), abs=1e-12)
    assert first.tag_counts == tuple(np.bincount(tags[:20].ravel(), minlength=29).tolist())


def test_parts_add_up_to_the_whole(record: Record) -> None:
    recording = record(a=("train", 4, {}), b=("val", 2, {}))
    statistics = recording_statistics(recording)
    total = ShardStatistics.total(statistics.by_shard.values())
    assert total.class_histogram(CARLA_29).tolist() == statistics.class_histogram(CARLA_29).tolist()
    assert (total.mean == statistics.mean).all()
    assert (total.std == statistics.std).all()


def test_shards_of_several_tag_tables(record: Record) -> None:
    statistics = recording_statistics(record(new=("train", 2, {}), old=("train", 1, {"tag_table": CARLA_23})))
    parts = list(statistics.by_shard.values())
    assert (
        statistics.class_histogram(CITYSCAPES_19).tolist()
        == (parts[0].class_histogram(CITYSCAPES_19) + parts[1].class_histogram(CITYSCAPES_19)).tolist()
    )
    with pytest.raises(ShardError, match="'carla29', 'carla23', expected one"):
        ShardStatistics.total(parts)


def test_the_deviation_of_one_colour_is_zero_however_many_pixels() -> None:
    num_pixels = 10**15 + 1
    grey = ShardStatistics(
        tag_table=CARLA_29,
        num_pixels=num_pixels,
        rgb_sum=(num_pixels * 51,) * 3,
        rgb_square_sum=(num_pixels * 51 * 51,) * 3,
        tag_counts=(0,) * 29,
    )
    assert grey.std.tolist() == [0.0] * 3
    assert grey.mean.tolist() == [0.2] * 3
    assert RecordingStatistics(by_shard={Path("a"): grey}).std.tolist() == [0.0] * 3


def test_they_are_counted_once_and_progress_says_when(record: Record) -> None:
    recording = record(a=("train", 20, {}), b=("train", 3, {}), c=("test", 1, {}))
    told: list[tuple[int, int]] = []
    recording_statistics(recording, "train", progress=lambda *step: told.append(step))
    assert told[-1] == (23, 23)
    assert told == sorted(told)
    told.clear()
    recording_statistics(RecordingDir.open(recording.root), progress=lambda *step: told.append(step))
    assert told == [(1, 1)]  # the test shard only
    assert not counted_again(recording)


def test_the_manifest_is_written_once_for_all_shards(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = record(**{f"s{number}": ("train", 1, {}) for number in range(5)})
    written: list[Path] = []
    write = recording_dir.write_manifest
    monkeypatch.setattr(recording_dir, "write_manifest", lambda *args: (written.append(args[0]), write(*args)))
    recording_statistics(recording)
    assert len(written) == 1
    assert not counted_again(recording)


def test_a_shard_that_was_recorded_again_is_counted_again(
    record: Record, make_header: Callable[..., Any], make_sample: Callable[..., Sample]
) -> None:
    recording = record(a=("train", 2, {}))
    recording_statistics(recording)
    path = recording.shard_path("a")
    path.unlink()
    with ShardWriter(path, make_header(scenario="a")) as writer:
        for number in (7, 8):
            writer.append(make_sample(number))
    (statistics,) = recording_statistics(RecordingDir.open(recording.root)).by_shard.values()
    assert statistics.rgb_sum == tuple(sum(make_sample(n).rgb.sum(axis=(0, 1), dtype=int) for n in (7, 8)).tolist())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("index_sha256", "0" * 64),
        ("index_sha256", None),
        ("num_pixels", 1),
        ("rgb_sum", [1, 2]),
        ("rgb_square_sum", "many"),
        ("tag_counts", [-1] + [0] * 28),
        ("tag_counts", [5.5] * 29),
        ("tag_counts", [11 * 18 * 2]),
        ("tag_counts", [0] * 29),
    ],
)
def test_figures_that_do_not_fit_the_shard_are_not_believed(record: Record, name: str, value: object) -> None:
    recording = record(a=("train", 2, {}))
    right = recording_statistics(recording)
    edit_manifest(recording, lambda entry: entry["statistics"].update({name: value}))
    assert recording_statistics(RecordingDir.open(recording.root)) == right
    assert not counted_again(recording)  # mended


def test_a_manifest_of_version_1_stays_as_it_is(record: Record) -> None:
    recording = record(a=("train", 2, {}))
    path = recording.root / "manifest.json"
    manifest = json.loads(path.read_text())
    kept = ("file", "scenario", "split", "num_frames", "header_sha256")
    manifest["shards"] = [{name: entry[name] for name in kept} for entry in manifest["shards"]]
    path.write_text(json.dumps({**manifest, "format_version": 1}))
    before = path.read_bytes()
    assert counted_again(recording)
    assert path.read_bytes() == before


def test_while_somebody_records_they_are_only_handed_out(record: Record) -> None:
    recording = record(a=("train", 2, {}))
    with recording.lock():
        assert counted_again(recording)
    assert counted_again(recording) is False


def test_a_folder_that_cannot_be_written_to(record: Record) -> None:
    recording = record(a=("train", 2, {}))
    (recording.root / ".lock").unlink()
    (recording.root / ".lock").mkdir()  # the tests may run as root, whom permissions do not stop
    assert counted_again(recording)


def test_a_damaged_frame_is_named(record: Record) -> None:
    recording = record(a=("train", 40, {}))
    path = recording.shard_path("a")
    content = bytearray(path.read_bytes())
    content[content.index(b"\x28\xb5\x2f\xfd") + 50] ^= 1  # in the first Zstd frame
    path.write_bytes(content)
    with pytest.raises(ShardError, match=r"a\.h5, rgb of frame 1000 \(number 0 of 40\)"):
        recording_statistics(RecordingDir.open(recording.root))


def test_a_tag_that_the_table_does_not_have(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("datasets.encoded_sample.check_tags", lambda _tags, _table: None)  # a careless writer
        recording = record(a=("train", 2, {"tag_table": SIX_TAGS}))
    with pytest.raises(LabelError, match=r"expected 0\.\.5 of label set 'six'"):
        recording_statistics(recording)
