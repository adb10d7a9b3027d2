"""``check-determinism`` on the embedded simulator, which repeats itself to the last bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import carla
import pytest
import yaml
from click.testing import CliRunner

from harness.carla_client.endpoint import Endpoint
from harness.cli.check_determinism import check_determinism
from harness.determinism import check
from harness.determinism.check import Answer, check_scenario
from harness.errors import DeterminismError
from sim_scenarios.scenario import Scenario

pytestmark = pytest.mark.integration

SCENARIO = {
    "name": "tiny",
    "split": "test",
    "seed": 3,
    "duration_s": 0.5,
    "record_every_n": 5,
    "warmup_ticks": 3,
    "traffic": {"vehicles": 4, "walkers": 4, "parked_vehicles": 3},
    "cameras": [
        {"name": "front", "width": 64, "height": 36, "planes": ["depth"]},
        {"name": "rear", "width": 48, "height": 48, "yaw": 180.0},
    ],
}


def test_the_embedded_simulator_repeats_itself(simulator: Endpoint) -> None:
    told: list[str] = []
    answers = check_scenario(
        simulator, Scenario.model_validate(SCENARIO), progress=lambda what, done, total: told.append(what)
    )
    assert [answer.question for answer in answers] == ["drive twice", "replay twice", "drive and replay"]
    assert [answer.is_identical for answer in answers] == [True] * 3
    assert [(answer.num_ticks, answer.num_pictures) for answer in answers] == [(13, 2 * 5)] * 3
    assert len(told) == 4 * 2


def test_the_command_says_so(simulator: Endpoint, tmp_path: Path) -> None:
    suite = tmp_path / "two.yaml"
    other = SCENARIO | {"name": "other", "duration_s": 0.1, "traffic": {}}
    suite.write_text(yaml.safe_dump({"name": "two", "scenarios": [SCENARIO, other]}))
    command = [str(suite), "--scenario", "other", "--host", simulator.host, "--port", str(simulator.port)]
    result = CliRunner().invoke(check_determinism, [*command, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0
    content = json.loads(result.stdout)
    assert content["identical"] is True
    assert [row["scenario"] for row in content["comparisons"]] == ["other"] * 3


class Intruder:
    """A car of somebody else that stands before the ego from the second drive on."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._client = carla.Client(endpoint.host, endpoint.port, 2)
        self._client.set_timeout(20.0)
        self.actor: carla.Actor | None = None

    def check(self, endpoint: Endpoint, scenario: Scenario, *, progress: object) -> tuple[Answer, ...]:
        return check_scenario(endpoint, scenario, progress=self._come)

    def _come(self, what: str, done: int, total: int) -> None:
        if self.actor is None and what.endswith("drive 2 of 2"):
            world = self._client.get_world()
            place = world.get_map().get_spawn_points()[0]
            place.location += place.get_forward_vector() * 9.0
            self.actor = world.spawn_actor(world.get_blueprint_library().find("vehicle.audi.tt"), place)
            self.actor.set_simulate_physics(False)  # so that it stays, even if it is hit


def test_a_world_that_changes_in_between_is_told(
    simulator: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = tmp_path / "one.yaml"
    scenario: dict[str, Any] = SCENARIO | {"duration_s": 1.0, "traffic": {}}
    suite.write_text(yaml.safe_dump({"name": "one", "scenarios": [scenario]}))
    intruder = Intruder(simulator)
    monkeypatch.setattr(check, "check_scenario", intruder.check)
    try:
        result = CliRunner().invoke(
            check_determinism, [str(suite), "--host", simulator.host, "--port", str(simulator.port)]
        )
    finally:
        assert intruder.actor is not None
        intruder.actor.destroy()
    assert isinstance(result.exception, DeterminismError)
    assert "2 of 3 comparisons found a difference" in str(result.exception)
    assert "tiny, drive twice: from tick 5 on: camera front, rgb: " in str(result.exception)
    assert "actor 0 (vehicle.tesla.model3) is " in str(result.exception)
    assert "tiny, drive and replay: from tick 0 on: camera front, rgb: " in str(result.exception)
