"""What a scenario and a suite are: frozen data, checked when it is made, unknown fields refused.

A scenario is one drive of an ego vehicle through one town, with traffic, seen by one or more cameras, in one weather or
in one that changes. It belongs to one split as a whole: frames of one drive look alike, and splitting them would leak.
"""

from __future__ import annotations

import itertools
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from sim_scenarios.camera import Angle, CameraSpec
from sim_scenarios.errors import ScenarioError, first_problem
from sim_scenarios.staging import StagedActor
from sim_scenarios.weather import Weather
from sim_scenarios.weather_grid import is_weather_file, parse_weather_grid
from sim_scenarios.weather_timeline import WeatherKey, WeatherTimeline, check_keys, parse_weather_keys

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")

MAX_SEED = 2**31 - 1

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
"""Becomes a file name: letters, digits, underscore, dot and hyphen."""


SpawnPoint = Annotated[int, Field(ge=0, le=10_000, strict=True)]
Coordinate = Annotated[float, Field(ge=-1e5, le=1e5)]


class _Definition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Location(_Definition):
    """A place in the town, on CARLA's left-handed axes [m]."""

    x: Coordinate
    y: Coordinate
    z: Coordinate = 0.0


class PathPose(_Definition):
    """Where the ego is at one instant: its origin, on the ground under its centre, on CARLA's left-handed axes."""

    at_s: Annotated[float, Field(ge=0.0)]
    """[s] after the first recorded tick."""
    x: Coordinate
    """[m]"""
    y: Coordinate
    z: Coordinate
    pitch: Angle = 0.0
    """[deg]"""
    yaw: Angle = 0.0
    """[deg] to the right; between two poses the car turns the shorter way."""
    roll: Angle = 0.0


def _kind_of_place(value: Any) -> str:
    """Pydantic reports what is wrong with a place as the one that was meant, not as both."""
    return "location" if isinstance(value, (dict, Location)) else "index"


Place = Annotated[
    Annotated[SpawnPoint, Tag("index")] | Annotated[Location, Tag("location")], Discriminator(_kind_of_place)
]
"""An index into ``world.get_map().get_spawn_points()``, or the driving lane nearest to a location, in its direction."""


class Ego(_Definition):
    """The vehicle that carries the cameras, and who drives it: the TrafficManager, a drive log or a path with times."""

    blueprint: Annotated[str, Field(pattern=r"^vehicle\.")] = "vehicle.tesla.model3"
    spawn_point: Place = 0
    """Where it begins; a drive log and a path say that themselves."""
    route: tuple[Place, ...] = ()
    """Where it is to go, one place after another, the last one being the goal of a closed-loop drive; none: wherever it
    likes. The TrafficManager goes on at the end."""
    drive_log: Annotated[str, Field(pattern=r"\.npz$")] | None = None
    """Its poses are those of the ego of this drive log. In a suite file: relative to that file."""
    path: tuple[PathPose, ...] = ()
    """Its poses at points in time, linear in between; before the first and after the last it stands there."""

    @model_validator(mode="after")
    def _has_one_driver(self) -> Ego:
        given = [name for name in ("route", "drive_log", "path") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"both {' and '.join(given)} say how the ego drives: give one of them")
        if given and given != ["route"] and self.spawn_point != 0:
            raise ValueError(f"{given[0]} says where the ego begins, so spawn_point means nothing: leave it out")
        return self

    @field_validator("path", mode="after")
    @classmethod
    def _path_goes_on(cls, path: tuple[PathPose, ...]) -> tuple[PathPose, ...]:
        for earlier, later in itertools.pairwise(path):
            if later.at_s <= earlier.at_s:
                raise ValueError(f"times of a path must increase, but {later.at_s:g} s follows {earlier.at_s:g} s")
        return path


class Traffic(_Definition):
    """Who else is in town; how many of them there was room for is counted when they are spawned."""

    vehicles: Annotated[int, Field(ge=0, le=500)] = 0
    """Under the TrafficManager's autopilot."""
    parked_vehicles: Annotated[int, Field(ge=0, le=500)] = 0
    """At the side of the road, without a driver."""
    walkers: Annotated[int, Field(ge=0, le=500)] = 0
    """Each walks to random places of the navigation mesh."""
    crossing_factor: Annotated[float, Field(ge=0.0, le=1.0)] = 0.2
    """Share of the walkers who may cross a road anywhere (``world.set_pedestrians_cross_factor``)."""


class Scenario(_Definition):
    """One drive."""

    name: Name
    town: Name = "Town10HD"
    split: Split
    group: Annotated[str, Field(pattern=r"^[A-Za-z_]*$", max_length=40)] = ""
    """Kind of situation, such as ``lane_following`` or ``pedestrian``, by which results are grouped; may be empty."""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    """Decides who is spawned where, the TrafficManager's and the walkers' choices."""
    duration_s: Annotated[float, Field(gt=0.0, le=3600.0)]
    """Simulated time that is recorded, after the warm-up [s]."""
    fixed_delta_seconds: Annotated[float, Field(gt=0.0, le=0.1)] = 0.05
    """Simulated time of one tick [s]; CARLA's physics substeps allow no more than 0.1."""
    weather: Weather = Weather()
    """Of the whole drive, unless there is a ``weather_timeline``."""
    weather_timeline: tuple[WeatherKey, ...] = ()
    """Weather that changes, as keys or in the notation ``ClearNoon->DenseFog``; then ``weather`` must not be given."""
    ego: Ego = Ego()
    traffic: Traffic = Traffic()
    staged: Annotated[tuple[StagedActor, ...], Field(max_length=20)] = ()
    """What happens on the ego's route, beside the traffic."""
    cameras: Annotated[tuple[CameraSpec, ...], Field(min_length=1)] = (CameraSpec(),)
    record_every_n: Annotated[int, Field(ge=1, le=1000)] = 1
    """Every n-th tick is recorded, the first included."""
    warmup_ticks: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Ticks before the first recorded one, for traffic to get going and the picture to settle; the first one spawns."""

    @property
    def definition(self) -> dict[str, Any]:
        """As plain data to keep and to compare: a drive log without its folder, which depends on who names it.

        Fields that came later are left out where they say nothing, so that older recordings have the same definition.
        """
        content = self.model_dump(mode="json")
        for later in ("group", "staged"):
            if not content[later]:
                del content[later]
        if self.ego.drive_log is not None:
            content["ego"]["drive_log"] = PurePath(self.ego.drive_log).name
        return content

    @property
    def timeline(self) -> WeatherTimeline:
        """The weather at every instant of the drive, with times, whichever way it was given."""
        if not self.weather_timeline:
            return WeatherTimeline.constant(self.weather)
        return WeatherTimeline(keys=self.weather_timeline).over(self.duration_s)

    @property
    def num_ticks(self) -> int:
        """Ticks after the warm-up."""
        return max(1, round(self.duration_s / self.fixed_delta_seconds))

    @property
    def num_frames(self) -> int:
        """Frames that each camera records if none is lost."""
        return -(-self.num_ticks // self.record_every_n)

    def is_recorded(self, tick: int) -> bool:
        """Whether ``tick``, counted from 0 after the warm-up, is to be recorded."""
        return tick >= 0 and tick % self.record_every_n == 0

    @field_validator("weather_timeline", mode="before")
    @classmethod
    def _from_notation(cls, value: Any) -> Any:
        return parse_weather_keys(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _weather_is_given_once(self) -> Scenario:
        if self.weather_timeline and self.weather != Weather():
            raise ValueError(
                f"scenario {self.name!r} has both weather and weather_timeline: leave weather out, also of the defaults"
            )
        check_keys(self.weather_timeline)
        return self

    @model_validator(mode="after")
    def _staged_actors_have_a_route(self) -> Scenario:
        if self.staged and not self.ego.route:
            raise ValueError(
                f"scenario {self.name!r} stages something on the ego's route, but it has none: give ego.route"
            )
        return self

    @model_validator(mode="after")
    def _cameras_have_names_of_their_own(self) -> Scenario:
        names = [camera.name for camera in self.cameras]
        if len(set(names)) != len(names):
            raise ValueError(f"two cameras of scenario {self.name!r} have the same name: {', '.join(names)}")
        return self


def parse_scenario(content: Any) -> Scenario:
    """The scenario that plain data mean, such as ``model_dump`` makes.

    Raises:
        ScenarioError: they mean none; with the first thing that is wrong.
    """
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise ScenarioError(first_problem(error)) from error


class Suite(_Definition):
    """Scenarios that belong together, with their splits."""

    name: Name
    description: str = ""
    weathers: tuple[str, ...] = ()
    """What ``score`` replays its drives in unless told otherwise, in the notation of ``weather_grid``.

    Recording drives every scenario in the weather of its own."""
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]

    @field_validator("weathers", mode="after")
    @classmethod
    def _weathers_are_known(cls, weathers: tuple[str, ...]) -> tuple[str, ...]:
        for item in weathers:
            if is_weather_file(item):
                raise ValueError(f"{item!r} is a file: write its weathers into the suite, so that it stands for itself")
        if weathers:
            parse_weather_grid(weathers)
        return weathers

    @model_validator(mode="after")
    def _scenarios_have_names_of_their_own(self) -> Suite:
        seen: dict[str, str] = {}
        for scenario in self.scenarios:
            folded = scenario.name.casefold()  # names become file names, and some file systems do not tell A from a
            if folded in seen:
                raise ValueError(f"two scenarios have the same name: {seen[folded]!r} and {scenario.name!r}")
            seen[folded] = scenario.name
        return self

    def of_split(self, *splits: Split) -> tuple[Scenario, ...]:
        """The scenarios of these splits, in the suite's order."""
        return tuple(scenario for scenario in self.scenarios if scenario.split in splits)
