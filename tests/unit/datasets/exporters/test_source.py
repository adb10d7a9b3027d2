from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import LabelError, ShardError
from datasets.exporters.source import ExportFrame, ExportSource, Relabelling
from datasets.labels import CARLA_23, CARLA_29, CITYSCAPES_19, lookup_table
from datasets.sample import Sample
from tests.unit.datasets.exporters.conftest import WriteRecording, street


def test_frames_have_keys_that_tell_stream_shard_and_tick(streets: Path) -> None:
    source = ExportSource(streets)
    assert source.num_frames == {"train": 7, "val": 2}
    assert source.planes == {"rgb", "tags", "depth", "instance"}
    assert [key for split in source.num_frames for key in source.made(split, lambda frame: frame.key)] == [
        "city-01-ClearNoon_000000_000000",
        "city-01-ClearNoon_000000_000001",
        "city-01-ClearNoon_000000_000002",
        "city-01-ClearNoon_000001_000003",
        "city-01-ClearNoon_000001_000004",
        "city-01-DenseFog_000000_000000",
        "city-01-DenseFog_000000_000001",
        "hill_000000_000000",
        "hill_000000_000001",
    ]


def test_every_second_frame_counts_through_the_shards_of_a_stream(streets: Path) -> None:
    source = ExportSource(streets, splits=("train",), every=2)
    assert list(source.made("train", lambda frame: frame.sample.frame)) == [0, 2, 4, 0]
    assert source.num_frames == {"train": 4}


def test_names_that_become_equal_are_told_apart(write_recording: WriteRecording) -> None:
    path = write_recording(("a_b", "train", range(1)), ("a-b", "train", range(1)), ("a.b", "train", range(1)))
    cities = list(ExportSource(path).made("train", lambda frame: frame.city))
    assert sorted(cities) == ["a-b", "a-b-2", "a-b-3"]


def test_progress_counts_all_frames(streets: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    source = ExportSource(streets, progress=lambda *call: calls.append(call))
    for split in source.num_frames:
        assert len(list(source.made(split, lambda frame: frame.key))) == source.num_frames[split]
    assert calls == [("exporting", number, 9) for number in range(1, 10)]


def test_threads_keep_the_order_and_hand_on_errors(streets: Path) -> None:
    def slow_at_first(frame: ExportFrame) -> int:
        if frame.sample.frame == 3:
            raise LabelError("frame 3")
        time.sleep(0.01 * (3 - frame.sample.frame))
        return frame.sample.frame

    made = ExportSource(streets).made("train", slow_at_first)
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(LabelError, match="frame 3"):
        next(made)


def test_the_digest_is_of_the_content(streets: Path) -> None:
    assert ExportSource(streets).digest == ExportSource(streets, every=2).digest
    assert ExportSource(streets).digest != ExportSource(streets, splits=("val",)).digest


def test_a_split_that_is_not_there(streets: Path, tmp_path: Path) -> None:
    with pytest.raises(ShardError, match="no shard of split test; it has train, val"):
        ExportSource(streets, splits=("test",))
    with pytest.raises(ShardError, match="every is 0"):
        ExportSource(streets, every=0)
    with pytest.raises(ShardError, match="is not a recording"):
        ExportSource(tmp_path)


def test_labels_are_those_asked_for_or_as_recorded(streets: Path) -> None:
    source = ExportSource(streets, splits=("val",))
    frame = next(source.made("val", lambda frame: frame))
    as_recorded = Relabelling(source.tag_tables, None)
    assert as_recorded.labels == CARLA_29
    assert as_recorded.warnings == ()
    assert np.array_equal(as_recorded.ids(frame), street(0).tags)
    translated = Relabelling(source.tag_tables, CITYSCAPES_19)
    assert "road = Roads + RoadLines" in translated.warnings[0]
    assert np.array_equal(translated.ids(frame), lookup_table(CARLA_29, CITYSCAPES_19)[street(0).tags])


def test_shards_of_two_tag_tables_need_a_label_set(write_recording: WriteRecording) -> None:
    def in_both_tables(frame: int) -> Sample:
        sample = street(frame)
        sample.tags[sample.tags >= CARLA_23.num_classes] = 6
        return sample

    path = write_recording(
        ("new", "train", range(1)),
        ("old", "train", range(1)),
        headers={"old": {"tag_table": CARLA_23}},
        sample=in_both_tables,
    )
    source = ExportSource(path)
    with pytest.raises(LabelError, match=r"several sets \(carla29, carla23\)"):
        Relabelling(source.tag_tables, None)
    relabelling = Relabelling(source.tag_tables, CITYSCAPES_19)
    for frame in source.made("train", lambda frame: frame):
        expected = lookup_table(frame.header.tag_table, CITYSCAPES_19)[frame.sample.tags]
        assert np.array_equal(relabelling.ids(frame), expected)
