from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.carla_client.drive_log import DriveLog, LoggedActor
from harness.carla_client.endpoint import Endpoint
from harness.errors import DataError
from harness.scoring.simulator import DriveOpener
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS

NOWHERE = Endpoint(host="127.0.0.1", port=1, version="0.9.16", embedded=False)
"""No server: reading logs must not need one."""


def write_log(folder: Path, scenario: Scenario) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    DriveLog(
        scenario=scenario.model_dump(mode="json"),
        town=scenario.town,
        server_version="0.9.16",
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
    ).save(folder / f"{scenario.name}.npz")


def opener(recorded: Path, tmp_path: Path) -> DriveOpener:
    return DriveOpener(NOWHERE, kept=tmp_path / "kept", recorded=recorded)


def test_logs_of_a_recording_are_checked_before_a_server_is_needed(
    scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    for scenario in scenarios:
        write_log(tmp_path / "drives", scenario)
    opener(tmp_path, tmp_path).check(scenarios)


def test_a_missing_log_is_named(scenarios: tuple[Scenario, ...], tmp_path: Path) -> None:
    write_log(tmp_path / "drives", scenarios[0])
    with pytest.raises(DataError, match=r"drives/beta\.npz does not exist"):
        opener(tmp_path, tmp_path).check(scenarios)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"seed": 7}, "made with seed 7, but scenario alpha has 0"), ({"duration_s": 1.0}, "made with duration_s 1.0")],
)
def test_a_log_of_another_drive_is_refused(
    scenarios: tuple[Scenario, ...], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    write_log(tmp_path / "drives", scenarios[0].model_copy(update=change))
    with pytest.raises(DataError, match=message):
        opener(tmp_path, tmp_path).check(scenarios[:1])


def test_weather_and_cameras_may_differ_from_the_recording(scenarios: tuple[Scenario, ...], tmp_path: Path) -> None:
    looks = {"weather": PRESETS["HardRainNight"], "cameras": (CameraSpec(width=64, height=48),), "split": "train"}
    write_log(tmp_path / "drives", scenarios[0].model_copy(update=looks))
    opener(tmp_path, tmp_path).check(scenarios[:1])


def test_without_a_recording_there_is_nothing_to_check(scenarios: tuple[Scenario, ...], tmp_path: Path) -> None:
    DriveOpener(NOWHERE, kept=tmp_path).check(scenarios)
