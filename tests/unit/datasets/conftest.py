"""Small samples and shards for the tests of `datasets`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.labels import CARLA_29
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardWriter

MakeSample = Callable[..., Sample]


def _header(**changes: Any) -> ShardHeader:
    facts: dict[str, Any] = {
        "scenario": "noon_01",
        "split": "train",
        "town": "Town10HD",
        "seed": 7,
        "weather": {"preset": "ClearNoon", "cloudiness": 5.0, "sun_altitude_angle": 45.0},
        "camera": {"name": "front", "width": 18, "height": 11, "fov": 90.0},
        "server_version": "0.9.16",
        "tag_table": CARLA_29,
        "harness_version": "0.1.0",
    }
    return ShardHeader(**{**facts, **changes})


def _sample(
    number: int,
    *,
    height: int = 11,
    width: int = 18,
    num_tags: int = 29,
    frame: int | None = None,
    has_geometry: bool = False,
) -> Sample:
    rng = np.random.default_rng(number)
    geometry = {
        "depth": rng.integers(0, 2**24, (height, width), dtype=np.uint32),
        "instance": rng.integers(0, 2**16, (height, width), dtype=np.uint16),
    }
    return Sample(
        **(geometry if has_geometry else {}),
        frame=1000 + number if frame is None else frame,
        timestamp_s=0.05 * number,
        rgb=rng.integers(0, 256, (height, width, 3), dtype=np.uint8),
        tags=rng.integers(0, num_tags, (height, width), dtype=np.uint8),
        camera_transform=(1.5, -2.0, float(number), 0.0, -90.0, 0.25),
    )


@pytest.fixture
def make_header() -> Callable[..., ShardHeader]:
    """A header with the given fields changed."""
    return _header


@pytest.fixture
def make_sample() -> MakeSample:
    """Sample `number`: random pixels that depend on it, frame 1000 + number; `has_geometry`: with depth, instance."""
    return _sample


@pytest.fixture
def write_shard(tmp_path: Path) -> Callable[..., Path]:
    """Write a shard of `count` samples and return its path."""

    def write(
        name: str = "noon_01.h5",
        *,
        count: int = 5,
        compression: str = "residual",
        folder: Path = tmp_path,
        sample_options: dict[str, Any] | None = None,
        **header_changes: Any,
    ) -> Path:
        path = folder / name
        with ShardWriter(path, _header(**header_changes), compression=compression) as writer:
            for number in range(count):
                writer.append(_sample(number, **(sample_options or {})))
        return path

    return write
