"""A recording of painted streets, small enough to learn in a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.labels import CARLA_29
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardWriter
from harness.training.metrics_log import _RunFiles
from tests.unit.harness.training.two_processes import TwoProcesses, two_processes

FRAMES_A_SHARD = 6
WIDTH, HEIGHT = 40, 32


def painted_street(frame: int, *, width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> Sample:
    """Sky over road with a car, in the palette's colours and some noise; a strip of unlabelled pixels at the top."""
    rng = np.random.default_rng([seed, frame])
    tags = np.full((height, width), CARLA_29.class_id("Sky"), dtype=np.uint8)
    horizon = int(rng.integers(height // 3, height // 2))
    tags[horizon:] = CARLA_29.class_id("Roads")
    left = int(rng.integers(0, width - 12))
    tags[horizon + 4 : horizon + 12, left : left + 12] = CARLA_29.class_id("Car")
    tags[:2] = CARLA_29.class_id("NONE")
    noise = rng.integers(-12, 13, (height, width, 3))
    rgb = np.clip(CARLA_29.palette[tags].astype(np.int64) + noise, 0, 255).astype(np.uint8)
    return Sample(frame=100 + frame, timestamp_s=frame * 0.05, rgb=rgb, tags=tags, camera_transform=(0.0,) * 6)


def write_recording(path: Path, scenarios: dict[str, str], *, width: int = WIDTH, height: int = HEIGHT) -> Path:
    """Write ``FRAMES_A_SHARD`` frames for each scenario; the mapping gives its split."""
    recording = RecordingDir.create(path)
    with recording.lock():
        for seed, (scenario, split) in enumerate(scenarios.items()):
            header = ShardHeader(
                scenario=scenario,
                split=split,
                town="Town10HD",
                seed=seed,
                weather={"name": "ClearNoon"},
                camera={"width": width, "height": height},
                server_version="0.9.16",
                tag_table=CARLA_29,
                harness_version="0.1.0",
            )
            with ShardWriter(recording.shard_path(scenario), header) as writer:
                for frame in range(FRAMES_A_SHARD):
                    writer.append(painted_street(frame, width=width, height=height, seed=seed))
            recording.add_shard(recording.shard_path(scenario))
    return path


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Nets of four channels give several threads more to wait for than to compute, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two training scenarios and one for validation, six frames each. Read only."""
    path = tmp_path_factory.mktemp("recordings") / "streets"
    return write_recording(path, {"north": "train", "south": "train", "east": "val"})


@pytest.fixture(scope="session")
def processes() -> Iterator[TwoProcesses]:
    """Two processes that can join each other, as those of torchrun do."""
    with two_processes() as started:
        yield started


@pytest.fixture(scope="module")
def without_pictures() -> Iterator[None]:
    """Runs whose pictures are not looked at do not draw them: that takes longer than the training."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(_RunFiles, "_draw_pictures", lambda _files: None)
        yield
