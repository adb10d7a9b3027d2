"""Reading the log of a drive before it is replayed needs no server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.carla_client.drive_log import DriveLog, LoggedActor
from harness.carla_client.endpoint import Endpoint
from harness.errors import DataError
from harness.workers.simulator import Simulator
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS

NOWHERE = Endpoint(host="127.0.0.1", port=1, version="0.9.16", embedded=False)


def write_log(path: Path, scenario: Scenario, *, version: str = "0.9.16") -> Path:
    DriveLog(
        scenario=scenario.model_dump(mode="json"),
        town=scenario.town,
        server_version=version,
        fixed_delta_seconds=scenario.fixed_delta_seconds,
        seed=scenario.seed,
        warmup_ticks=0,
        record_every_n=1,
        actors=(LoggedActor(blueprint="vehicle.tesla.model3", attributes={}),),
        ego=0,
        traffic_light_ids=(),
        frames=np.arange(2, dtype=np.int64),
        spawn_transforms=np.zeros((1, 6), dtype=np.float32),
        transforms=np.zeros((2, 1, 6), dtype=np.float32),
        speeds=np.zeros((2, 1), dtype=np.float32),
        controls=np.zeros((2, 1, 3), dtype=np.float32),
        vehicle_lights=np.zeros((2, 1), dtype=np.uint32),
        traffic_lights=np.zeros((2, 0), dtype=np.uint8),
    ).save(path)
    return path


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(NOWHERE, tick_timeout_s=1.0)


def test_weather_and_cameras_may_differ_from_the_drive(
    simulator: Simulator, scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    looks = {"weather": PRESETS["HardRainNight"], "cameras": (CameraSpec(width=64, height=48),), "split": "train"}
    log = write_log(tmp_path / "log.npz", scenarios[0].model_copy(update=looks))
    assert simulator.load_log(log, scenarios[0]).num_ticks == 2


@pytest.mark.parametrize(("change", "message"), [({"seed": 7}, "seed"), ({"duration_s": 1.0}, "duration_s")])
def test_a_log_of_another_drive_is_refused(
    simulator: Simulator, scenarios: tuple[Scenario, ...], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    log = write_log(tmp_path / "log.npz", scenarios[0].model_copy(update=change))
    with pytest.raises(DataError, match=message):
        simulator.load_log(log, scenarios[0])


def test_a_log_of_another_server_version_is_refused(
    simulator: Simulator, scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    log = write_log(tmp_path / "log.npz", scenarios[0], version="0.9.15")
    with pytest.raises(DataError, match=r"0\.9\.15"):
        simulator.load_log(log, scenarios[0])


def test_a_missing_log_is_named(simulator: Simulator, scenarios: tuple[Scenario, ...], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"log\.npz does not exist"):
        simulator.load_log(tmp_path / "log.npz", scenarios[0])
