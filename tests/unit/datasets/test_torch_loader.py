"""The stream of batches: the same for any number of workers, and from any position on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from datasets.augmentation import Augmentation
from datasets.errors import ShardError
from datasets.frame_order import epoch_order
from datasets.labels import CITYSCAPES_19
from datasets.torch_dataset import ShardDataset
from datasets.torch_loader import ShardLoader

Batches = list[tuple[Tensor, Tensor]]

AUGMENTATION = Augmentation(crop=(12, 8))


@pytest.fixture
def data(write_shard: Callable[..., Path]) -> ShardDataset:
    """14 frames in two shards."""
    return ShardDataset([write_shard("a.h5", count=9), write_shard("b.h5")], label_set=CITYSCAPES_19)


def loader(data: ShardDataset, **settings: Any) -> ShardLoader:
    return ShardLoader(data, **{"batch_size": 4, "seed": 3, "augmentation": AUGMENTATION, **settings})


def epochs(of: ShardLoader, count: int) -> Batches:
    return [batch for _ in range(count) for batch in of]


def assert_equal(found: Batches, expected: Batches) -> None:
    assert len(found) == len(expected)
    for batch, wanted in zip(found, expected, strict=True):
        assert all(torch.equal(tensor, other) for tensor, other in zip(batch, wanted, strict=True))


def test_an_epoch_shows_the_frames_in_its_order(data: ShardDataset) -> None:
    plain = loader(data, augmentation=None, drop_last=False)
    assert len(plain) == 4
    for epoch in range(2):
        batches = list(plain)
        assert [len(rgb) for rgb, _ in batches] == [4, 4, 4, 2]
        shown = [pair for rgb, labels in batches for pair in zip(rgb, labels, strict=True)]
        for number, (rgb, labels) in zip(epoch_order(14, seed=3, epoch=epoch), shown, strict=True):
            assert torch.equal(rgb, data[number][0])
            assert torch.equal(labels, data[number][1])


def test_without_shuffling_and_with_a_last_batch_that_is_left_out(data: ShardDataset) -> None:
    batches = list(loader(data, augmentation=None, shuffle=False))
    assert [len(rgb) for rgb, _ in batches] == [4, 4, 4]
    assert torch.equal(batches[2][0][3], data[11][0])


def test_augmented_batches_are_uint8_of_the_crops_size_and_new_in_each_epoch(data: ShardDataset) -> None:
    first, second = (epochs(loader(data, shuffle=False, batch_size=14), 2)[epoch] for epoch in (0, 1))
    assert first[0].shape == (14, 3, 8, 12)
    assert first[1].shape == (14, 8, 12)
    assert {tensor.dtype for tensor in first} == {torch.uint8}
    assert not torch.equal(first[0], second[0])


def test_changes_depend_on_the_frame_and_not_on_its_batch(data: ShardDataset) -> None:
    whole, parts = (list(loader(data, batch_size=size)) for size in (14, 2))
    assert torch.equal(whole[0][0], torch.cat([rgb for rgb, _ in parts]))


@pytest.mark.parametrize("num_taken", range(8))
def test_a_resumed_stream_is_the_uninterrupted_one(data: ShardDataset, num_taken: int) -> None:
    expected = epochs(loader(data), 3)
    interrupted = loader(data)
    stream = (batch for _ in range(3) for batch in interrupted)
    taken = [next(stream) for _ in range(num_taken)]
    state = json.loads(json.dumps(interrupted.state_dict()))
    resumed = loader(data)
    resumed.load_state_dict(state)
    assert_equal(taken + epochs(resumed, 3 - resumed.epoch), expected)


# Python 3.12 warns of any fork beside threads; torch has threads that the workers do not use.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("start_method", ["spawn", "fork"])
def test_two_workers_give_the_same_stream_and_resume_in_the_middle(data: ShardDataset, start_method: str) -> None:
    expected = epochs(loader(data, batch_size=2), 4)
    with_workers = loader(data, batch_size=2, num_workers=2, start_method=start_method)
    found = []
    for batch in with_workers:
        found.append(batch)
        if len(found) == 3:
            break
    state = with_workers.state_dict()
    assert (state["epoch"], state["position"]) == (0, 6)  # handed out, though more has been made ahead
    found += epochs(with_workers, 2)  # all are kept, which needs more memory than the workers share
    assert_equal(found, expected[:14])
    with_workers.load_state_dict(state)
    assert_equal(epochs(with_workers, 1), expected[3:7])


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_shared_memory_is_not_used_again_while_a_view_of_it_lives(data: ShardDataset) -> None:
    expected = epochs(loader(data, batch_size=1, augmentation=None), 3)
    stream = loader(data, batch_size=1, num_workers=1, augmentation=None, start_method="fork")
    views = []
    for number, (rgb, labels) in enumerate(batch for _ in range(3) for batch in stream):
        views.append((rgb[0, 1].numpy() if number % 2 else rgb[0, 1], labels[:, 2:]))
    assert len(views) == len(expected) == 42
    for (green, rows), (rgb, labels) in zip(views, expected, strict=True):
        assert torch.equal(torch.as_tensor(green), rgb[0, 1])
        assert torch.equal(rows, labels[:, 2:])


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_damaged_frame_is_named_and_its_batch_is_not_handed_out(
    write_shard: Callable[..., Path], num_workers: int
) -> None:
    path = write_shard()
    content = bytearray(path.read_bytes())
    content[content.index(b"\x28\xb5\x2f\xfd") + 50] ^= 1  # in the first Zstd frame
    path.write_bytes(content)
    data = ShardDataset([path], label_set=CITYSCAPES_19)
    stream = loader(data, batch_size=2, shuffle=False, num_workers=num_workers, start_method="fork")
    with pytest.raises(ShardError, match=r"^\S+noon_01\.h5, rgb of frame 1000 \(number 0 of 5\): .*damaged"):
        list(stream)
    assert stream.position == 0


@pytest.mark.parametrize("change", [{"seed": 4}, {"shuffle": False}])
def test_a_position_of_another_order_is_refused(data: ShardDataset, change: dict[str, Any]) -> None:
    with pytest.raises(ShardError, match="the position belongs to"):
        loader(data, **change).load_state_dict(loader(data).state_dict())


def test_a_position_of_other_frames_is_refused(data: ShardDataset) -> None:
    fewer = ShardDataset(data.shard_paths[:1], label_set=CITYSCAPES_19)
    with pytest.raises(ShardError, match=r"'num_frames': 14.*'num_frames': 9"):
        loader(fewer).load_state_dict(loader(data).state_dict())


@pytest.mark.parametrize("batch_size", [0, 15])
def test_a_batch_size_without_a_batch(data: ShardDataset, batch_size: int) -> None:
    with pytest.raises(ShardError, match=f"the batch size is {batch_size}, expected 1 to 14"):
        loader(data, batch_size=batch_size)


def test_a_crop_larger_than_the_frames(data: ShardDataset) -> None:
    with pytest.raises(ShardError, match="the crop 19x8 is larger than the frames, 18x11"):
        loader(data, augmentation=Augmentation(crop=(19, 8)))


def test_it_leaves_torchs_own_random_numbers_alone(data: ShardDataset) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    list(loader(data))
    assert torch.equal(torch.rand(3), expected)
