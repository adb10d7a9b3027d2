"""Frames in memory and frames from disk are the same frames, in an order that seed and epoch decide."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from datasets.errors import DiskError, LabelError, ShardError
from harness.errors import DataError, TrainingError
from harness.training.data import Frames, loader_death_named, open_frames
from harness.training.distributed import Ranks

CPU = torch.device("cpu")
STORAGES = [("ram", "memory"), ("none", "read from disk each epoch")]


class Numbered:
    """Frames of one grey level, which is their number, labelled with it; spawned workers can import this class."""

    def __init__(
        self, sizes: list[tuple[int, int]], *, damaged: Mapping[int, Exception] | None = None, deadly: int = -1
    ) -> None:
        self.sizes, self.damaged, self.deadly = sizes, damaged or {}, deadly
        self.reads = 0

    def __len__(self) -> int:
        return len(self.sizes)

    def size_of(self, number: int) -> tuple[int, int]:
        return self.sizes[number]

    def name_of(self, number: int) -> str:
        return f"shard:{number}"

    def read(self, number: int, rgb: NDArray[np.uint8], labels: NDArray[np.uint8], *, planar: bool) -> None:
        width, height = self.sizes[number]
        assert rgb.shape == ((3, height, width) if planar else (height, width, 3))
        assert labels.shape == (height, width)
        if number in self.damaged:
            rgb[...] = labels[...] = 77  # as far as decoding came
            raise self.damaged[number]
        if number == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        self.reads += 1
        rgb[...] = labels[...] = number


def frames(dataset: Numbered, *, size: tuple[int, int] | None = None, **settings: Any) -> Frames:
    return kept_frames(dataset, size=size, **settings)[0]


def kept_frames(dataset: Numbered, **settings: Any) -> tuple[Frames, list[int]]:
    found, kept = open_frames(
        dataset,
        **{
            "size": None,
            "device": CPU,
            "cache": "ram",
            "workers": 0,
            "corrupt": "raise",
            "ranks": Ranks(),
            "progress": lambda _what, _done, _total: None,
            "note": pytest.fail,
            "what": "frames",
            **settings,
        },
    )
    return found, list(kept)


@pytest.mark.parametrize(("cache", "storage"), STORAGES)
def test_batches_hold_the_frames_of_the_order(cache: str, storage: str) -> None:
    found = frames(Numbered([(6, 4)] * 20), cache=cache)
    assert found.storage == storage
    assert found.size == (6, 4)
    assert len(found) == 20
    for order in ([5, 0, 3, 19, 1], [2, 2, 4]):
        batches = list(found.batches(order, 2))
        assert [list(batch.indices) for batch in batches] == [order[i : i + 2] for i in range(0, len(order), 2)]
        for batch in batches:
            assert batch.rgb.shape == (len(batch.indices), 3, 4, 6)
            assert batch.rgb.is_contiguous(memory_format=torch.channels_last)
            assert batch.labels.dtype == batch.rgb.dtype == torch.uint8
            assert batch.labels[:, 0, 0].tolist() == list(batch.indices)
            assert batch.rgb[:, 2, 3, 5].tolist() == list(batch.indices)


def test_frames_in_memory_are_decoded_once() -> None:
    dataset = Numbered([(6, 4)] * 3)
    found = frames(dataset)
    assert dataset.reads == 3
    for _ in range(3):
        list(found.batches([0, 1, 2], 2))
    assert dataset.reads == 3


def test_frames_that_do_not_fit_are_streamed_and_the_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.training.data.free_ram_bytes", lambda: 2 * 8 * 6 * 4 * 4)
    assert frames(Numbered([(6, 4)] * 8)).storage == "memory"
    notes: list[str] = []
    assert frames(Numbered([(6, 4)] * 9), cache="auto", note=notes.append).storage == "read from disk each epoch"
    (note,) = notes
    assert note.startswith("frames: 0.0 GB are more than 50% of")
    assert note.endswith("so they are read from disk each epoch")


def test_processes_of_one_computer_share_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.training.data.free_ram_bytes", lambda: 2 * 8 * 6 * 4 * 4)
    alone, four = Ranks(), Ranks(local_size=4)
    assert frames(Numbered([(6, 4)] * 8), ranks=alone).storage == "memory"
    assert frames(Numbered([(6, 4)] * 2), ranks=four).storage == "memory"
    assert frames(Numbered([(6, 4)] * 3), ranks=four, note=lambda _note: None).storage == "read from disk each epoch"


@pytest.mark.parametrize("cache", ["ram", "none"])
def test_frames_of_several_sizes_need_a_size(cache: str) -> None:
    mixed = Numbered([(6, 4), (12, 8)])
    with pytest.raises(TrainingError, match=r"Frame 1 is 12x8, but frame 0 is 6x4\..*--size WxH"):
        frames(mixed, cache=cache)
    (batch,) = frames(mixed, cache=cache, size=(3, 2)).batches([0, 1], 2)
    assert batch.rgb.shape == (2, 3, 2, 3)
    assert batch.rgb[1].unique().tolist() == batch.labels[1].unique().tolist() == [1]


@pytest.mark.parametrize(("cache", "workers"), [("ram", 0), ("none", 0), ("none", 1)])
@pytest.mark.parametrize("kind", [ShardError, LabelError])
def test_a_damaged_frame_is_a_data_error(cache: str, workers: int, kind: type[Exception]) -> None:
    dataset = Numbered([(6, 4)] * 4, damaged={2: kind("its bytes are not those written")})
    expected = r"^shard:2: its bytes are not those written\. Record it again, or give --corrupt skip"
    with pytest.raises(DataError, match=expected):
        list(frames(dataset, cache=cache, workers=workers).batches([0, 2], 2))


@pytest.mark.parametrize("cache", ["ram", "none"])
def test_damaged_frames_are_left_out_and_named_where_that_is_wanted(cache: str) -> None:
    damage = {number: ShardError("cut") for number in (0, 9)} | {5: LabelError("no such tag")}
    notes: list[str] = []
    found, kept = kept_frames(Numbered([(6, 4)] * 12, damaged=damage), cache=cache, corrupt="skip", note=notes.append)
    assert notes == ["frames: 3 of 12 are damaged and left out: shard:0, shard:5, shard:9"]
    assert kept == [1, 2, 3, 4, 6, 7, 8, 10, 11]
    assert len(found) == 9
    assert found.size == (6, 4)
    first, last = found.batches([8, 0, 4], 2)
    assert first.labels[:, 0, 0].tolist() == first.rgb[:, 0, 0, 0].tolist() == [11, 1]
    assert last.labels[:, 0, 0].tolist() == [6]
    assert [*first.indices, *last.indices] == [8, 0, 4]


def test_many_damaged_frames_are_counted_and_a_few_named() -> None:
    damage = {number: ShardError("cut") for number in range(7)}
    notes: list[str] = []
    frames(Numbered([(6, 4)] * 8, damaged=damage), corrupt="skip", note=notes.append)
    assert notes[0].endswith("7 of 8 are damaged and left out: shard:0, shard:1, shard:2, shard:3, shard:4 and 2 more")


@pytest.mark.parametrize("cache", ["ram", "none"])
def test_without_damage_nothing_is_said_and_nothing_differs(cache: str) -> None:
    found, kept = kept_frames(Numbered([(6, 4)] * 3), cache=cache, corrupt="skip")
    assert kept == [0, 1, 2]
    assert len(found) == 3


@pytest.mark.parametrize("cache", ["ram", "none"])
def test_a_failing_disk_is_no_damaged_frame(cache: str) -> None:
    with pytest.raises(DataError, match=r"^shard:1: Input/output error$"):
        frames(Numbered([(6, 4)] * 3, damaged={1: DiskError("Input/output error")}), cache=cache, corrupt="skip")


def test_nothing_is_left() -> None:
    damage = {number: ShardError("cut") for number in range(2)}
    with pytest.raises(DataError, match=r"^All 2 frames are damaged"):
        frames(Numbered([(6, 4)] * 2, damaged=damage), corrupt="skip", note=lambda _note: None)


def test_the_death_of_a_loader_process_is_named() -> None:
    found = frames(Numbered([(6, 4)] * 4, deadly=2), cache="none", workers=1)
    expected = r"A loader process died: DataLoader worker .*fewer --workers"
    with pytest.raises(TrainingError, match=expected), loader_death_named():
        list(found.batches([0, 2], 1))


def test_other_failures_are_left_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="CUDA error"), loader_death_named():
        raise RuntimeError("CUDA error")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
@pytest.mark.parametrize(("cache", "storage"), [("gpu", "GPU memory"), *STORAGES])
def test_batches_on_a_gpu_are_those_on_the_cpu(cache: str, storage: str) -> None:
    found = frames(Numbered([(6, 4)] * 20), cache=cache, device=torch.device("cuda"))
    assert found.storage == storage
    for batch in found.batches(list(range(19, -1, -1)), 8):
        assert batch.rgb.is_cuda
        assert batch.rgb.is_contiguous(memory_format=torch.channels_last)
        assert batch.labels[:, 0, 0].tolist() == batch.rgb[:, 1, 3, 5].tolist() == list(batch.indices)


def test_progress_is_told_block_by_block() -> None:
    told: list[tuple[str, int, int]] = []
    frames(Numbered([(6, 4)] * 19), progress=lambda what, done, total: told.append((what, done, total)))
    assert told == [("decoding frames", 8, 19), ("decoding frames", 16, 19), ("decoding frames", 19, 19)]
    told.clear()
    examined = Numbered([(6, 4)] * 9)
    frames(examined, cache="none", corrupt="skip", progress=lambda what, done, total: told.append((what, done, total)))
    assert told == [("examining frames", 8, 9), ("examining frames", 9, 9)]
    assert examined.reads == 9
