"""Frames in memory and frames from disk are the same frames, in an order that seed and epoch decide."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from datasets.errors import ShardError
from harness.errors import DataError, TrainingError
from harness.training.data import Frames, loader_death_named, open_frames, resize_pair

CPU = torch.device("cpu")
STORAGES = [("ram", "memory"), ("none", "read from disk each epoch")]


class Numbered:
    """Frames of one grey level, which is their number, labelled with it; spawned workers can import this class."""

    def __init__(self, sizes: list[tuple[int, int]], *, damaged: int = -1, deadly: int = -1) -> None:
        self.sizes, self.damaged, self.deadly = sizes, damaged, deadly
        self.reads = 0

    def __len__(self) -> int:
        return len(self.sizes)

    def size_of(self, number: int) -> tuple[int, int]:
        return self.sizes[number]

    def read(self, number: int, rgb: NDArray[np.uint8], labels: NDArray[np.uint8], *, planar: bool) -> None:
        width, height = self.sizes[number]
        assert rgb.shape == ((3, height, width) if planar else (height, width, 3))
        assert labels.shape == (height, width)
        if number == self.damaged:
            raise ShardError(f"frame {number} is damaged")
        if number == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        self.reads += 1
        rgb[...] = labels[...] = number


def frames(dataset: Numbered, *, size: tuple[int, int] | None = None, **settings: Any) -> Frames:
    return open_frames(
        dataset,
        **{
            "size": size,
            "device": CPU,
            "cache": "ram",
            "workers": 0,
            "progress": lambda _what, _done, _total: None,
            "note": pytest.fail,
            "what": "frames",
            **settings,
        },
    )


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


@pytest.mark.parametrize("cache", ["ram", "none"])
def test_frames_of_several_sizes_need_a_size(cache: str) -> None:
    mixed = Numbered([(6, 4), (12, 8)])
    with pytest.raises(TrainingError, match=r"Frame 1 is 12x8, but frame 0 is 6x4\..*--size WxH"):
        frames(mixed, cache=cache)
    (batch,) = frames(mixed, cache=cache, size=(3, 2)).batches([0, 1], 2)
    assert batch.rgb.shape == (2, 3, 2, 3)
    assert batch.rgb[1].unique().tolist() == batch.labels[1].unique().tolist() == [1]


@pytest.mark.parametrize(("cache", "workers"), [("ram", 0), ("none", 0), ("none", 1)])
def test_a_damaged_frame_is_a_data_error(cache: str, workers: int) -> None:
    with pytest.raises(DataError, match=r"^frame 2 is damaged$"):
        list(frames(Numbered([(6, 4)] * 4, damaged=2), cache=cache, workers=workers).batches([0, 2], 2))


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


def test_resizing_blends_colours_and_never_labels() -> None:
    labels = torch.zeros(8, 8, dtype=torch.uint8)
    labels[:, 3:] = 200
    rgb, smaller = resize_pair(labels.expand(3, -1, -1), labels, (4, 4))
    assert smaller.shape == (4, 4)
    assert set(smaller.flatten().tolist()) == {0, 200}
    assert rgb.dtype == torch.uint8
    assert len(set(rgb.flatten().tolist()) - {0, 200}) > 0


def test_progress_is_told_block_by_block() -> None:
    told: list[tuple[str, int, int]] = []
    frames(Numbered([(6, 4)] * 19), progress=lambda what, done, total: told.append((what, done, total)))
    assert told == [("decoding frames", 8, 19), ("decoding frames", 16, 19), ("decoding frames", 19, 19)]
