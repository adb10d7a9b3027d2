"""Whether a drive log can be replayed here, and whether it is of the scenario that it is taken for.

A log has another town's poses, or another server's blueprints and meaning of tags, without looking any different: so
it is asked before anything is spawned. What two scenarios with the same drive may differ in is how it looks: weather
and cameras.
"""

from __future__ import annotations

from pathlib import Path

from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.session import connect, is_map_of, server_lost, town_names
from harness.errors import DataError
from sim_scenarios.errors import ScenarioError
from sim_scenarios.scenario import Scenario, parse_scenario

DECIDES_THE_DRIVE = (
    "town", "seed", "duration_s", "fixed_delta_seconds", "record_every_n", "warmup_ticks", "ego", "traffic",
    "staged",
)  # fmt: skip
"""Fields of a scenario that change what happens in it."""


def load_drive_log(path: Path, endpoint: Endpoint, *, scenario: Scenario | None = None) -> DriveLog:
    """Read a drive log that is to be replayed on a server.

    Args:
        path: Of the file.
        endpoint: The server.
        scenario: That it should be a drive of; None: any.

    Raises:
        DataError: the file is missing, cut short or damaged; or made on another version of the server, in a town that
            this server lacks, by an embedded simulator with another seed, or of another scenario.
        ServerLostError: the server stopped answering.
    """
    log = DriveLog.load(path)
    logged = logged_scenario(log, path=path)
    require_made_here(log, endpoint, path=path)
    if scenario is not None:
        require_drive_of(log, scenario, path=path)
    _require_town(logged.town, endpoint, path=path)
    return log


def logged_scenario(log: DriveLog, *, path: Path | None = None) -> Scenario:
    """The scenario that a log is a drive of; what logs from before a field existed lack has its default.

    Args:
        log: Of the drive.
        path: Where it was read from, for the message; None: nowhere.

    Raises:
        DataError: it is not one.
    """
    try:
        return parse_scenario(log.scenario)
    except ScenarioError as error:
        name = "the drive log" if path is None else f"drive log {path}"
        raise DataError(f"the scenario in {name} cannot be read ({error}): record it again") from error


def require_made_here(log: DriveLog, endpoint: Endpoint, *, path: Path) -> None:
    """Refuse a log of another release or of an embedded simulator with another seed; the server is asked nothing.

    Raises:
        DataError: as ``require_same_version`` and ``require_same_seed``.
    """
    require_same_version(log, endpoint.version, path=path)
    require_same_seed(log, endpoint.seed, path=path)


def require_same_version(log: DriveLog, server_version: str, *, path: Path) -> None:
    """Refuse a log of another release: blueprints change between them, and so does what a semantic tag means.

    Raises:
        DataError: it was made on another version; a local build's suffix, as in ``0.9.16-3-gabcdef``, is none.
    """
    if _release(log.server_version) != _release(server_version):
        raise DataError(
            f"drive log {path} was made on CARLA {log.server_version}, this server is {server_version}: blueprints and "
            "semantic tags differ between them. Replay it on the version that made it, or record the scenario again"
        )


def require_same_seed(log: DriveLog, seed: int | None, *, path: Path) -> None:
    """Refuse a log of a town that the embedded simulator built otherwise.

    Roads are the same for every seed, but not what stands beside them. A named server does not tell its seed.

    Raises:
        DataError: both seeds are known, and they differ.
    """
    if log.simulator_seed is not None and seed is not None and log.simulator_seed != seed:
        raise DataError(
            f"drive log {path} was made in the embedded simulator with seed {log.simulator_seed}, and this one was "
            f"started with {seed}, which builds other houses: add --seed {log.simulator_seed}"
        )


def require_drive_of(log: DriveLog, scenario: Scenario, *, path: Path) -> None:
    """Refuse a log of something else than ``scenario``.

    Raises:
        DataError: what decides the drive differs; the message names the field and both values.
    """
    seen, wanted = logged_scenario(log, path=path).definition, scenario.definition
    for field in DECIDES_THE_DRIVE:
        if seen.get(field) != wanted.get(field):
            raise DataError(
                f"drive log {path} was made with {field} {seen.get(field)!r}, but scenario {scenario.name} has "
                f"{wanted.get(field)!r}: record it again, or use the suite and the --seed that it was recorded with"
            )


def _require_town(town: str, endpoint: Endpoint, *, path: Path) -> None:
    client = connect(endpoint)
    try:
        towns = town_names(client)
        is_there = town in towns or is_map_of(town, client.get_world().get_map())
    except RuntimeError as error:
        raise server_lost(endpoint, "asking for its towns", seen=str(error)) from error
    if not is_there:
        raise DataError(
            f"drive log {path} was driven in {town}, and the server at {endpoint.host}:{endpoint.port} has only "
            f"{', '.join(towns)}: replay it on a server with its town"
        )


def _release(version: str) -> str:
    return version.split("-")[0]
