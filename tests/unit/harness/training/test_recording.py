"""Splits of a recording, and everything that can be wrong with one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from datasets.labels import CARLA_29, Grouping, LabelSet
from datasets.recording_dir import RecordingDir
from datasets.shard_guard import examined
from datasets.statistics import recording_statistics
from harness.errors import DataError, TrainingError, UsageError
from harness.training.config import TrainConfig
from harness.training.data import Note
from harness.training.distributed import Ranks
from harness.training.recording import TrainingData, _histogram, open_recordings
from tests.unit.harness.training.conftest import painted_street, write_recording


def opened(*paths: Path, note: Note = pytest.fail, **settings: Any) -> TrainingData:
    config = TrainConfig(**{"batch_size": 4, "workers": 0, **settings})
    return open_recordings(
        paths,
        config,
        device=torch.device("cpu"),
        progress=lambda _what, _done, _total: None,
        note=note,
        ranks=Ranks(),
    )


def test_each_split_has_its_own_scenarios(recording: Path) -> None:
    data = opened(recording)
    assert (len(data.train), len(data.validation), data.validation_split) == (12, 6, "val")
    assert [data.train_name_of(number) for number in (0, 1, 11)] == ["north:100", "north:101", "south:105"]


@pytest.mark.parametrize("cache", ["ram", "none"])
def test_frames_and_labels_are_those_recorded(recording: Path, cache: str) -> None:
    data = opened(recording, cache=cache)
    (batch,) = data.train.batches([8, 0], 2)
    for position, (frame, seed) in enumerate(((2, 1), (0, 0))):
        expected = painted_street(frame, seed=seed)
        tags = torch.from_numpy(expected.tags).clone()
        tags[tags == CARLA_29.class_id("NONE")] = 255
        assert torch.equal(batch.rgb[position], torch.from_numpy(expected.rgb).permute(2, 0, 1))
        assert torch.equal(batch.labels[position], tags)


def test_class_weights_come_from_the_training_frames(recording: Path) -> None:
    assert opened(recording).class_weights is None
    weights = opened(recording, class_weights="median-frequency").class_weights
    assert weights is not None
    assert weights[CARLA_29.class_id("Car")] > 1
    assert weights[CARLA_29.class_id("Bus")] == 0


def test_class_weights_come_from_statistics_that_are_counted_once(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "r", {"a": "train", "b": "test"})
    told: list[str] = []

    def open_weighted() -> TrainingData:
        told.clear()
        config = TrainConfig(batch_size=4, class_weights="inverse-sqrt")
        return open_recordings(
            [path],
            config,
            device=torch.device("cpu"),
            progress=lambda what, _done, _total: told.append(what),
            note=pytest.fail,
            ranks=Ranks(),
        )

    first = open_weighted()
    assert "counting pixels of classes" in told
    again = open_weighted()
    assert "counting pixels of classes" not in told
    assert first.class_weights is not None
    assert again.class_weights is not None
    assert torch.equal(first.class_weights, again.class_weights)


def test_frames_without_a_labelled_pixel(tmp_path: Path) -> None:
    only_trains = LabelSet(
        name="trains",
        classes=(CARLA_29.classes[17],),
        grouping=Grouping(source=CARLA_29, class_ids=tuple(0 if tag == 17 else 255 for tag in range(29))),
    )
    path = write_recording(tmp_path / "r", {"a": "train"})
    with pytest.raises(TrainingError, match="no pixel in split 'train' with a class of 'trains'"):
        opened(path, label_set=only_trains, class_weights="median-frequency")


def test_without_a_val_scenario_it_validates_on_the_training_frames_and_says_so(tmp_path: Path) -> None:
    data = opened(write_recording(tmp_path / "r", {"a": "train", "b": "test"}))
    assert data.validation_split == "train"
    assert data.validation is data.train


def test_scenarios_of_several_sizes_need_a_size(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "r", {"a": "train"})
    other = write_recording(tmp_path / "other", {"b": "train"}, width=60, height=48)
    shutil.copy(other / "shards" / "b.h5", path / "shards" / "b.h5")
    merge_manifest(path, other)
    with pytest.raises(TrainingError, match=r"Frame 6 is 60x48, but frame 0 is 40x32.*--size"):
        opened(path)
    assert opened(path, size=(20, 16)).train.size == (20, 16)


def test_frames_of_several_recordings_are_one_after_the_other(recording: Path, tmp_path: Path) -> None:
    more = write_recording(tmp_path / "more", {"a": "train", "b": "val"})
    data = opened(recording, more)
    assert (len(data.train), len(data.validation)) == (18, 12)
    assert [data.train_name_of(number) for number in (0, 11, 12, 17)] == ["north:100", "south:105", "a:100", "a:105"]
    (batch,) = data.train.batches([12], 1)
    (alone,) = opened(more).train.batches([0], 1)
    assert torch.equal(batch.rgb, alone.rgb)
    assert torch.equal(batch.labels, alone.labels)


def test_class_weights_are_of_all_recordings_together(tmp_path: Path) -> None:
    one = write_recording(tmp_path / "one", {"one": "train"})
    other = write_recording(tmp_path / "other", {"unused": "test", "other": "train"})
    both = write_recording(tmp_path / "both", {"one": "train", "other": "train"})
    found = [opened(*paths, class_weights="median-frequency").class_weights for paths in ((one, other), (both,))]
    assert found[0] is not None
    assert found[1] is not None
    assert torch.equal(found[0], found[1])


def test_the_digest_is_that_of_the_frames_in_their_order(recording: Path, tmp_path: Path) -> None:
    more = write_recording(tmp_path / "more", {"a": "train"})
    digest = opened(recording, more).sha256
    recording_statistics(RecordingDir.open(more))  # puts figures into the manifest
    assert opened(recording, more).sha256 == digest
    assert len({digest, opened(more, recording).sha256, opened(recording).sha256}) == 3


def test_recordings_that_do_not_go_together_are_refused(recording: Path, tmp_path: Path) -> None:
    tested = write_recording(tmp_path / "tested", {"north": "test"})
    with pytest.raises(DataError, match=r"'north' is in split 'train' in .*, and in 'test' in .*tested"):
        opened(recording, tested)
    with pytest.raises(UsageError, match="named twice"):
        opened(recording, recording / ".." / recording.name)


def test_too_few_frames(tmp_path: Path, recording: Path) -> None:
    with pytest.raises(TrainingError, match=r"12 frames in split 'train', fewer than one batch of 13.*--batch-size"):
        opened(recording, batch_size=13)
    with pytest.raises(TrainingError, match="has 0 frames in split 'train'"):
        opened(write_recording(tmp_path / "r", {"a": "test"}))


def test_a_crop_larger_than_the_frames(recording: Path) -> None:
    with pytest.raises(UsageError, match="The crop 41x32 is larger than the frames, 40x32"):
        opened(recording, crop=(41, 32))


def test_a_folder_that_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a recording"):
        opened(tmp_path)


@pytest.mark.parametrize("kept", [0.2, 0.9])
def test_a_shard_cut_short(tmp_path: Path, recording: Path, kept: float) -> None:
    copy = shutil.copytree(recording, tmp_path / "copy")
    shard = copy / "shards" / "south.h5"
    content = shard.read_bytes()
    shard.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(DataError, match=r"south\.h5"):
        opened(copy)


def with_damaged_frames(recording: Path, copy: Path, damage: dict[str, tuple[int, ...]]) -> Path:
    """A copy of ``recording`` in which one byte of the RGB of some frames, by shard and position, is another."""
    shutil.copytree(recording, copy)
    for shard, positions in damage.items():
        path = copy / "shards" / f"{shard}.h5"
        chunks = examined(path).chunks["rgb"]
        content = bytearray(path.read_bytes())
        for position in positions:
            offset, size = map(int, chunks[position])
            content[offset + size // 2] ^= 0xFF
        path.write_bytes(content)
    return copy


@pytest.mark.parametrize("cache", ["ram", "none"])
def test_a_damaged_frame_is_named(tmp_path: Path, recording: Path, cache: str) -> None:
    copy = with_damaged_frames(recording, tmp_path / "copy", {"south": (4,)})
    with pytest.raises(DataError, match=r"^south:104: .*south\.h5, rgb of frame 104.*--corrupt skip"):
        list(opened(copy, cache=cache).train.batches(range(12), 4))


@pytest.mark.parametrize("cache", ["ram", "none"])
def test_damaged_frames_are_left_out(tmp_path: Path, recording: Path, cache: str) -> None:
    copy = with_damaged_frames(recording, tmp_path / "copy", {"north": (1, 2), "east": (0,)})
    notes: list[str] = []
    data = opened(copy, cache=cache, corrupt="skip", class_weights="inverse-sqrt", note=notes.append)
    assert data.damaged == ("north:101", "north:102", "east:100")
    assert [note.split(" are ")[0] for note in notes] == ["training frames: 2 of 12", "validation frames: 1 of 6"]
    assert (len(data.train), len(data.validation)) == (10, 5)
    assert [data.train_name_of(number) for number in (0, 1, 9)] == ["north:100", "north:103", "south:105"]
    (batch,) = data.train.batches([1], 1)
    assert torch.equal(batch.rgb[0], torch.from_numpy(painted_street(3, seed=0).rgb).permute(2, 0, 1))
    # Weights of what is left: a class that only the damaged frames have would not count.
    whole = opened(recording, class_weights="inverse-sqrt")
    assert whole.damaged == ()
    assert data.class_weights is not None
    assert whole.class_weights is not None
    torch.testing.assert_close(data.class_weights, whole.class_weights, atol=0.2, rtol=0.1)
    assert not torch.equal(data.class_weights, whole.class_weights)


def test_class_weights_of_undamaged_frames_are_those_of_the_statistics(recording: Path) -> None:
    """Both ways of counting, on the same frames."""
    data = opened(recording)
    statistics = recording_statistics(RecordingDir.open(recording), "train").class_histogram(CARLA_29)
    counted = _histogram(data.train, TrainConfig(batch_size=5), lambda _done, _total: None)
    assert counted.tolist() == statistics.tolist()


def test_too_few_frames_are_left(tmp_path: Path, recording: Path) -> None:
    copy = with_damaged_frames(recording, tmp_path / "copy", {"south": (4,)})
    with pytest.raises(TrainingError, match="has 11 frames in split 'train', fewer than one batch of 12"):
        opened(copy, corrupt="skip", batch_size=12, note=lambda _note: None)


def merge_manifest(path: Path, other: Path) -> None:
    """List the shards of both recordings in the first."""
    import json

    manifest, more = (json.loads((folder / "manifest.json").read_text()) for folder in (path, other))
    manifest["shards"] += more["shards"]
    (path / "manifest.json").write_text(json.dumps(manifest))
