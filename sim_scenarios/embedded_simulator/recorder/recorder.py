"""Writes down what a world did, tick by tick, while a client wants it.

The first frame tells the world as it is when recording starts; each further one the world at the end of a tick. As in
CARLA (Carla/Recorder/CarlaRecorder.cpp), poses of what moves, lights, pedals and walkers are in every frame, actors
when they come and go, street lights when they change, and collisions where the actor carries a collision sensor. Beyond
CARLA, weather is told, too, and bones that clients set, when they change.
``additional_data`` adds velocities, boxes and the lights' times.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sim_scenarios.embedded_simulator.recorder.frames import (
    ActorKind,
    Bones,
    Box,
    Collision,
    Created,
    Driving,
    Kinematics,
    Lamp,
    LightPhase,
    LightTimes,
    Position,
    RecordedFrame,
    Walking,
    content_of,
)
from sim_scenarios.embedded_simulator.recorder.log import LogWriter
from sim_scenarios.embedded_simulator.world import contacts
from sim_scenarios.embedded_simulator.world.actors import (
    Actor,
    MovingActor,
    Sensor,
    SensorKind,
    TrafficLight,
    Vehicle,
    Walker,
)
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.skeleton import BonePose
from sim_scenarios.embedded_simulator.world.snapshot import Weather
from sim_scenarios.embedded_simulator.world.world import Tick, World


class Recorder:
    """Records one world into one file at a time."""

    def __init__(self) -> None:
        self._recording: _Recording | None = None

    def start(self, path: Path, world: World, *, date_s: int, additional_data: bool) -> None:
        """Begins a file, and ends the one before.

        Args:
            path: Of the file; replaced if it exists.
            world: Its state becomes the first frame.
            date_s: Seconds since 1970 that the file is to bear; nothing else depends on it.
            additional_data: Whether velocities, boxes and the lights' times are told.

        Raises:
            WorldError: The file cannot be written.
        """
        self.stop()
        try:
            writer = LogWriter(path, {"map": world.name, "date": date_s})
            self._recording = _Recording(writer, world, additional_data=additional_data)
            self._recording.append(world, (), duration_s=0.0)
        except OSError as error:
            self.stop()
            raise WorldError(f"cannot record into {path}: {error}") from error

    def stop(self) -> None:
        """Ends the file, if one is being written."""
        if self._recording is not None:
            self._recording.close()
            self._recording = None

    def record(self, world: World, tick: Tick) -> None:
        """Appends a tick; a new episode or a full disk ends the file."""
        if self._recording is None:
            return
        if world.episode_id != self._recording.episode_id:
            self.stop()
            return
        try:
            self._recording.append(world, tick.collisions, duration_s=tick.snapshot.delta_s)
        except OSError as error:
            print(f"embedded simulator: recording ended: {error}", file=sys.stderr, flush=True)
            self.stop()


class _Recording:
    """One file and what was last told in it."""

    def __init__(self, writer: LogWriter, world: World, *, additional_data: bool) -> None:
        self.episode_id = world.episode_id
        self._writer = writer
        self._additional_data = additional_data
        self._elapsed_s = 0.0
        self._known: set[int] = set()
        self._weather: Weather | None = None
        self._lamps: dict[int, Lamp] = {}
        self._bones: dict[int, tuple[BonePose, float]] = {}
        self._collisions = 0

    def close(self) -> None:
        self._writer.close()

    def append(self, world: World, collisions: Sequence[contacts.Collision], *, duration_s: float) -> None:
        self._elapsed_s += duration_s
        frame = self._frame(world, collisions, duration_s)
        self._writer.append(frame.kind, content_of(frame), elapsed_s=frame.elapsed_s, duration_s=duration_s)

    def _frame(self, world: World, collisions: Sequence[contacts.Collision], duration_s: float) -> RecordedFrame:
        new = [actor for actor in world.actors.values() if actor.id not in self._known]
        gone = sorted(self._known - world.actors.keys())
        self._known = set(world.actors)
        weather = None if world.weather == self._weather else world.weather
        lamps = self._changed_lamps(world) if world.lights_updated or weather is not None else ()
        self._weather = world.weather
        vehicles, walkers, lights = world.of_kind(Vehicle), world.of_kind(Walker), world.of_kind(TrafficLight)
        moving = [actor for actor in world.actors.values() if _has_position(actor)]
        more = self._additional_data
        return RecordedFrame(
            elapsed_s=self._elapsed_s,
            duration_s=duration_s,
            created=tuple(map(_created, new)),
            destroyed=tuple(gone),
            collisions=self._felt(world, collisions),
            weather=weather,
            lamps=lamps,
            boxes=tuple(Box(a.id, a.box.location, a.box.extent) for a in new) if more else (),
            light_times=tuple(_times(a) for a in new if isinstance(a, TrafficLight)) if more else (),
            positions=tuple(Position(actor.id, actor.pose) for actor in moving),
            lights=tuple(LightPhase(light.id, light.state, light.frozen, light.elapsed_s) for light in lights),
            driving=tuple(Driving(vehicle.id, vehicle.control, vehicle.lights) for vehicle in vehicles),
            walking=tuple(Walking(walker.id, walker.control) for walker in walkers),
            kinematics=tuple(Kinematics(a.id, a.velocity, a.angular_velocity) for a in [*vehicles, *walkers])
            if more
            else (),
            bones=tuple(self._changed_bones(walkers)),
        )

    def _changed_bones(self, walkers: Sequence[Walker]) -> Iterator[Bones]:
        for walker in walkers:
            pose, blend = walker.set_pose, walker.pose_blend
            if pose is None:
                continue
            known, known_blend = self._bones.get(walker.id, (None, 0.0))
            if pose is not known or blend != known_blend:
                self._bones[walker.id] = pose, blend
                yield Bones.of(walker.id, blend, pose)

    def _changed_lamps(self, world: World) -> tuple[Lamp, ...]:
        lamps = [Lamp(o.id, o.intensity, o.group, o.color, o.active) for o in world.lights.lights(world.weather)]
        changed = tuple(lamp for lamp in lamps if lamp != self._lamps.get(lamp.light_id))
        self._lamps |= {lamp.light_id: lamp for lamp in changed}
        return changed

    def _felt(self, world: World, collisions: Sequence[contacts.Collision]) -> tuple[Collision, ...]:
        """Those of actors with a collision sensor, which is what reports collisions to CARLA's recorder."""
        if not collisions:
            return ()
        watched = {sensor.parent_id for sensor in world.of_kind(Sensor) if sensor.kind is SensorKind.COLLISION}
        felt = []
        for collision in collisions:
            if collision.actor_id in watched:
                ids = (collision.actor_id, collision.other_id)
                felt.append(Collision(self._collisions, *ids, *(_is_hero(world, actor_id) for actor_id in ids)))
                self._collisions += 1
        return tuple(felt)


def kind_of(actor: Actor) -> ActorKind:
    """The kind that a recording tells."""
    match actor:
        case Vehicle():
            return ActorKind.VEHICLE
        case Walker():
            return ActorKind.WALKER
        case TrafficLight():
            return ActorKind.TRAFFIC_LIGHT
        case Sensor():
            return ActorKind.SENSOR
    return ActorKind.TRAFFIC_SIGN if actor.type_id.startswith("traffic.") else ActorKind.OTHER


def _has_position(actor: Actor) -> bool:
    """Whether its pose is told in each frame: not that of sensors and signals, as in CARLA."""
    return kind_of(actor) in (ActorKind.OTHER, ActorKind.VEHICLE, ActorKind.WALKER)


def _created(actor: Actor) -> Created:
    moving = actor if isinstance(actor, MovingActor) else None
    return Created(
        actor_id=actor.id,
        kind=kind_of(actor),
        pose=actor.pose,
        description=actor.description,
        parent_id=actor.parent_id if actor.relative_pose is not None else 0,
        relative_pose=actor.relative_pose,
        travelled_m=moving.travelled_m if moving else 0.0,
        gait_phase=actor.gait_phase if isinstance(actor, Walker) else 0.0,
        age_s=moving.age_s if moving else 0.0,
    )


def _times(light: TrafficLight) -> LightTimes:
    return LightTimes(light.id, light.green_s, light.yellow_s, light.red_s)


def _is_hero(world: World, actor_id: int) -> bool:
    actor = world.actors.get(actor_id)
    return actor is not None and actor.description.attribute("role_name") == "hero"
