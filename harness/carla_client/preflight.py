"""What a server must have for a suite, asked before anything is driven or written: towns, egos, spawn points.

Only questions: nothing is loaded, spawned or ticked. So the spawn points of a town that is not loaded are not checked
here; a drive does that itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.carla_client.endpoint import Endpoint
from harness.carla_client.session import base_name, connect, is_map_of, server_lost
from harness.errors import ScenarioFileError
from sim_scenarios.errors import unknown_name
from sim_scenarios.scenario import Scenario


def check_scenarios(endpoint: Endpoint, scenarios: Sequence[Scenario]) -> None:
    """Refuse scenarios that this server cannot run.

    Raises:
        ScenarioFileError: an unknown town, blueprint or spawn point; it names the scenario.
        ServerLostError: the server stopped answering.
    """
    client = connect(endpoint)
    try:
        towns = sorted({base_name(name) for name in client.get_available_maps()})
        world = client.get_world()
        vehicles = sorted(each.id for each in world.get_blueprint_library().filter("vehicle.*"))
        loaded = world.get_map()
    except RuntimeError as error:
        raise server_lost(endpoint, "asking what it has", seen=str(error)) from error
    num_spawn_points = len(loaded.get_spawn_points())
    for scenario in scenarios:
        is_loaded = is_map_of(scenario.town, loaded)
        if not is_loaded:
            _require("town", scenario.town, towns, scenario)
        _require("blueprint", scenario.ego.blueprint, vehicles, scenario)
        if is_loaded and scenario.ego.spawn_point >= num_spawn_points:
            raise ScenarioFileError(
                f"scenario {scenario.name}: spawn point {scenario.ego.spawn_point} does not exist: {scenario.town} "
                f"has {num_spawn_points}, numbered from 0"
            )


def _require(kind: str, name: str, known: Sequence[str], scenario: Scenario) -> None:
    if name not in known:
        raise ScenarioFileError(f"scenario {scenario.name}: {unknown_name(kind, name, known)}")
