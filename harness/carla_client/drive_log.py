"""The log of a drive: everything that is needed to render the same drive again, under another weather or other cameras.

File format (version 1): an uncompressed ``.npz`` of plain arrays, read without pickle, plus the array ``header``: the
UTF-8 bytes of a JSON object. Every tick since spawning is in it, the warm-up included, because how far a wheel or a leg
has turned depends on the whole path. Rows are ticks, columns are actors in the order in which they were spawned.

Frame of reference: CARLA's left-handed axes; transforms are (x, y, z [m], pitch, yaw, roll [deg]), float32 as CARLA's
own, so that a replayed pose is the logged one to the last bit.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.carla_client.observation import Gap
from harness.errors import DataError

FORMAT = "carla-loop-harness drive log"
VERSION = 1
DRIVES_FOLDER = "drives"
"""Of a recording or of a score: its logs, one for each scenario."""
MAX_FILE_BYTES = 2**31

Floats: TypeAlias = npt.NDArray[np.float32]

_DTYPES: dict[str, str] = {
    "frames": "<i8",
    "spawn_transforms": "<f4",
    "transforms": "<f4",
    "speeds": "<f4",
    "controls": "<f4",
    "vehicle_lights": "<u4",
    "traffic_lights": "<u1",
}

_HEADER_TYPES: dict[str, type] = {
    "scenario": dict,
    "town": str,
    "server_version": str,
    "fixed_delta_seconds": float,
    "seed": int,
    "warmup_ticks": int,
    "record_every_n": int,
    "ego": int,
}
_LAST_LIGHT_STATE = 4
"""``carla.TrafficLightState.Unknown``"""

_UNREADABLE = (OSError, ValueError, KeyError, EOFError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What damaged and forged files raise: RuntimeError is zipfile's (encrypted, an unknown method), MemoryError comes of a
shape that no drive has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedActor:
    """What one actor is; where it was is in the arrays."""

    blueprint: str
    attributes: dict[str, str]
    """As they were set when it was spawned; only those that differ from the blueprint's own values."""

    @property
    def is_walker(self) -> bool:
        """A walker, as opposed to a vehicle."""
        return self.blueprint.startswith("walker.")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DriveLog:
    """T ticks of A actors and L traffic lights."""

    scenario: dict[str, Any]
    """The scenario as JSON: what was asked for."""
    town: str
    """The map's name as the server gives it."""
    server_version: str
    fixed_delta_seconds: float
    seed: int
    warmup_ticks: int
    """So many of the first ticks come before the first recorded one."""
    record_every_n: int
    actors: tuple[LoggedActor, ...]
    ego: int
    """Column of the ego vehicle."""
    traffic_light_ids: tuple[str, ...]
    """OpenDRIVE signal ids, the columns of ``traffic_lights``."""
    frames: npt.NDArray[np.int64]
    """(T,) the server's frame numbers."""
    spawn_transforms: Floats
    """(A, 6) where each was spawned."""
    transforms: Floats
    """(T, A, 6); NaN where an actor was not there."""
    speeds: Floats
    """(T, A) [m/s], along the ground for walkers."""
    controls: Floats
    """(T, A, 3) throttle, steer, brake of vehicles; zero for walkers."""
    vehicle_lights: npt.NDArray[np.uint32]
    """(T, A) bits of ``carla.VehicleLightState``, as this tick shows them."""
    traffic_lights: npt.NDArray[np.uint8]
    """(T, L) values of ``carla.TrafficLightState``."""
    simulator_seed: int | None = None
    """That the embedded simulator built its town from; None: another server, or a log from before this was written."""
    gaps: tuple[Gap, ...] = ()
    """Pairs of images that the recording of this drive lacks."""

    def __post_init__(self) -> None:
        """Check that the arrays fit each other.

        Raises:
            DataError: a shape that does not fit.
        """
        ticks, actors, lights = len(self.frames), len(self.actors), len(self.traffic_light_ids)
        expected: dict[str, tuple[int, ...]] = {
            "frames": (ticks,),
            "spawn_transforms": (actors, 6),
            "transforms": (ticks, actors, 6),
            "speeds": (ticks, actors),
            "controls": (ticks, actors, 3),
            "vehicle_lights": (ticks, actors),
            "traffic_lights": (ticks, lights),
        }
        for name, shape in expected.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.dtype(_DTYPES[name]):
                raise DataError(f"drive log: {name} is {array.dtype} {array.shape}, expected {_DTYPES[name]} {shape}")
        if not 0 <= self.ego < actors:
            raise DataError(f"drive log: the ego is actor {self.ego} of {actors}")
        if self.warmup_ticks < 0 or self.record_every_n < 1 or not 0.0 < self.fixed_delta_seconds <= 1.0:
            raise DataError(
                f"drive log: every {self.record_every_n}th tick of {self.fixed_delta_seconds} s is recorded after "
                f"{self.warmup_ticks}, which cannot be"
            )
        if self.traffic_lights.max(initial=0) > _LAST_LIGHT_STATE:
            raise DataError(f"drive log: a traffic light has state {self.traffic_lights.max()}, expected 0 to 4")

    @property
    def num_ticks(self) -> int:
        """Ticks in all, the warm-up included."""
        return len(self.frames)

    @property
    def num_frames(self) -> int:
        """Ticks that are recorded."""
        return -(-max(0, self.num_ticks - self.warmup_ticks) // self.record_every_n)

    def is_recorded(self, row: int) -> bool:
        """Whether the tick in this row, counted from 0 with the warm-up, is a recorded one."""
        tick = row - self.warmup_ticks
        return tick >= 0 and tick % self.record_every_n == 0

    def until(self, num_ticks: int) -> DriveLog:
        """The first ``num_ticks`` ticks, the warm-up included, with frames that count from 0.

        A server counts frames for as long as it lives; without its numbers the same drive is the same log.
        """
        rows = {name: getattr(self, name)[:num_ticks] for name in _DTYPES if name not in ("frames", "spawn_transforms")}
        return replace(self, frames=self.frames[:num_ticks] - self.frames[:1].sum(), **rows)

    def save(self, path: Path) -> None:
        """Write the file; it appears under its name only when it is complete."""
        header = {
            "format": FORMAT,
            "version": VERSION,
            "scenario": self.scenario,
            "town": self.town,
            "server_version": self.server_version,
            "fixed_delta_seconds": self.fixed_delta_seconds,
            "seed": self.seed,
            "warmup_ticks": self.warmup_ticks,
            "record_every_n": self.record_every_n,
            "actors": [{"blueprint": each.blueprint, "attributes": each.attributes} for each in self.actors],
            "ego": self.ego,
            "traffic_light_ids": list(self.traffic_light_ids),
            "simulator_seed": self.simulator_seed,
            "gaps": [asdict(gap) for gap in self.gaps],
        }
        encoded = np.frombuffer(json.dumps(header, sort_keys=True).encode(), np.uint8)
        arrays = {name: getattr(self, name) for name in _DTYPES}
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            np.savez(file, header=encoded, **arrays)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> DriveLog:
        """Read a file that ``save`` wrote.

        Raises:
            DataError: the file is missing, cut short, of another version or not a drive log.
        """
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise DataError(f"drive log {path} is larger than {MAX_FILE_BYTES} bytes, which no drive log is")
            if not zipfile.is_zipfile(path):
                raise DataError(f"{path} is not a drive log, or was cut short: record the scenario again")
            _refuse_bombs(path)
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                header = json.loads(stored["header"].tobytes())
                arrays = {name: stored[name] for name in _DTYPES}
        except FileNotFoundError:
            raise DataError(f"drive log {path} does not exist: record the suite first") from None
        except _UNREADABLE as error:
            raise DataError(f"drive log {path} cannot be read ({error}): record the scenario again") from error
        return cls._from_parts(path, header, arrays)

    @classmethod
    def _from_parts(cls, path: Path, header: Any, arrays: dict[str, npt.NDArray[Any]]) -> DriveLog:
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise DataError(f"{path} is not a drive log")
        if header.get("version") != VERSION:
            raise DataError(f"drive log {path} has version {header.get('version')}, this program reads {VERSION}")
        plain: dict[str, Any] = {field.name: header[field.name] for field in fields(cls) if field.name in header}
        try:
            for name, kind in _HEADER_TYPES.items():
                if not isinstance(header[name], kind):
                    raise TypeError(f"{name} is {header[name]!r}")
            plain["actors"] = tuple(_actor(each) for each in header["actors"])
            plain["gaps"] = tuple(Gap(**each) for each in header["gaps"])
            plain["traffic_light_ids"] = tuple(header["traffic_light_ids"])
            return cls(**(plain | arrays))
        except (KeyError, TypeError) as error:
            raise DataError(f"drive log {path} has a damaged header ({error}): record the scenario again") from error
        except DataError as error:
            raise DataError(f"{path}: {error}: record the scenario again") from error


def _actor(plain: dict[str, Any]) -> LoggedActor:
    actor = LoggedActor(**plain)
    if not all(isinstance(text, str) for text in (actor.blueprint, *dict(actor.attributes).values())):
        raise TypeError(f"{actor.blueprint!r} with {actor.attributes!r} is no actor")
    return actor


def _refuse_bombs(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_FILE_BYTES:
            raise DataError(f"drive log {path} unpacks to more than {MAX_FILE_BYTES} bytes, which no drive log does")
