"""Everything that happened in one episode, and nothing that was thought of it: metrics are made from this file alone.

Decisions:

- Facts only: poses, controls, what lay under the wheels, who stood where, what was seen, in which state lights were.
  Whether that was good is for :mod:`harness.closed_loop.metrics`, which needs no simulator and can be changed later.
- One npz file without pickle, the same bytes for the same episode: no wall-clock time (that is in ``timing/``),
  no frame numbers of a server, no paths of a machine.
- Ticks count from 0, the first one after the warm-up. Arrays with T rows have one for each tick, those with D rows one
  for each decision; ``decision_ticks`` says when those were.

World coordinates on CARLA's left-handed axes, x forward, y right, z up [m]; angles to the right [deg]. The *ego frame*
has its origin on the ground under the middle of the car.
"""

from __future__ import annotations

import io
import json
import lzma
import math
import struct
import zipfile
import zlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from harness.closed_loop.json_records import checked, hints_of
from harness.errors import DataError

FORMAT = "carla-loop-harness episode log"
VERSION = 1
MAX_FILE_BYTES = 2**31
NUM_CENTER_POINTS = 24
"""Points of each logged centre line."""

Ending: TypeAlias = Literal["terminated", "truncated", "aborted"]
"""terminated: by what happened on the road. truncated: by the clock. aborted: the policy could not go on."""

Reason: TypeAlias = Literal[
    "goal",
    "collision",
    "off road",
    "wrong way",
    "blocked",
    "route deviation",
    "time limit",
    "policy raised",
    "policy returned nonsense",
    "policy hung",
]
ENDING_OF: dict[str, Ending] = {
    **dict.fromkeys(("goal", "collision", "off road", "wrong way", "blocked", "route deviation"), "terminated"),
    "time limit": "truncated",
    **dict.fromkeys(("policy raised", "policy returned nonsense", "policy hung"), "aborted"),
}
assert set(ENDING_OF) == set(get_args(Reason))

ActorKind: TypeAlias = Literal["vehicle", "walker", "static"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EpisodeKey:
    """Which episode of a run this is: the columns that name it in every table."""

    scenario: str
    weather: str
    width: int
    """[px] of the driving camera."""
    height: int
    """[px]"""
    fov: float
    """[deg]"""
    policy: str
    repeat: int
    """From 1; each has a seed of its own."""


KEY_COLUMNS = tuple(each.name for each in fields(EpisodeKey))


@dataclass(frozen=True, kw_only=True, slots=True)
class EpisodeActor:
    """Somebody or something that the scenario brought to town; column of ``actor_transforms``."""

    blueprint: str
    kind: ActorKind
    half_extents_m: tuple[float, float, float]
    """Of its bounding box along its own axes."""
    center_m: tuple[float, float, float]
    """Of the box, from the actor's origin, along its own axes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CollisionEvent:
    """The ego touched something; one for each tick and other, as the server tells it."""

    tick: int
    other: str
    """Type id, such as ``vehicle.audi.tt``, ``walker.pedestrian.0001`` or ``static.building``."""
    other_actor: int
    """Column of ``actor_transforms``; -1: not one of ours."""
    impulse: float
    """[N s]"""


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneInvasionEvent:
    """The ego crossed lane markings."""

    tick: int
    markings: tuple[str, ...]
    """``carla.LaneMarkingType`` names, such as ``Solid`` or ``Broken``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StopLine:
    """Where the traffic of one lane has to wait for a light or a stop sign."""

    kind: Literal["light", "stop"]
    x: float
    y: float
    yaw_deg: float
    """Of the lane, in the direction of travel."""
    width_m: float
    """Of the lane."""
    light: int
    """Column of ``light_states``; -1 at a stop sign."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EpisodeLog:
    """T ticks, D decisions, A actors with the ego first, L traffic lights, R route points, K classes."""

    key: EpisodeKey
    scenario: dict[str, Any]
    """Its definition as JSON, with the seed that was used."""
    weather_keys: list[dict[str, Any]]
    """The fourteen numbers of the weather at points in time."""
    policy: dict[str, Any]
    """What drove: name, senses, a net's checksum and the like, as JSON."""
    rules: dict[str, Any]
    """By which the episode was ended, as JSON: limits and the time between decisions."""
    server: dict[str, Any]
    """version, town, whether embedded, and its seed."""
    fixed_delta_seconds: float
    reason: Reason
    """Why it ended; at the last tick."""
    message: str
    """More about it, for people; may be empty."""
    classes: tuple[str, ...]
    """Names of the K classes of ``counts``; empty where nothing was predicted."""
    actors: tuple[EpisodeActor, ...]
    """The ego first."""
    stop_lines: tuple[StopLine, ...]
    collisions: tuple[CollisionEvent, ...]
    lane_invasions: tuple[LaneInvasionEvent, ...]

    route_points: npt.NDArray[np.float64]
    """(R, 3) middle of the lanes from start to goal [m], about ``route_plan.SPACING_M`` apart."""
    route_yaws_deg: npt.NDArray[np.float64]
    """(R,)"""
    route_s_m: npt.NDArray[np.float64]
    """(R,) rising from 0."""
    route_lane_widths_m: npt.NDArray[np.float64]
    """(R,)"""
    route_commands: npt.NDArray[np.uint8]
    """(R,) values of ``route_plan.Command``."""
    route_junctions: npt.NDArray[np.bool_]
    """(R,)"""

    velocities: npt.NDArray[np.float32]
    """(T, 3) of the ego in the world [m/s]."""
    yaw_rates: npt.NDArray[np.float32]
    """(T,) of the ego [rad/s], right positive."""
    controls: npt.NDArray[np.float32]
    """(T, 3) throttle, steer, brake in force during the tick."""
    speed_limits: npt.NDArray[np.float32]
    """(T,) [m/s]"""
    route_progress_m: npt.NDArray[np.float32]
    """(T,) farthest way along the route that was reached so far."""
    lane_centers: npt.NDArray[np.float32]
    """(T, 3) of the driving lane nearest to the ego's origin: x, y [m] and yaw [deg] of its middle there, in the
    lane's own direction of travel."""
    lane_widths_m: npt.NDArray[np.float32]
    """(T,)"""
    lanes: npt.NDArray[np.int32]
    """(T, 3) road, section and lane of OpenDRIVE of that lane."""
    in_junction: npt.NDArray[np.bool_]
    """(T,) whether that lane is part of a junction."""
    on_lane_types: npt.NDArray[np.int32]
    """(T, 5) ``carla.LaneType`` under the ego's origin and the front left, front right, rear right and rear left
    corner of its box; 1 (``NONE``) where there is no lane."""
    actor_transforms: npt.NDArray[np.float32]
    """(T, A, 6) x, y, z, pitch, yaw, roll; NaN where an actor was not there."""
    light_states: npt.NDArray[np.uint8]
    """(T, L) values of ``carla.TrafficLightState``: 0 red, 1 yellow, 2 green, 3 off, 4 unknown."""

    decision_ticks: npt.NDArray[np.int32]
    """(D,) rising."""
    center_lines: npt.NDArray[np.float32]
    """(D, ``NUM_CENTER_POINTS``, 2) where the policy meant to go, ego frame [m]; NaN: it did not say."""
    corridor_widths_m: npt.NDArray[np.float32]
    """(D,)"""
    hazards: npt.NDArray[np.float32]
    """(D, 2) distance from the front bumper [m] and class id of the nearest thing in the corridor; inf, -1: none."""
    states: npt.NDArray[np.uint8]
    """(D,) ``policy.DriverState``."""
    target_speeds: npt.NDArray[np.float32]
    """(D,) [m/s]; NaN: the policy did not say."""
    mask_digests: npt.NDArray[np.uint64]
    """(D,) first eight bytes of the SHA-256 of the mask that was driven by, big-endian; 0: none."""
    counts: npt.NDArray[np.int64]
    """(D, K, 3) pixels tp, fp, fn of each class of that mask against the simulator's tags."""

    @property
    def num_ticks(self) -> int:
        """T."""
        return len(self.velocities)

    @property
    def ending(self) -> Ending:
        """The kind of its end."""
        return ENDING_OF[self.reason]

    @property
    def duration_s(self) -> float:
        """Simulated time."""
        return self.num_ticks * self.fixed_delta_seconds

    def __post_init__(self) -> None:
        """Check that the arrays fit each other.

        Raises:
            DataError: one does not.
        """
        sizes = {
            "T": len(self.velocities), "D": len(self.decision_ticks), "A": len(self.actors),
            "L": self.light_states.shape[-1], "R": len(self.route_s_m), "K": len(self.classes), "P": NUM_CENTER_POINTS,
        }  # fmt: skip
        for name, (dtype, axes) in _ARRAYS.items():
            array = getattr(self, name)
            shape = tuple(sizes[axis] if isinstance(axis, str) else axis for axis in axes)
            if array.shape != shape or array.dtype != np.dtype(dtype):
                raise DataError(f"episode log: {name} is {array.dtype} {array.shape}, expected {dtype} {shape}")
        if self.reason not in ENDING_OF:
            raise DataError(f"episode log: unknown reason {self.reason!r}")
        if self.num_ticks < 1 or not self.actors or len(self.route_s_m) < 2:
            raise DataError("episode log: without a tick, an ego or a route")
        self._check_numbers()
        self._check_references()

    def _check_numbers(self) -> None:
        """Check what is divided by, counted on and drawn."""
        if not (0.0 < self.fixed_delta_seconds < math.inf and (np.diff(self.route_s_m) > 0).all()):
            raise DataError("episode log: fixed_delta_seconds is not above 0, or route_s_m does not rise")
        numbers = {name: getattr(self, name) for name in _FINITE} | {"the ego's pose": self.actor_transforms[:, 0]}
        for name, array in numbers.items():
            if not np.isfinite(array).all():
                raise DataError(f"episode log: {name} has something else than numbers")
        ids = [each for name in ("road_classes", "line_classes") for each in self.policy.get(name, [])]
        if not all(isinstance(each, int) for each in (*ids, self.scenario.get("seed", 0))):
            raise DataError("episode log: road_classes, line_classes or the seed are not whole numbers")

    def _check_references(self) -> None:
        """Check that events and lines are about ticks, actors and lights that are there."""
        events: tuple[CollisionEvent | LaneInvasionEvent, ...] = (*self.collisions, *self.lane_invasions)
        ticks = [*self.decision_ticks.tolist(), *(event.tick for event in events)]
        outside = [tick for tick in ticks if not 0 <= tick < self.num_ticks]
        if outside:
            raise DataError(f"episode log: something happens at tick {outside[0]}, it has {self.num_ticks}")
        if (np.diff(self.decision_ticks) <= 0).any():
            raise DataError("episode log: decision_ticks do not rise")
        others = [event.other_actor for event in self.collisions]
        if not all(-1 <= other < len(self.actors) for other in others):
            raise DataError(f"episode log: a collision with one of actors {others}, it has {len(self.actors)}")
        lights = [line.light for line in self.stop_lines if line.kind == "light"]
        if not all(0 <= light < self.light_states.shape[1] for light in lights):
            raise DataError(f"episode log: a stop line of one of lights {lights}, it has {self.light_states.shape[1]}")

    def save(self, path: Path) -> None:
        """Write the file; it appears under its name only when it is complete."""
        header = {name: _plain(getattr(self, name)) for name in _HEADER} | {"format": FORMAT, "version": VERSION}
        encoded = np.frombuffer(json.dumps(header, sort_keys=True).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, header=encoded, **{name: getattr(self, name) for name in _ARRAYS})
        part = path.with_name(path.name + ".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(buffer.getvalue())
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> EpisodeLog:
        """Read a file that ``save`` wrote.

        Raises:
            DataError: it is missing, cut short, of another version or no episode log.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                if sum(member.file_size for member in archive.infolist()) > MAX_FILE_BYTES:
                    raise DataError(f"episode log {path} unpacks to more than {MAX_FILE_BYTES} bytes, which none does")
            with np.load(path, allow_pickle=False) as stored:
                header = json.loads(_array(stored, "header").tobytes())
                arrays: dict[str, Any] = {name: _array(stored, name) for name in _ARRAYS}
        except FileNotFoundError:
            raise DataError(f"episode log {path} does not exist: drive the suite first") from None
        except _UNREADABLE as error:
            raise DataError(f"episode log {path} cannot be read ({error}): drive the episode again") from error
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise DataError(f"{path} is not an episode log")
        if header.get("version") != VERSION:
            raise DataError(f"episode log {path} has version {header.get('version')}, this program reads {VERSION}")
        hints = hints_of(cls)
        try:
            return cls(**{name: checked(name, header[name], hints[name]) for name in _HEADER}, **arrays)
        except (KeyError, TypeError) as error:
            raise DataError(f"episode log {path} has a damaged header ({error!r}): drive the episode again") from error


_ARRAYS: dict[str, tuple[str, tuple[str | int, ...]]] = {
    "route_points": ("<f8", ("R", 3)),
    "route_yaws_deg": ("<f8", ("R",)),
    "route_s_m": ("<f8", ("R",)),
    "route_lane_widths_m": ("<f8", ("R",)),
    "route_commands": ("|u1", ("R",)),
    "route_junctions": ("|b1", ("R",)),
    "velocities": ("<f4", ("T", 3)),
    "yaw_rates": ("<f4", ("T",)),
    "controls": ("<f4", ("T", 3)),
    "speed_limits": ("<f4", ("T",)),
    "route_progress_m": ("<f4", ("T",)),
    "lane_centers": ("<f4", ("T", 3)),
    "lane_widths_m": ("<f4", ("T",)),
    "lanes": ("<i4", ("T", 3)),
    "in_junction": ("|b1", ("T",)),
    "on_lane_types": ("<i4", ("T", 5)),
    "actor_transforms": ("<f4", ("T", "A", 6)),
    "light_states": ("|u1", ("T", "L")),
    "decision_ticks": ("<i4", ("D",)),
    "center_lines": ("<f4", ("D", "P", 2)),
    "corridor_widths_m": ("<f4", ("D",)),
    "hazards": ("<f4", ("D", 2)),
    "states": ("|u1", ("D",)),
    "target_speeds": ("<f4", ("D",)),
    "mask_digests": ("<u8", ("D",)),
    "counts": ("<i8", ("D", "K", 3)),
}
"""Type and axes of each array."""
_FINITE = (
    "route_points", "route_yaws_deg", "route_s_m", "route_lane_widths_m", "velocities", "yaw_rates", "controls",
    "speed_limits", "route_progress_m", "lane_centers", "lane_widths_m",
)  # fmt: skip
"""Arrays in which nothing is missing."""
_HEADER = tuple(each.name for each in fields(EpisodeLog) if each.name not in _ARRAYS)
_UNREADABLE = (
    OSError, ValueError, KeyError, EOFError, MemoryError, RuntimeError, struct.error, zlib.error, lzma.LZMAError,
    zipfile.BadZipFile,
)  # fmt: skip
"""What zipfile and numpy raise of a file that is no archive of arrays; a changed byte can name any compression."""


def _array(stored: np.lib.npyio.NpzFile, name: str) -> npt.NDArray[Any]:
    """A member of an archive; numpy gives the bytes of one that does not begin as an array."""
    value = stored[name]
    if not isinstance(value, np.ndarray):
        raise ValueError(f"{name} is no array")
    return value


def _plain(value: Any) -> Any:
    """As JSON values."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
