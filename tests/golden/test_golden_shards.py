"""Shards written by earlier versions are read to exactly the same values, for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from datasets.labels import CARLA_29
from datasets.shard import ShardReader

_FOLDER = Path(__file__).parent


@pytest.fixture(params=["shard_v1_residual.h5", "shard_v1_plain.h5"])
def shard(request: pytest.FixtureRequest) -> Path:
    """A file of version 1."""
    return _FOLDER / request.param


def test_pixels_tags_and_poses(shard: Path) -> None:
    y, x, channel = np.indices((7, 13, 3))
    with ShardReader(shard) as reader:
        assert reader.frames.tolist() == [100, 103, 106, 109]
        for number, sample in enumerate(reader):
            assert np.array_equal(sample.rgb, (y * 31 + x * x * 7 + channel * 85 + number * 11) % 256)
            assert np.array_equal(sample.tags, (y[:, :, 0] + x[:, :, 0] // 3 + number) % 29)
            assert sample.timestamp_s == 5.0 + 0.15 * number
            assert sample.camera_transform == (10.0 + number, -20.5, 2.4, 0.0, 90.0, -0.125)


def test_header(shard: Path) -> None:
    with ShardReader(shard) as reader:
        header = reader.header
    assert (header.scenario, header.split, header.town, header.seed) == ("golden", "val", "Town10HD", 42)
    assert header.weather == {"preset": "HardRainNight", "cloudiness": 100.0, "sun_altitude_angle": -90.0}
    assert header.camera == {"name": "front", "width": 13, "height": 7, "fov": 90.0, "x": 1.5, "z": 2.4}
    assert (header.server_version, header.harness_version) == ("0.9.16", "0.1.0")
    assert header.tag_table == CARLA_29
    assert header.extra == {"note": "für immer"}


def test_hashes_in_the_index(shard: Path) -> None:
    with ShardReader(shard) as reader:
        assert [f"{row:016x}" for row in reader.index["rgb_xxh64"]] == [
            "87d936466f696f63",
            "0334f89f15fb3944",
            "25d1df08049ca73f",
            "49627f303406a7f9",
        ]
        assert [f"{row:016x}" for row in reader.index["tags_xxh64"]] == [
            "bf0387b1dbb58f09",
            "c95397cedfb02481",
            "680f71eb0cdda154",
            "d976481203415fed",
        ]


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("shard_v1_residual.h5", "97b0a41f839632962e3a40bb4e90e0ebb3b6872eff06bc74ed9ea2929d7167a0"),
        ("shard_v1_plain.h5", "059c5c3498a299054898da8c8d70d5bf5f568bd5fdfd1b899b3ec2305bf0bab6"),
    ],
)
def test_the_files_themselves_never_change(name: str, digest: str) -> None:
    assert hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest() == digest
