"""Driven episodes as logged drives to replay: each is a scenario of its own, since each was a drive of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.carla_client.drive_log import DriveLog
from harness.carla_client.log_checks import logged_scenario
from harness.closed_loop.description import load_description, planned_keys
from harness.closed_loop.episode_files import drive_log_file
from harness.closed_loop.episode_log import EpisodeKey
from harness.closed_loop.episode_names import episode_name
from harness.mining.mine import MinedFrame
from harness.recording.plan import planned_weathers
from harness.replaying.drives import LoggedDrive

MAX_NAME = 80
"""Characters in the name of a scenario."""
_DIGEST = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedEpisode:
    """An episode that is to be recorded."""

    key: EpisodeKey
    split: str
    """Of its scenario."""
    weather: str
    """As it will be named in the shards."""
    ticks: tuple[int, ...] = ()
    """Rising; none: each at which a decision was due."""


@dataclass(frozen=True, kw_only=True)
class DrivenSuite:
    """The episodes of a drive folder, as far as they were driven."""

    folder: Path
    decide_every: int
    episodes: tuple[WantedEpisode, ...]
    """In the order of the plan."""


def driven_suite(folder: Path, frames: Sequence[MinedFrame] | None = None) -> DrivenSuite:
    """What of a drive is to be recorded.

    Args:
        folder: that ``harness drive`` wrote.
        frames: those that are wanted; None: all of every episode that has a drive log.

    Raises:
        DataError: it holds no drive.
    """
    description = load_description(folder)
    split_of = {each["name"]: str(each["split"]) for each in description["scenarios"]}
    ticks = None if frames is None else _ticks_of(frames)
    return DrivenSuite(
        folder=folder,
        decide_every=int(description["rules"]["decide_every"]),
        episodes=tuple(
            WantedEpisode(
                key=key,
                split=split_of[key.scenario],
                weather=key.weather,
                ticks=() if ticks is None else ticks[key],
            )
            for key in planned_keys(description)
            if (key in ticks if ticks is not None else (folder / drive_log_file(key)).is_file())
        ),
    )


def load_episode(suite: DrivenSuite, wanted: WantedEpisode) -> LoggedDrive:
    """The drive of an episode, seen by the camera that it was driven by, in its weather, at the ticks that are wanted.

    Raises:
        DataError: its drive log is missing or damaged.
    """
    path = suite.folder / drive_log_file(wanted.key)
    log = DriveLog.load(path)
    driven_s = max(1, log.num_ticks - log.warmup_ticks) * log.fixed_delta_seconds
    scenario = logged_scenario(log, path=path).model_copy(
        update={
            "name": recorded_name(wanted.key),
            "duration_s": driven_s,
            "record_every_n": suite.decide_every,
        }
    )
    return LoggedDrive(
        path=path,
        log=replace(log, scenario=scenario.definition, record_every_n=suite.decide_every),
        scenario=scenario,
        weathers=planned_weathers(scenario, ()),
        ticks=wanted.ticks,
    )


def recorded_name(key: EpisodeKey) -> str:
    """What an episode is called as a scenario of a recording; different for different episodes."""
    name = episode_name(key)
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: MAX_NAME - _DIGEST - 1]}-{digest}"


def _ticks_of(frames: Iterable[MinedFrame]) -> dict[EpisodeKey, tuple[int, ...]]:
    found: dict[EpisodeKey, set[int]] = {}
    for frame in frames:
        found.setdefault(frame.key, set()).add(frame.tick)
    return {key: tuple(sorted(ticks)) for key, ticks in found.items()}
