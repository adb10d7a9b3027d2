"""What is to be recorded: which streams a suite makes, what their shards are called, and what stands in their headers.

A stream is what one camera sees of one scenario in one weather. Its frames lie in one shard, or in several in a row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datasets.labels import tag_table_for_server
from datasets.shard_header import ShardHeader
from harness import __version__
from harness.carla_client.endpoint import Endpoint
from harness.errors import UsageError
from sim_scenarios.camera import CameraSpec, Plane, Size
from sim_scenarios.rig import as_agreed, vary_cameras
from sim_scenarios.scenario import Scenario, Suite
from sim_scenarios.weather_timeline import WeatherTimeline

DRIVE_KEY = "drive_sha256"
"""In a header's ``extra``: which drive was replayed, so that shards of two drives are never taken for a pair."""
TICKS_KEY = "ticks_sha256"
"""Beside the options there: which ticks were chosen, where not all of them were."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingOptions:
    """How frames become shards; everything here but ``durable_every`` stands in the headers."""

    compression: str = "residual"
    jpeg_quality: int = 95
    """For the compression "jpeg" only."""
    shard_frames: int = 0
    """Frames in a shard, after which the next one begins; 0: all of a stream in one."""
    min_motion_m: float = 0.0
    """The ego's way between two frames [m]; 0 keeps frames of a standing ego, too."""
    ticks: tuple[int, ...] = ()
    """Of a logged drive that is replayed: only these of its recorded ticks, rising; none: all."""
    durable_every: int = 0
    """Frames between two flushes to the disk; 0: only when a shard is closed."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be meant."""
        if min(self.shard_frames, self.min_motion_m, self.durable_every) < 0:
            raise UsageError(f"shard size, motion and the frames between flushes cannot be below 0, as in {self}")

    def to_header(self) -> dict[str, Any]:
        """For the header's ``extra``: shards of other options do not continue each other."""
        facts: dict[str, Any] = {
            "compression": self.compression,
            "shard_frames": self.shard_frames,
            "min_motion_m": self.min_motion_m,
        }
        if self.ticks:  # they stand in the index; a header has not the room for those of an hour
            facts[TICKS_KEY] = hashlib.sha256(json.dumps(self.ticks).encode()).hexdigest()
        return facts | ({"jpeg_quality": self.jpeg_quality} if self.compression == "jpeg" else {})


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedStream:
    """What one camera will see of one scenario in one weather."""

    scenario: Scenario
    timeline: WeatherTimeline
    """With times."""
    weather: str
    """Its name: the notation, without the times that a scenario's length gave it."""
    camera: CameraSpec
    is_replayed: bool
    """Whether a drive is replayed in this weather, rather than driven in it."""
    name: str
    """What its shards' names begin with."""

    @property
    def key(self) -> tuple[str, str, str]:
        """(scenario, weather, camera), all by name."""
        return self.scenario.name, self.weather, self.camera.name

    def shard_name(self, sequence: int, options: RecordingOptions) -> str:
        """Name of a shard, without suffix."""
        return f"{self.name}.{sequence:03d}" if options.shard_frames else self.name

    def header(
        self, *, suite: Suite, endpoint: Endpoint, options: RecordingOptions, drive_sha256: str | None
    ) -> ShardHeader:
        """Of the first shard.

        Args:
            suite: That the scenario is of.
            endpoint: The server.
            options: How the shards are made.
            drive_sha256: Digest of the drive that is replayed; None where the scenario is driven live.
        """
        scenario, first = self.scenario, self.timeline.at(0.0)
        extra: dict[str, Any] = {
            "suite": suite.name,
            "embedded_simulator": endpoint.embedded,
            "definition": scenario.definition,
            "recording": options.to_header() | {"is_replayed": self.is_replayed},
        }
        if drive_sha256 is not None:
            extra[DRIVE_KEY] = drive_sha256
        return ShardHeader(
            scenario=scenario.name,
            split=scenario.split,
            town=scenario.town,
            seed=scenario.seed,
            weather={"name": self.weather} | first.model_dump(),
            weather_timeline=_keys(self.timeline),
            camera=self.camera.model_dump() | {"planes": ",".join(self.camera.planes)},
            server_version=endpoint.version,
            tag_table=tag_table_for_server(endpoint.version),
            harness_version=__version__,
            extra=extra,
        )


def differing_keys(found: ShardHeader, expected: ShardHeader) -> list[str]:
    """What two headers differ in, such as ``extra.definition.seed``; the shard's number and the drive do not count."""
    return differing_facts(_facts(found), _facts(expected))


def differing_facts(found: Any, expected: Any, name: str = "") -> list[str]:
    """What two JSON values differ in, likewise."""
    if isinstance(found, dict) and isinstance(expected, dict):
        keys = sorted(found.keys() | expected.keys())
        return [key for each in keys for key in differing_facts(found.get(each), expected.get(each), f"{name}.{each}")]
    return [] if found == expected else [name.lstrip(".")]


def header_of(first: ShardHeader, sequence: int) -> ShardHeader:
    """The header of a stream's shard number ``sequence``, which is the first one's but for that number."""
    return replace(first, sequence=sequence)


def planned_weathers(scenario: Scenario, weathers: Sequence[WeatherTimeline]) -> tuple[WeatherTimeline, ...]:
    """The weathers that ``scenario`` is seen in: ``weathers``, or its own if there are none."""
    return tuple(weathers) or (_own_weather(scenario),)


def planned_streams(scenario: Scenario, weather: WeatherTimeline, *, is_replayed: bool) -> tuple[PlannedStream, ...]:
    """The streams of one scenario in one weather, in the order of its cameras.

    Args:
        scenario: What is driven.
        weather: What it is seen in.
        is_replayed: Whether it may be one weather of several; then it is part of the shards' names.
    """
    streams = []
    for camera in scenario.cameras:
        parts = [scenario.name]
        if is_replayed:
            parts.append(weather.slug)
        if len(scenario.cameras) > 1:
            parts.append(camera.name)
        stream = PlannedStream(
            scenario=scenario,
            timeline=weather.over(scenario.duration_s),
            weather=weather.name,
            camera=camera,
            is_replayed=is_replayed,
            name=".".join(parts),
        )
        streams.append(stream)
    return tuple(streams)


def check_stream_names(streams: Iterable[PlannedStream]) -> None:
    """Refuse streams of which two would be written under one name.

    Raises:
        UsageError: they would; with the names.
    """
    owners: dict[str, str] = {}
    for stream in streams:
        owner = stream.scenario.name
        other = owners.setdefault(stream.name.casefold(), owner)
        if other != owner:
            raise UsageError(
                f"scenarios {other!r} and {owner!r} would both be written as {stream.name!r}: "
                "rename a scenario or a camera"
            )


def check_weathers(weathers: Sequence[WeatherTimeline]) -> None:
    """Refuse weathers of which two have one name, however they were written.

    Raises:
        UsageError: two are equal.
    """
    names = [weather.name for weather in weathers]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(f"two of the weathers are both {', '.join(repeated)}: name each once")


def adapted(
    suite: Suite,
    *,
    named: Sequence[CameraSpec] = (),
    rig: Sequence[CameraSpec] = (),
    sizes: Sequence[Size] = (),
    fovs: Sequence[float] = (),
    planes: Sequence[Plane] = (),
    every: int | None = None,
) -> Suite:
    """``suite`` with other cameras, or another number of ticks from one recorded tick to the next.

    Args:
        suite: As it is defined.
        named: In place of every scenario's own, with the size, field of view and planes that those agree on.
        rig: In place of every scenario's own, just as they are; neither: keep those.
        sizes: As for ``vary_cameras``.
        fovs: As for ``vary_cameras``.
        planes: As for ``vary_cameras``.
        every: Record every n-th tick; None: as the scenario has it.

    Raises:
        ScenarioError: as ``vary_cameras``.
    """
    scenarios = []
    for scenario in suite.scenarios:
        cameras = as_agreed(named, scenario.cameras) or rig or scenario.cameras
        varied = vary_cameras(cameras, sizes=sizes, fovs=fovs, planes=planes)
        change: dict[str, Any] = {"cameras": varied}
        if every is not None:
            change["record_every_n"] = every
        scenarios.append(scenario.model_copy(update=change))
    return suite.model_copy(update={"scenarios": tuple(scenarios)})


def _own_weather(scenario: Scenario) -> WeatherTimeline:
    if scenario.weather_timeline:
        return WeatherTimeline(keys=scenario.weather_timeline)
    return WeatherTimeline.constant(scenario.weather)


def _facts(header: ShardHeader) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(header.to_json())
    facts.pop("sequence")
    facts["extra"].pop(DRIVE_KEY, None)
    return facts


def _keys(timeline: WeatherTimeline) -> list[dict[str, float]]:
    if timeline.is_constant:
        return []
    return [{"at_s": float(key.at_s or 0.0)} | key.weather.model_dump() for key in timeline.keys]
