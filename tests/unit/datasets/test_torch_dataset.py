from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from datasets.errors import LabelError, ShardError
from datasets.labels import CARLA_23, CARLA_29, CITYSCAPES_19, LabelClass, LabelSet, lookup_table
from datasets.sample import Sample
from datasets.torch_dataset import ShardDataset

WriteShard = Callable[..., Path]


@pytest.fixture
def two_shards(write_shard: WriteShard) -> list[Path]:
    """Frames 0-4, then 0-2 again."""
    return [write_shard("a.h5"), write_shard("b.h5", count=3)]


def test_items(two_shards: list[Path], make_sample: Callable[..., Sample]) -> None:
    data = ShardDataset(two_shards, label_set=CITYSCAPES_19)
    assert len(data) == 8
    for number, source in enumerate((0, 1, 2, 3, 4, 0, 1, 2)):
        rgb, labels = data[number]
        expected = make_sample(source)
        assert (rgb.dtype, labels.dtype) == (torch.uint8, torch.uint8)
        assert rgb.is_contiguous()
        assert np.array_equal(rgb.numpy(), expected.rgb.transpose(2, 0, 1))
        assert np.array_equal(labels.numpy(), lookup_table(CARLA_29, CITYSCAPES_19)[expected.tags])


def test_a_batch_is_its_items(two_shards: list[Path]) -> None:
    data = ShardDataset(two_shards, label_set=CITYSCAPES_19)
    for number, (rgb, labels) in zip((6, 0, 6), data.__getitems__([6, 0, 6]), strict=True):
        assert torch.equal(rgb, data[number][0])
        assert torch.equal(labels, data[number][1])


def test_frames_are_decoded_into_buffers_of_either_layout(two_shards: list[Path]) -> None:
    data = ShardDataset(two_shards, label_set=CITYSCAPES_19)
    planes, pixels = np.zeros((3, 11, 18), np.uint8), np.zeros((11, 18, 3), np.uint8)
    labels = np.zeros((2, 11, 18), np.uint8)
    data.read(6, planes, labels[0])
    data.read(6, pixels, labels[1], planar=False)
    assert np.array_equal(planes, data[6][0].numpy())
    assert np.array_equal(pixels.transpose(2, 0, 1), planes)
    assert (labels == data[6][1].numpy()).all()


def test_many_threads_read_at_once(two_shards: list[Path], make_sample: Callable[..., Sample]) -> None:
    data = ShardDataset(two_shards, label_set=CITYSCAPES_19)
    expected = [make_sample(number).rgb.transpose(2, 0, 1) for number in (0, 1, 2, 3, 4, 0, 1, 2)]
    with ThreadPoolExecutor(8) as threads:
        frames = list(threads.map(data.__getitem__, [number % 8 for number in range(400)]))
    assert all(np.array_equal(rgb.numpy(), expected[number % 8]) for number, (rgb, _) in enumerate(frames))


def test_positions_as_in_a_list(two_shards: list[Path]) -> None:
    data = ShardDataset(two_shards, label_set=CARLA_29)
    assert torch.equal(data[-1][0], data[7][0])
    for outside in (8, -9):
        with pytest.raises(IndexError):
            data[outside]


def test_a_pickled_copy_reads_the_same(two_shards: list[Path]) -> None:
    data = ShardDataset(two_shards, label_set=CARLA_29)
    expected = data[6]
    copy = pickle.loads(pickle.dumps(data))
    assert torch.equal(copy[6][0], expected[0])
    assert torch.equal(copy[6][1], expected[1])


def test_a_forked_child_reads_the_same(two_shards: list[Path]) -> None:
    data = ShardDataset(two_shards, label_set=CARLA_29)
    expected = data[6][1].numpy()
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(data[6][1].numpy(), expected) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(data[6][1].numpy(), expected)


def test_a_spawned_worker_of_pytorchs_own_loader(two_shards: list[Path]) -> None:
    data = ShardDataset(two_shards, label_set=CARLA_29)
    loader = DataLoader(data, batch_size=3, num_workers=1, multiprocessing_context="spawn")
    batches = list(loader)
    assert [tuple(rgb.shape) for rgb, _ in batches] == [(3, 3, 11, 18), (3, 3, 11, 18), (2, 3, 11, 18)]
    assert torch.equal(torch.cat([rgb for rgb, _ in batches]), torch.stack([data[number][0] for number in range(8)]))


def test_mixed_tables_are_refused(write_shard: WriteShard) -> None:
    paths = [write_shard("a.h5"), write_shard("b.h5", tag_table=CARLA_23, sample_options={"num_tags": 23})]
    with pytest.raises(ShardError, match=r"b\.h5 holds tags of 'carla23', .*a\.h5 those of 'carla29'"):
        ShardDataset(paths, label_set=CITYSCAPES_19)


def test_a_table_of_the_same_classes_that_ignores_others_is_another_table(write_shard: WriteShard) -> None:
    other = LabelSet(name="mine", classes=CARLA_29.classes, ignored=frozenset({0, 3}))
    with pytest.raises(ShardError, match="holds tags of 'mine'"):
        ShardDataset([write_shard("a.h5"), write_shard("b.h5", tag_table=other)], label_set=CITYSCAPES_19)


def test_mixed_sizes_are_refused(write_shard: WriteShard) -> None:
    paths = [write_shard("a.h5"), write_shard("b.h5", sample_options={"height": 12})]
    with pytest.raises(ShardError, match=r"b\.h5 holds frames of 18x12 pixels, .*18x11; expected one size"):
        ShardDataset(paths, label_set=CITYSCAPES_19)


def test_no_shards() -> None:
    with pytest.raises(ShardError, match="is the split empty"):
        ShardDataset([], label_set=CARLA_29)


def test_labels_without_a_translation(write_shard: WriteShard) -> None:
    mine = LabelSet(name="mine", classes=(LabelClass(name="way", color=(1, 2, 3)),))
    with pytest.raises(LabelError, match="no translation"):
        ShardDataset([write_shard()], label_set=mine)


def test_a_damaged_frame_is_an_error_and_not_zeros(write_shard: WriteShard) -> None:
    path = write_shard()
    data = ShardDataset([path], label_set=CARLA_29)
    content = bytearray(path.read_bytes())
    at = content.index(b"\x28\xb5\x2f\xfd")  # the first Zstd frame
    content[at + 50] ^= 1
    path.write_bytes(content)
    with pytest.raises(ShardError, match="damaged"):
        data[0]
