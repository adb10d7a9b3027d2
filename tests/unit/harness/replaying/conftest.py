"""Drive logs of a car that goes straight on, and observations of what a camera on it saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.carla_client.drive_log import DriveLog, LoggedActor
from harness.carla_client.observation import CameraPair, Gap, Observation
from sim_scenarios.scenario import Scenario

WIDTH, HEIGHT = 33, 18
"""An odd width: videos lose its last column, frames lose nothing."""
WARMUP = 2


def _log(
    name: str = "one",
    *,
    ticks: int = 10,
    server_version: str = "0.9.16",
    simulator_seed: int | None = None,
    **changes: Any,
) -> DriveLog:
    facts: dict[str, Any] = {
        "name": name,
        "split": "test",
        "duration_s": 0.5,
        "record_every_n": 3,
        "warmup_ticks": WARMUP,
        "cameras": [{"name": "front", "width": WIDTH, "height": HEIGHT}],
    }
    scenario = Scenario.model_validate(facts | changes)
    rows = WARMUP + ticks
    transforms = np.zeros((rows, 1, 6), np.float32)
    transforms[:, 0, 0] = np.arange(rows)
    return DriveLog(
        scenario=scenario.model_dump(mode="json"),
        town=f"Carla/Maps/{scenario.town}",
        server_version=server_version,
        simulator_seed=simulator_seed,
        fixed_delta_seconds=scenario.fixed_delta_seconds,
        seed=scenario.seed,
        warmup_ticks=scenario.warmup_ticks,
        record_every_n=scenario.record_every_n,
        actors=(LoggedActor(blueprint="vehicle.tesla.model3", attributes={}),),
        ego=0,
        traffic_light_ids=(),
        frames=np.arange(rows, dtype=np.int64),
        spawn_transforms=transforms[0],
        transforms=transforms,
        speeds=np.zeros((rows, 1), np.float32),
        controls=np.zeros((rows, 1, 3), np.float32),
        vehicle_lights=np.zeros((rows, 1), np.uint32),
        traffic_lights=np.zeros((rows, 0), np.uint8),
    )


def _observation(tick: int, *, gap: str | None = None) -> Observation:
    """Random pixels and tags that depend on the tick; with ``gap`` no images, for that reason."""
    rng = np.random.default_rng(tick)
    pose = (float(tick), -1.5, 0.25, 0.0, 90.0, 0.0)
    pair = CameraPair(
        rgb=rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8),
        tags=rng.integers(0, 29, (HEIGHT, WIDTH), np.uint8),
        transform=pose,
    )
    return Observation(
        frame=1000 + tick,
        tick=tick,
        timestamp_s=tick * 0.05,
        cameras={} if gap else {"front": pair},
        ego_transform=pose,
        ego_speed=10.0,
        gaps=(Gap(frame=tick, camera="front", reason=gap),) if gap else (),
    )


@pytest.fixture
def make_log() -> Callable[..., DriveLog]:
    return _log


@pytest.fixture
def save_log(tmp_path: Path) -> Callable[..., Path]:
    """Save a log as ``FOLDER/FILE.npz`` below the test's folder."""

    def save(place: str, **facts: Any) -> Path:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        _log(**facts).save(path)
        return path

    return save


@pytest.fixture
def make_observation() -> Callable[..., Observation]:
    return _observation
