"""Which logged drives are replayed, in which weathers, through which cameras; and whether that can be, asked early.

A log is a file that recording and scoring leave for each drive. Several lie in a folder, or in the folder ``drives``
of a recording or of a score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.carla_client.drive_log import DRIVES_FOLDER, DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.log_checks import load_drive_log, logged_scenario
from harness.errors import DataError, UsageError
from harness.recording.plan import (
    PlannedStream,
    check_stream_names,
    check_weathers,
    planned_streams,
    planned_weathers,
)
from sim_scenarios.scenario import Scenario, Suite
from sim_scenarios.weather_timeline import WeatherTimeline

LOG_SUFFIX = ".npz"
SUITE_NAME = "replay"
"""What shards of a replay name as their suite: a log does not know which one it was driven for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LoggedDrive:
    """A drive that was logged, and how it is to be seen this time."""

    path: Path
    """Of the log."""
    log: DriveLog
    scenario: Scenario
    """What was driven, with the cameras that look this time."""
    weathers: tuple[WeatherTimeline, ...]
    """That it is shown in, at least one."""
    ticks: tuple[int, ...] = ()
    """Of the recorded ones, rising, those that become shards; none: all."""

    def streams(self, weather: WeatherTimeline) -> tuple[PlannedStream, ...]:
        """What each camera sees in one of the weathers."""
        return planned_streams(self.scenario, weather, is_replayed=True)


def load_drives(path: Path) -> tuple[LoggedDrive, ...]:
    """The drive log at ``path``, or those in that folder by name: each as it was driven, in its own weather.

    Raises:
        DataError: there is no log, one cannot be read, or holds no recorded tick.
        UsageError: two are of scenarios with one name.
    """
    drives = tuple(_load(each) for each in _log_paths(path))
    owners: dict[str, Path] = {}
    for drive in drives:
        other = owners.setdefault(drive.scenario.name.casefold(), drive.path)
        if other is not drive.path:
            raise UsageError(
                f"{other} and {drive.path} are both of scenario {drive.scenario.name!r}, so their pictures would have "
                "the same names: replay them one by one, into folders of their own"
            )
    return drives


def as_suite(drives: Sequence[LoggedDrive]) -> Suite:
    """The scenarios of ``drives``."""
    return Suite(name=SUITE_NAME, scenarios=tuple(drive.scenario for drive in drives))


def seen_otherwise(
    drives: Sequence[LoggedDrive], suite: Suite, weathers: Sequence[WeatherTimeline]
) -> tuple[LoggedDrive, ...]:
    """``drives`` with other cameras and weathers.

    Args:
        drives: As ``load_drives`` gives them.
        suite: Their scenarios with the cameras that are to look.
        weathers: To show all of them in; none: each in its own.

    Raises:
        UsageError: two weathers are equal, or two streams would have one name.
    """
    check_weathers(weathers)
    changed = tuple(
        replace(drive, scenario=scenario, weathers=tuple(weathers) or drive.weathers)
        for drive, scenario in zip(drives, suite.scenarios, strict=True)
    )
    check_stream_names(stream for drive in changed for weather in drive.weathers for stream in drive.streams(weather))
    return changed


def simulator_seed(drives: Sequence[LoggedDrive]) -> int:
    """The seed that the embedded simulator has to build its towns from, so that they are those of the drives.

    Raises:
        UsageError: there is no such seed.
    """
    by_seed = {drive.log.simulator_seed: drive.path for drive in drives if drive.log.simulator_seed is not None}
    if len(by_seed) > 1:
        (one_seed, one), (other_seed, other), *_ = by_seed.items()
        raise UsageError(
            f"{one} was driven in the embedded simulator with seed {one_seed}, {other} with seed {other_seed}, and no "
            "simulator has the towns of both: replay them one by one, into folders of their own"
        )
    return next(iter(by_seed), 0)


def check_replayable(endpoint: Endpoint, drives: Sequence[LoggedDrive]) -> None:
    """Refuse drives that this server cannot show as they were.

    Raises:
        DataError: a log is of another version of the server, of a town that it lacks, or of one from another seed.
        ServerLostError: the server stopped answering.
    """
    for drive in drives:
        load_drive_log(drive.path, endpoint)


def _log_paths(path: Path) -> list[Path]:
    if path.is_dir():
        inner = path / DRIVES_FOLDER
        folder = inner if inner.is_dir() else path
        found = sorted(folder.glob(f"*{LOG_SUFFIX}"))
        if not found:
            raise DataError(f"{folder} holds no drive log: expected files that end in {LOG_SUFFIX}")
        return found
    if not path.exists():
        raise DataError(f"{path} does not exist: expected a drive log, such as {DRIVES_FOLDER}/NAME{LOG_SUFFIX}")
    return [path]


def _load(path: Path) -> LoggedDrive:
    log = DriveLog.load(path)
    if log.num_frames == 0:
        raise DataError(f"drive log {path} holds no recorded tick, so there is nothing to replay: drive it again")
    scenario = logged_scenario(log, path=path)
    return LoggedDrive(path=path, log=log, scenario=scenario, weathers=planned_weathers(scenario, ()))


def all_streams(drives: Sequence[LoggedDrive]) -> Iterator[PlannedStream]:
    """The streams of all drives in all their weathers, in the order in which they are made."""
    for drive in drives:
        for weather in drive.weathers:
            yield from drive.streams(weather)
