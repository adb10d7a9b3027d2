"""What a server must have for a suite, asked before anything is driven or written: towns, egos, spawn points.

Only questions: nothing is loaded, spawned or ticked. So the spawn points and routes in a town that is not loaded are
not checked here; a drive does that itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.carla_client.ego_drivers import choose_driver
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.routes import plan_journey
from harness.carla_client.session import connect, is_map_of, server_lost, town_names
from harness.carla_client.staging import require_on_route
from harness.errors import ScenarioFileError
from sim_scenarios.errors import unknown_name
from sim_scenarios.scenario import Scenario


def check_scenarios(endpoint: Endpoint, scenarios: Sequence[Scenario]) -> None:
    """Refuse scenarios that this server cannot run.

    Raises:
        DataError: the drive log of an ego is missing, damaged, or does not fit its scenario or the server.
        ScenarioFileError: an unknown town, blueprint, spawn point or route, or something staged beyond its goal; it
            names the scenario.
        ServerLostError: the server stopped answering.
    """
    client = connect(endpoint)
    try:
        towns = town_names(client)
        world = client.get_world()
        library = world.get_blueprint_library()
        vehicles, walkers = (sorted(each.id for each in library.filter(kind)) for kind in ("vehicle.*", "walker.*"))
        loaded = world.get_map()
    except RuntimeError as error:
        raise server_lost(endpoint, "asking what it has", seen=str(error)) from error
    for scenario in scenarios:
        is_loaded = is_map_of(scenario.town, loaded)
        if not is_loaded:
            _require("town", scenario.town, towns, scenario)
        _require("blueprint", scenario.ego.blueprint, vehicles, scenario)
        for staged in scenario.staged:
            kinds = vehicles if staged.blueprint.startswith("vehicle.") else walkers
            _require("blueprint", staged.blueprint, kinds, scenario)
        if is_loaded or scenario.ego.drive_log is not None:
            try:
                choose_driver(loaded, scenario, server_version=endpoint.version)
                if scenario.ego.route:
                    require_on_route(plan_journey(loaded, scenario).plan, scenario)
            except ScenarioFileError as error:
                raise ScenarioFileError(f"scenario {scenario.name}: {error}") from error


def _require(kind: str, name: str, known: Sequence[str], scenario: Scenario) -> None:
    if name not in known:
        raise ScenarioFileError(f"scenario {scenario.name}: {unknown_name(kind, name, known)}")
