from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np

from datasets.labelled_frames import LabelledFrames
from datasets.labels import CARLA_23, CARLA_29, CITYSCAPES_19, lookup_table
from datasets.sample import Sample

WriteShard = Callable[..., Path]


def read(frames: LabelledFrames, number: int) -> tuple[np.ndarray, np.ndarray]:
    width, height = frames.size_of(number)
    rgb, labels = np.empty((height, width, 3), np.uint8), np.empty((height, width), np.uint8)
    frames.read(number, rgb, labels, planar=False)
    return rgb, labels


def test_sizes_and_tables_may_differ(write_shard: WriteShard, make_sample: Callable[..., Sample]) -> None:
    paths = [
        write_shard("a.h5", count=2),
        write_shard("b.h5", count=3, tag_table=CARLA_23, sample_options={"height": 12, "num_tags": 23}),
    ]
    frames = LabelledFrames(paths, label_set=CITYSCAPES_19)
    assert len(frames) == 5
    assert [frames.size_of(number) for number in (0, 1, 2, 4)] == [(18, 11), (18, 11), (18, 12), (18, 12)]
    for number, table, source in (
        (1, CARLA_29, make_sample(1)),
        (2, CARLA_23, make_sample(0, height=12, num_tags=23)),
    ):
        rgb, labels = read(frames, number)
        assert np.array_equal(rgb, source.rgb)
        assert np.array_equal(labels, lookup_table(table, CITYSCAPES_19)[source.tags])


def test_names_say_shard_and_frame(write_shard: WriteShard) -> None:
    frames = LabelledFrames([write_shard("a.h5", count=2), write_shard("b.h5", count=3)], label_set=CARLA_29)
    names = [frames.name_of(number) for number in range(5)]
    assert [name.partition(":")[0] for name in names] == ["a", "a", "b", "b", "b"]
    assert len(set(names)) == 5


def test_more_shards_than_files_may_be_open(write_shard: WriteShard) -> None:
    frames = LabelledFrames([write_shard(f"{n}.h5", count=1) for n in range(24)], label_set=CARLA_29)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = max(int(path.name) for path in Path("/proc/self/fd").iterdir()) + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 4, hard))
    try:
        pictures = [read(frames, number)[0] for number in range(24)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)
