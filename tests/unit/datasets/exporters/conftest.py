"""Small recordings with objects in them, for the tests of the exporters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.labels import CARLA_29
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardWriter

WIDTH, HEIGHT = 40, 30

WriteRecording = Callable[..., Path]


def street(frame: int, *, seed: int = 0, planes: tuple[str, ...] = ("depth", "instance")) -> Sample:
    """Sky over road; two cars side by side, a pedestrian, and a car without an object id; a strip of no tag on top."""
    rng = np.random.default_rng([seed, frame])
    tags = np.full((HEIGHT, WIDTH), CARLA_29.class_id("Sky"), np.uint8)
    tags[HEIGHT // 2 :] = CARLA_29.class_id("Roads")
    tags[:2] = CARLA_29.class_id("NONE")
    tags[20:22] = CARLA_29.class_id("RoadLines")
    instance = np.zeros((HEIGHT, WIDTH), np.uint16)
    for left, number in ((2, 7), (12, 300), (30, 0)):
        tags[14:22, left + frame : left + frame + 6] = CARLA_29.class_id("Car")
        instance[14:22, left + frame : left + frame + 6] = number
    tags[10:25, 22 + frame : 25 + frame] = CARLA_29.class_id("Pedestrians")
    instance[10:25, 22 + frame : 25 + frame] = 65535
    instance[25:] = 9  # a road is no thing, whatever its id
    return Sample(
        frame=frame,
        timestamp_s=0.05 * frame,
        rgb=np.clip(CARLA_29.palette[tags] + rng.integers(0, 40, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8),
        tags=tags,
        camera_transform=(1.5, -2.0, float(frame), 0.0, -90.0, 0.25),
        depth=rng.integers(0, 2**24, (HEIGHT, WIDTH), dtype=np.uint32) if "depth" in planes else None,
        instance=instance if "instance" in planes else None,
    )


@pytest.fixture(scope="session")
def write_recording(tmp_path_factory: pytest.TempPathFactory) -> WriteRecording:
    """Write shards as (file name, split, frames), with header fields by file name, and return the recording."""

    def write(
        *shards: tuple[str, str, range],
        planes: tuple[str, ...] = ("depth", "instance"),
        compression: str = "residual",
        headers: dict[str, dict[str, Any]] | None = None,
        sample: Callable[[int], Sample] | None = None,
    ) -> Path:
        path = tmp_path_factory.mktemp("recording") / "r"
        recording = RecordingDir.create(path)
        with recording.lock():
            for name, split, frames in shards:
                facts: dict[str, Any] = {
                    "scenario": name,
                    "split": split,
                    "town": "Town10HD",
                    "seed": 1,
                    "weather": {"name": "ClearNoon", "cloudiness": 5.0},
                    "camera": {"name": "front", "width": WIDTH, "height": HEIGHT, "fov": 90.0},
                    "server_version": "0.9.16",
                    "tag_table": CARLA_29,
                    "harness_version": "0.1.0",
                    **(headers or {}).get(name, {}),
                }
                file = path / "shards" / f"{name}.h5"
                with ShardWriter(file, ShardHeader(**facts), compression=compression) as writer:
                    for frame in frames:
                        writer.append(sample(frame) if sample else street(frame, planes=planes))
                recording.add_shard(file)
        return path

    return write


@pytest.fixture(scope="session")
def streets(write_recording: WriteRecording) -> Path:
    """Two shards of a training drive, the drive in another weather, and a validation drive. Read only."""
    return write_recording(
        ("city_01.ClearNoon.000", "train", range(3)),
        ("city_01.ClearNoon.001", "train", range(3, 5)),
        ("city_01.DenseFog.000", "train", range(2)),
        ("hill", "val", range(2)),
        headers={
            "city_01.ClearNoon.000": {"scenario": "city_01"},
            "city_01.ClearNoon.001": {"scenario": "city_01", "sequence": 1},
            "city_01.DenseFog.000": {"scenario": "city_01", "weather": {"name": "DenseFog", "cloudiness": 80.0}},
        },
    )
