"""A short drive to break: tiny frames with every plane, made by number, and shards of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from datasets.labels import CARLA_29
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardWriter

HEIGHT, WIDTH = 12, 20
NUM_FRAMES = 3
"""Of the drive, and of a shard or frame log by itself."""
FRAMES_A_SHARD = 2
"""Of the drive when it is recorded: two shards, so that there is a next one."""


def header(**changes: Any) -> ShardHeader:
    """The header of the drive with the given fields changed."""
    facts: dict[str, Any] = {
        "scenario": "drive",
        "split": "train",
        "town": "Town10HD",
        "seed": 7,
        "weather": {"name": "ClearNoon", "cloudiness": 5.0},
        "camera": {"name": "front", "width": WIDTH, "height": HEIGHT, "fov": 90.0},
        "server_version": "0.9.16",
        "tag_table": CARLA_29,
        "harness_version": "0.1.0",
    }
    return ShardHeader(**{**facts, **changes})


def sample(number: int) -> Sample:
    """Frame `number` of the drive."""
    rng = np.random.default_rng(number)
    return Sample(
        frame=number,
        timestamp_s=0.05 * number,
        rgb=rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8),
        tags=rng.integers(0, 29, (HEIGHT, WIDTH), np.uint8),
        depth=rng.integers(0, 1 << 24, (HEIGHT, WIDTH), np.uint32),
        instance=rng.integers(0, 1 << 16, (HEIGHT, WIDTH), np.uint16),
        camera_transform=(1.5, -2.0, float(number), 0.0, -90.0, 0.25),
    )


def is_frame(found: Sample, number: int) -> bool:
    """Whether `found` is frame `number` to the last bit."""
    expected = sample(number)
    facts = ("frame", "timestamp_s", "camera_transform")
    return all(getattr(found, name) == getattr(expected, name) for name in facts) and all(
        np.array_equal(getattr(found, name), getattr(expected, name)) for name in ("rgb", "tags", "depth", "instance")
    )


def write_shard(path: Path, *, num_frames: int = NUM_FRAMES, compression: str = "residual") -> Path:
    """A finished shard of the drive's first frames."""
    with ShardWriter(path, header(), compression=compression) as writer:
        for number in range(num_frames):
            writer.append(sample(number))
    return path


def write_part(path: Path, *, num_frames: int = NUM_FRAMES, compression: str = "residual") -> Path:
    """The frame log that a recorder leaves which dies before it finishes the shard `path`."""
    writer = ShardWriter(path, header(), compression=compression)
    for number in range(num_frames):
        writer.append(sample(number))
    writer.leave_part()
    return writer.part_path
