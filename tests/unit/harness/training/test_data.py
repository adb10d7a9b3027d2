"""Frames in memory and frames from disk are the same frames, in an order that seed and epoch decide."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from harness.errors import TrainingError
from harness.training.data import Frames, epoch_order, open_frames, resize_pair

CPU = torch.device("cpu")


class Numbered:
    """Frames of one grey level, which is their number, labelled with it; spawned workers can import this class."""

    def __init__(self, sizes: list[tuple[int, int]]) -> None:
        self.sizes = sizes
        self.reads = 0

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        self.reads += 1
        width, height = self.sizes[index]
        labels = torch.full((height, width), index, dtype=torch.uint8)
        return labels.expand(3, -1, -1), labels


def frames(dataset: Numbered, *, cache_gib: float = 1.0, size: tuple[int, int] | None = None) -> Frames:
    return open_frames(
        dataset,
        size=size,
        device=CPU,
        cache_gib=cache_gib,
        workers=0,
        progress=lambda _what, _done, _total: None,
        what="decoding",
    )


@pytest.mark.parametrize(("cache_gib", "storage"), [(1.0, "memory"), (0.0, "read from disk each epoch")])
def test_batches_hold_the_frames_of_the_order(cache_gib: float, storage: str) -> None:
    found = frames(Numbered([(6, 4)] * 7), cache_gib=cache_gib)
    assert found.storage == storage
    assert found.size == (6, 4)
    assert len(found) == 7
    for order in ([5, 0, 3, 6, 1], [2, 2, 4]):
        batches = list(found.batches(order, 2))
        assert [list(batch.indices) for batch in batches] == [order[i : i + 2] for i in range(0, len(order), 2)]
        for batch in batches:
            assert batch.rgb.shape == (len(batch.indices), 3, 4, 6)
            assert batch.labels.dtype == torch.uint8
            assert batch.labels[:, 0, 0].tolist() == list(batch.indices)
            assert batch.rgb[:, 2, 3, 5].tolist() == list(batch.indices)


def test_frames_in_memory_are_decoded_once() -> None:
    dataset = Numbered([(6, 4)] * 3)
    found = frames(dataset)
    after_opening = dataset.reads
    for _ in range(3):
        list(found.batches([0, 1, 2], 2))
    assert dataset.reads == after_opening


def test_the_cache_limit_counts_pixels_and_labels() -> None:
    gib = 8 * 6 * 4 * 4 / 2**30
    assert frames(Numbered([(6, 4)] * 8), cache_gib=gib).storage == "memory"
    assert frames(Numbered([(6, 4)] * 9), cache_gib=gib).storage != "memory"


@pytest.mark.parametrize("cache_gib", [1.0, 0.0])
def test_frames_of_several_sizes_need_a_size(cache_gib: float) -> None:
    mixed = Numbered([(6, 4), (12, 8)])
    with pytest.raises(TrainingError, match=r"Frame 1 is 12x8, but frame 0 is 6x4\..*--size WxH"):
        list(frames(mixed, cache_gib=cache_gib).batches([0, 1], 2))
    (batch,) = frames(mixed, cache_gib=cache_gib, size=(3, 2)).batches([0, 1], 2)
    assert batch.rgb.shape == (2, 3, 2, 3)


def test_resizing_blends_colours_and_never_labels() -> None:
    labels = torch.zeros(8, 8, dtype=torch.uint8)
    labels[:, 3:] = 200
    rgb, smaller = resize_pair(labels.expand(3, -1, -1), labels, (4, 4))
    assert smaller.shape == (4, 4)
    assert set(smaller.flatten().tolist()) == {0, 200}
    assert rgb.dtype == torch.uint8
    assert len(set(rgb.flatten().tolist()) - {0, 200}) > 0


def test_progress_is_told_frame_by_frame() -> None:
    told: list[tuple[str, int, int]] = []
    open_frames(
        Numbered([(6, 4)] * 3),
        size=None,
        device=CPU,
        cache_gib=1.0,
        workers=0,
        progress=lambda what, done, total: told.append((what, done, total)),
        what="decoding",
    )
    assert told == [("decoding", 1, 3), ("decoding", 2, 3), ("decoding", 3, 3)]


def test_an_order_is_a_permutation_that_seed_and_epoch_decide() -> None:
    order = epoch_order(50, seed=3, epoch=2)
    assert sorted(order) == list(range(50))
    assert order == epoch_order(50, seed=3, epoch=2)
    assert order != epoch_order(50, seed=3, epoch=3)
    assert order != epoch_order(50, seed=4, epoch=2)
