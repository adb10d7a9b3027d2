"""Shards written by earlier versions are read to exactly the same values, for ever."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from datasets.labels import CARLA_29
from datasets.shard import ShardReader
from datasets.shard_recovery import recover

_FOLDER = Path(__file__).parent

DIGESTS = {
    "shard_v1_residual.h5": "97b0a41f839632962e3a40bb4e90e0ebb3b6872eff06bc74ed9ea2929d7167a0",
    "shard_v1_plain.h5": "059c5c3498a299054898da8c8d70d5bf5f568bd5fdfd1b899b3ec2305bf0bab6",
    "shard_v2_gzip.h5": "763ec1650467f16c2b7cab937dc019c93cce2ec476d0cec535b85c2a5f62d121",
    "shard_v2_jpeg.h5": "7e167a283f6c68ab2eccdca886ebdcaa804a1cb109a43b297caacc5e45538905",
    "shard_v2_plain.h5": "c4007ed56cb47f6d215584ecb7567bd5e6d87c5a8480c16805319b36e52110f3",
    "shard_v2_residual.h5": "7eea17f57e2f7d3215813ecd42ffdda5d3618270bb43b471b5c3897892b15be5",
    "shard_v2_unfinished.log": "2dfb7357fa639106aacdf193c9b7f06a3617cf7e34652bedf35eaa23661f180d",
}
FINISHED = [name for name in DIGESTS if name.endswith(".h5")]


def _rgb(number: int) -> np.ndarray:
    y, x, channel = np.indices((7, 13, 3))
    return (y * 31 + x * x * 7 + channel * 85 + number * 11) % 256


@pytest.mark.parametrize(("name", "digest"), DIGESTS.items())
def test_the_files_themselves_never_change(name: str, digest: str) -> None:
    assert hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("name", FINISHED)
def test_frames(name: str) -> None:
    y, x = np.indices((7, 13))
    with ShardReader(_FOLDER / name) as reader:
        assert reader.version == int(name[7])
        assert reader.frames.tolist() == ([100, 103, 106, 109] if reader.version == 1 else [0, 3, 6, 9])
        for number, sample in enumerate(reader):
            if reader.is_lossless:
                assert np.array_equal(sample.rgb, _rgb(number))
            assert np.array_equal(sample.tags, (y + x // 3 + number) % 29)
            assert sample.timestamp_s == 5.0 + 0.15 * number
            assert sample.camera_transform == (10.0 + number, -20.5, 2.4, 0.0, 90.0, -0.125)


def test_depth_and_instance() -> None:
    y, x = np.indices((7, 13))
    with ShardReader(_FOLDER / "shard_v2_residual.h5") as reader:
        for number, sample in enumerate(reader):
            assert np.array_equal(sample.depth, (y * 1_300_021 + x * x * 90_001 + number * 7) % 2**24)
            assert np.array_equal(sample.instance, (y // 2 * 300 + x // 4 + number) % 2**16)


def test_jpeg_is_read_to_nearly_the_same_values() -> None:
    """Decoders may differ in the last bit; on these hard edges an image of quality 95 is within a few levels."""
    with ShardReader(_FOLDER / "shard_v2_jpeg.h5") as reader:
        differences = np.array([reader.rgb(number).astype(int) - _rgb(number) for number in range(len(reader))])
    assert np.abs(differences).mean() < 6
    with ShardReader(_FOLDER / "shard_v2_jpeg.h5") as reader:
        found = reader.rgb(1)[3, :4].astype(int)
    assert np.abs(found - [[105, 188, 18], [111, 191, 34], [129, 217, 43], [169, 253, 77]]).max() <= 2


@pytest.mark.parametrize("name", FINISHED)
def test_header(name: str) -> None:
    with ShardReader(_FOLDER / name) as reader:
        header, version = reader.header, reader.version
    assert (header.scenario, header.split, header.town, header.seed) == ("golden", "val", "Town10HD", 42)
    weather = {"preset" if version == 1 else "name": "HardRainNight", "cloudiness": 100.0, "sun_altitude_angle": -90.0}
    assert header.weather == weather
    assert header.camera == {"name": "front", "width": 13, "height": 7, "fov": 90.0, "x": 1.5, "z": 2.4}
    assert (header.server_version, header.harness_version) == ("0.9.16", "0.1.0")
    assert header.tag_table == CARLA_29
    assert header.tag_table.ignored == {0}
    assert header.extra == {"note": "für immer"}
    assert header.sequence == (0 if version == 1 else 2)
    assert [entry["at_s"] for entry in header.weather_timeline] == ([] if version == 1 else [0.0, 1.5])


def test_digest_of_a_header_is_of_its_text_in_the_file() -> None:
    """The manifest of version 1 names the digest of version 1."""
    digests = {}
    for name in FINISHED:
        with ShardReader(_FOLDER / name) as reader:
            digests[name] = reader.header_digest
            assert (reader.header_digest == reader.header.digest) == (reader.version == 2)
    assert digests["shard_v1_plain.h5"] == "f60555d8473c32bfdc9ed0b7c59d523748a5d9d898d8b9f17be91f5b5e7db32e"
    assert digests["shard_v2_plain.h5"] == "f784ff64167c80250a319ac571e4058c32ec71090e45e9441d1fd0eab754f545"


@pytest.mark.parametrize("name", FINISHED)
def test_hashes_in_the_index(name: str) -> None:
    expected = {
        "rgb": ["87d936466f696f63", "0334f89f15fb3944", "25d1df08049ca73f", "49627f303406a7f9"],
        "tags": ["bf0387b1dbb58f09", "c95397cedfb02481", "680f71eb0cdda154", "d976481203415fed"],
        "depth": ["bd4b23a556048513", "c8ba627c1eafd3f0", "b1c502c660f918ae", "42bf9a32cd9b5a6f"],
        "instance": ["5d8c3a26dc311759", "55f2767448176557", "0e4d6a95c1029b86", "33d2042fdc908d41"],
    }
    if name == "shard_v2_jpeg.h5":  # of the JPEG's bytes
        expected["rgb"] = ["418dd684f6245fd6", "a4306b483d81803c", "561ac39a3826ec30", "cd184f17616f858e"]
    with ShardReader(_FOLDER / name) as reader:
        for plane, hashes in expected.items():
            there = hashes if plane in reader.planes else ["0" * 16] * 4
            assert [f"{row:016x}" for row in reader.index[f"{plane}_xxh64"]] == there


def test_an_unfinished_shard_can_be_finished(tmp_path: Path) -> None:
    part = tmp_path / "a.h5.part"
    shutil.copy(_FOLDER / "shard_v2_unfinished.log", part)
    recovered = recover(part)
    assert (recovered.num_frames, recovered.dropped_bytes) == (4, 0)
    with ShardReader(recovered.path) as found, ShardReader(_FOLDER / "shard_v2_residual.h5") as expected:
        assert found.header == expected.header
        assert found.index.tobytes() == expected.index.tobytes()
