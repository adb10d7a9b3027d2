"""What clients can ask about a recording, as the text that CARLA answers: programs take it apart again.

Words, order and columns are those of Carla/Recorder/CarlaRecorderQuery.cpp: lengths in centimetres, rotations as (roll,
pitch, yaw), numbers with six digits. Two things differ on purpose: an actor that is destroyed is forgotten by its own
id, and a file that was cut short says so in the last line.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sim_scenarios.embedded_simulator.recorder.frames import ActorKind, Driving, RecordedFrame, read_frame
from sim_scenarios.embedded_simulator.recorder.log import VERSION, FrameKind, LogReader
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.geometry import difference, length
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector, VehicleLight

MAX_TEXT_BYTES = 256 << 20
_CM = 100.0
_LETTERS = {ActorKind.VEHICLE: "v", ActorKind.WALKER: "w", ActorKind.TRAFFIC_LIGHT: "t"}
"""Every other kind is ``o``."""
CATEGORIES = "hvwtoa"
"""Hero, vehicle, walker, traffic light, other, any."""
_LAMPS = (
    (VehicleLight.POSITION, "Position"),
    (VehicleLight.LOW_BEAM, "LowBeam"),
    (VehicleLight.HIGH_BEAM, "HighBeam"),
    (VehicleLight.BRAKE, "Brake"),
    (VehicleLight.RIGHT_BLINKER, "RightBlinker"),
    (VehicleLight.LEFT_BLINKER, "LeftBlinker"),
    (VehicleLight.REVERSE, "Reverse"),
    (VehicleLight.INTERIOR, "Interior"),
    (VehicleLight.FOG, "Fog"),
    (VehicleLight.SPECIAL1, "Special1"),
    (VehicleLight.SPECIAL2, "Special2"),
)


def not_found(path: Path) -> str:
    """What CARLA answers, without an error, when there is no such file."""
    return f"File {path} not found on server\n"


def file_info(log: LogReader, *, show_all: bool) -> str:
    """Everything that happened; with ``show_all`` every frame and everything in it.

    Raises:
        WorldError: The file is damaged, or the text would be larger than ``MAX_TEXT_BYTES``.
    """
    text = [_opening(log)]
    size = 0
    for index, spot in enumerate(log.ticks):
        if not show_all and spot.kind is FrameKind.QUIET:
            continue
        frame = read_frame(log, index)
        lines = [f"Frame {index + 1} at {spot.elapsed_s:g} seconds", *_events(frame)]
        if show_all:
            lines += _states(frame)
        elif len(lines) == 1:  # weather and lights are no events to CARLA
            continue
        text.append("\n".join(lines) + "\n")
        size += len(text[-1])
        if size > MAX_TEXT_BYTES:
            raise WorldError(f"the text would be longer than {MAX_TEXT_BYTES >> 20} MiB: ask without show_all")
    return "".join(text) + _closing(log, f"{log.total_s:g}")


def collisions(log: LogReader, category1: str, category2: str) -> str:
    """When who met whom; a contact that lasts over several frames is one line.

    Args:
        log: The recording.
        category1: A letter of ``CATEGORIES``, of the actor that felt it.
        category2: The same, of what it met.

    Raises:
        WorldError: The file is damaged, or there is no such category.
    """
    for category in (category1, category2):
        if len(category) != 1 or category not in CATEGORIES:
            raise WorldError(f"a type of actor is one of the letters {', '.join(CATEGORIES)}; got {category!r}")
    text = [_opening(log), f"{'Time':>8} {'Types':>6} {'Id':>6} {'Actor 1':<35} {'Id':>6} {'Actor 2':<35}\n"]
    known: dict[int, tuple[str, str]] = {}
    before: set[tuple[int, int]] = set()
    last_index = -1
    for index, frame in _eventful(log):
        known |= {actor.actor_id: (_LETTERS.get(actor.kind, "o"), actor.description.id) for actor in frame.created}
        if index != last_index + 1:
            before = set()
        now = set()
        for felt in frame.collisions:
            letter1, name1 = known.get(felt.actor_id, ("o", ""))
            letter2, name2 = known.get(felt.other_id, ("o", ""))
            wanted1 = category1 in ("a", letter1) or (category1 == "h" and felt.is_hero)
            wanted2 = category2 in ("a", letter2) or (category2 == "h" and felt.is_other_hero)
            if not (wanted1 and wanted2):
                continue
            now.add((felt.actor_id, felt.other_id))
            if (felt.actor_id, felt.other_id) not in before:
                text.append(
                    f"{frame.elapsed_s:>8.0f}   {letter1} {letter2}  {felt.actor_id:>6} {name1:<35} "
                    f"{felt.other_id:>6} {name2:<35}\n"
                )
        before, last_index = now, index
        for actor_id in frame.destroyed:
            known.pop(actor_id, None)
    return "".join(text) + _closing(log, f"{log.total_s:.0f}")


def actors_blocked(log: LogReader, *, min_time_s: float, min_distance_cm: float) -> str:
    """Who moved less than a distance for at least a time, the longest first.

    Raises:
        WorldError: The file is damaged.
    """
    standing: dict[int, _Standing] = {}
    blocked: list[tuple[float, str]] = []

    def note(actor_id: int, actor: _Standing) -> None:
        if actor.duration_s >= min_time_s:
            line = f"{actor.since_s:>8.0f} {actor_id:>6} {actor.name:<35} {actor.duration_s:>10.0f}\n"
            blocked.append((actor.duration_s, line))

    for index in range(len(log.ticks)):
        frame = read_frame(log, index)
        standing |= {actor.actor_id: _Standing(name=actor.description.id) for actor in frame.created}
        for actor_id in frame.destroyed:
            standing.pop(actor_id, None)
        for actor_id, pose in frame.positions:
            actor = standing[actor_id]
            if _distance_cm(actor.at, pose.location) < min_distance_cm:
                if actor.duration_s == 0.0:
                    actor.since_s = frame.elapsed_s
                actor.duration_s += frame.duration_s
            else:
                note(actor_id, actor)
                actor.duration_s, actor.at = 0.0, pose.location
    for actor_id, actor in sorted(standing.items()):
        note(actor_id, actor)
    blocked.sort(key=lambda entry: -entry[0])
    header = f"{'Time':>8} {'Id':>6} {'Actor':<35} {'Duration':>10}\n"
    return _opening(log) + header + "".join(line for _, line in blocked) + _closing(log, f"{log.total_s:.0f}")


@dataclass(kw_only=True, slots=True)
class _Standing:
    name: str
    at: Vector = Vector()  # noqa: RUF009  # a NamedTuple does not change
    since_s: float = 0.0
    duration_s: float = 0.0


def _distance_cm(a: Vector, b: Vector) -> float:
    return _CM * length(difference(a, b))


def _eventful(log: LogReader) -> Iterator[tuple[int, RecordedFrame]]:
    for index, spot in enumerate(log.ticks):
        if spot.kind is FrameKind.EVENTS:
            yield index, read_frame(log, index)


def _opening(log: LogReader) -> str:
    date = time.strftime("%m/%d/%y %H:%M:%S", time.localtime(log.header.get("date", 0)))
    return f"Version: {VERSION}\nMap: {log.header['map']}\nDate: {date}\n\n"


def _closing(log: LogReader, duration: str) -> str:
    cut = f"{log.bytes_left_out} bytes behind the last whole one are left out\n" if log.bytes_left_out else ""
    return f"\nFrames: {len(log.ticks)}\nDuration: {duration} seconds\n{cut}"


def _events(frame: RecordedFrame) -> Iterator[str]:
    for actor in frame.created:
        at = _centimetres(actor.pose.location)
        yield f" Create {actor.actor_id}: {actor.description.id} ({int(actor.kind)}) at {at}"
        yield from (f"  {name} = {value}" for name, _, value in actor.description.attributes)
    yield from (f" Destroy {actor_id}" for actor_id in frame.destroyed)
    for actor in frame.created:
        if actor.relative_pose is not None:
            yield f" Parenting {actor.actor_id} with {actor.parent_id} (parent)"
    for felt in frame.collisions:
        first, second = (" (hero) " if hero else "" for hero in (felt.is_hero, felt.is_other_hero))
        yield f" Collision id {felt.number} between {felt.actor_id}{first} with {felt.other_id}{second}"


def _states(frame: RecordedFrame) -> Iterator[str]:
    yield f" Positions: {len(frame.positions)}"
    for actor_id, pose in frame.positions:
        yield f"  Id: {actor_id} Location: {_centimetres(pose.location)} Rotation: {_euler(pose)}"
    yield f" State traffic lights: {len(frame.lights)}"
    for light in frame.lights:
        frozen = int(light.frozen)
        yield f"  Id: {light.actor_id} state: {int(light.state)} frozen: {frozen} elapsedTime: {light.elapsed_s:g}"
    yield f" Vehicle animations: {len(frame.driving)}"
    yield from map(_driving_line, frame.driving)
    yield f" Walker animations: {len(frame.walking)}"
    yield from (f"  Id: {walker.actor_id} speed: {walker.control.speed:g}" for walker in frame.walking)
    yield f" Vehicle light animations: {len(frame.driving)}"
    for vehicle in frame.driving:
        yield f"  Id: {vehicle.actor_id} {' '.join(n for lamp, n in _LAMPS if vehicle.lights & lamp) or 'None'}"
    if frame.lamps:
        yield f" Scene light changes: {len(frame.lamps)}"
        for lamp in frame.lamps:
            color = "({}, {}, {})".format(*lamp.color)
            yield f"  Id: {lamp.light_id} enabled: {lamp.active} intensity: {lamp.intensity:g} RGB_color: {color}"
    yield from _additional(frame)


def _driving_line(vehicle: Driving) -> str:
    control = vehicle.control
    gear = control.gear if control.manual_gear_shift else (-1 if control.reverse else 1)
    return (
        f"  Id: {vehicle.actor_id} Steering: {control.steer:g} Throttle: {control.throttle:g} "
        f"Brake: {control.brake:g} Handbrake: {int(control.hand_brake)} Gear: {gear}"
    )


def _additional(frame: RecordedFrame) -> Iterator[str]:
    if frame.kinematics:
        yield f" Dynamic actors: {len(frame.kinematics)}"
        for row in frame.kinematics:
            turning = _numbers(row.angular_velocity)
            yield f"  Id: {row.actor_id} linear_velocity: {_numbers(row.velocity)} angular_velocity: {turning}"
    if frame.boxes:
        yield f" Actor bounding boxes: {len(frame.boxes)}"
        for box in frame.boxes:
            middle, extent = _centimetres(box.middle), _centimetres(box.extent)
            yield f"  Id: {box.actor_id} origin: {middle} extension: {extent}"
    if frame.light_times:
        yield f" Traffic Light time events: {len(frame.light_times)}"
        for times in frame.light_times:
            yield (
                f"  Id: {times.actor_id} green_time: {times.green_s:g} yellow_time: {times.yellow_s:g} "
                f"red_time: {times.red_s:g}"
            )


def _centimetres(v: Vector) -> str:
    return f"({_CM * v.x:g}, {_CM * v.y:g}, {_CM * v.z:g})"


def _euler(pose: Pose) -> str:
    pitch, yaw, roll = pose.rotation
    return f"({roll:g}, {pitch:g}, {yaw:g})"


def _numbers(v: Vector) -> str:
    return f"({v.x:g}, {v.y:g}, {v.z:g})"
