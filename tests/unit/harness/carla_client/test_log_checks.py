"""A drive log is taken only for what it is a log of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.carla_client.drive_log import DriveLog
from harness.carla_client.log_checks import (
    logged_scenario,
    require_drive_of,
    require_same_seed,
    require_same_version,
)
from harness.errors import DataError
from sim_scenarios.scenario import Scenario
from tests.unit.harness.carla_client.test_drive_log import make_log

PATH = Path("drives/a.npz")
CONTENT: dict[str, Any] = {
    "name": "a", "split": "test", "duration_s": 4.0, "seed": 7, "town": "Town03", "traffic": {"vehicles": 3},
}  # fmt: skip
SCENARIO = Scenario.model_validate(CONTENT)


def log_of(**content: Any) -> DriveLog:
    return replace(make_log(), scenario=Scenario.model_validate(CONTENT | content).model_dump(mode="json"))


def test_weather_and_cameras_do_not_decide_a_drive() -> None:
    other = {"weather": "DenseFog", "cameras": [{"name": "rear", "width": 64, "height": 64}], "split": "train"}
    require_drive_of(log_of(**other), SCENARIO, path=PATH)


@pytest.mark.parametrize(
    ("field", "seen", "wanted"),
    [
        ("town", "Town04", "Town03"),
        ("seed", 8, 7),
        ("duration_s", 5.0, 4.0),
        ("fixed_delta_seconds", 0.1, 0.05),
        ("record_every_n", 2, 1),
        ("warmup_ticks", 3, 20),
    ],
)
def test_a_log_of_another_drive_is_refused(field: str, seen: object, wanted: object) -> None:
    with pytest.raises(DataError, match=rf"drives/a.npz was made with {field} {seen!r}, but scenario a has {wanted!r}"):
        require_drive_of(log_of(**{field: seen}), SCENARIO, path=PATH)


@pytest.mark.parametrize(("field", "content"), [("ego", {"spawn_point": 5}), ("traffic", {"parked_vehicles": 2})])
def test_a_log_with_others_in_it_is_refused(field: str, content: dict[str, object]) -> None:
    with pytest.raises(DataError, match=f"made with {field} "):
        require_drive_of(log_of(**{field: content}), SCENARIO, path=PATH)


def test_a_log_with_something_else_staged_is_refused() -> None:
    staged = {"ego": {"route": [3]}, "staged": [{"kind": "parked_in_lane", "at_m": 9.0}]}
    plain = Scenario.model_validate(CONTENT | {"ego": staged["ego"]})
    with pytest.raises(DataError, match=r"made with staged \[.*parked_in_lane.*\], but scenario a has None"):
        require_drive_of(log_of(**staged), plain, path=PATH)
    require_drive_of(log_of(**staged, group="obstacle"), Scenario.model_validate(CONTENT | staged), path=PATH)


def test_a_log_from_before_a_field_existed_has_its_default() -> None:
    log = log_of()
    for name in ("route", "drive_log", "path"):
        del log.scenario["ego"][name]
    for name in ("parked_vehicles", "crossing_factor"):
        del log.scenario["traffic"][name]
    require_drive_of(log, SCENARIO, path=PATH)


def test_the_folder_of_a_repeated_log_does_not_matter_but_its_name_does() -> None:
    def repeating(path: str) -> Scenario:
        return Scenario.model_validate(CONTENT | {"ego": {"drive_log": path}})

    log = replace(make_log(), scenario=repeating("/one/drive.npz").model_dump(mode="json"))
    require_drive_of(log, repeating("/two/drive.npz"), path=PATH)
    with pytest.raises(DataError, match="made with ego"):
        require_drive_of(log, repeating("/one/other.npz"), path=PATH)


def test_a_log_of_another_server_version_is_refused() -> None:
    log = replace(make_log(), server_version="0.9.13")
    with pytest.raises(
        DataError, match=r"made on CARLA 0\.9\.13, this server is 0\.9\.16: .*record the scenario again"
    ):
        require_same_version(log, "0.9.16", path=PATH)
    require_same_version(replace(log, server_version="0.9.16-3-gabcdef"), "0.9.16", path=PATH)


def test_a_log_of_another_simulator_seed_is_refused() -> None:
    log = replace(make_log(), simulator_seed=7)
    with pytest.raises(DataError, match=r"with seed 7, and this one was started with 0.*: add --seed 7"):
        require_same_seed(log, 0, path=PATH)
    for fitting, seed in ((log, 7), (log, None), (make_log(), 0)):
        require_same_seed(fitting, seed, path=PATH)


def test_a_log_without_a_scenario_is_refused() -> None:
    with pytest.raises(DataError, match=r"scenario in drive log drives/a\.npz cannot be read"):
        logged_scenario(make_log(), path=PATH)
