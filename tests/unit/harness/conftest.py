"""Small recordings, written by the real writer, for the tests that look at data."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.labels import CARLA_29
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardWriter

HEIGHT, WIDTH = 24, 32


class RecordingMaker:
    """A recording that grows shard by shard."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.recording = RecordingDir.create(root)

    @staticmethod
    def sample(frame: int, *, seed: int = 1, gain: float = 1.0, planes: Iterable[str] = ()) -> Sample:
        """A frame of a drive along x, 0.5 m a tick: `seed` and `frame` make the scene, `gain` the light."""
        rng = np.random.default_rng((seed, frame))
        tags = np.repeat(np.repeat(rng.integers(1, 12, (3, 4), dtype=np.uint8), 8, axis=0), 8, axis=1)
        codes = np.linspace(1_677_721, 16_777, HEIGHT).astype(np.uint32)  # 100 m at the top, 1 m at the bottom
        return Sample(
            frame=frame,
            timestamp_s=0.05 * frame,
            rgb=(CARLA_29.palette[tags] * gain).astype(np.uint8),
            tags=tags,
            camera_transform=(10.0 * seed + 0.5 * frame, -5.0 * seed, 2.0, 0.0, 0.0, 0.0),
            depth=np.repeat(codes[:, None], WIDTH, axis=1) if "depth" in planes else None,
            instance=tags.astype(np.uint16) * 300 if "instance" in planes else None,
        )

    @staticmethod
    def header(*, weather: str = "ClearNoon", camera: str | dict[str, Any] = "front", **changes: Any) -> ShardHeader:
        """A header with the given fields changed; a camera that is only named looks straight ahead."""
        if isinstance(camera, str):
            camera = {"name": camera, "width": WIDTH, "height": HEIGHT, "fov": 90.0, "x": 1.5, "y": 0.0, "z": 2.0}
            camera |= {"pitch": 0.0, "yaw": 0.0, "roll": 0.0}
        facts: dict[str, Any] = {
            "scenario": "noon",
            "split": "train",
            "town": "Town10HD",
            "seed": 7,
            "weather": {"name": weather, "cloudiness": 5.0},
            "camera": camera,
            "server_version": "0.9.16",
            "tag_table": CARLA_29,
            "harness_version": "0.1.0",
        }
        return ShardHeader(**facts | changes)

    def add(self, samples: Iterable[Sample], *, compression: str = "residual", **header: Any) -> Path:
        """A shard of these samples."""
        path = self.recording.shard_path(f"shard{len(self.recording.shards()):03d}")
        with ShardWriter(path, self.header(**header), compression=compression) as writer:
            for sample in samples:
                writer.append(sample)
        with self.recording.lock():
            self.recording.add_shard(path)
        return path

    def drive(
        self,
        scenario: str,
        *,
        frames: Iterable[int] = range(6),
        seed: int = 1,
        gain: float = 1.0,
        planes: Iterable[str] = (),
        **header: Any,
    ) -> Path:
        """A shard with these frames of the drive `seed`."""
        samples = [self.sample(frame, seed=seed, gain=gain, planes=planes) for frame in frames]
        return self.add(samples, scenario=scenario, **header)


@pytest.fixture
def new_recording(tmp_path: Path) -> Callable[..., RecordingMaker]:
    """Make an empty recording, each in a folder of its own."""
    numbers = itertools.count()

    def make() -> RecordingMaker:
        return RecordingMaker(tmp_path / f"recording{next(numbers)}")

    return make
