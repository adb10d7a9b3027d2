"""Plays a recording back into a world: at each tick everything that was recorded is where it was.

The replay is stepped around the world's own tick. Before it, actors are put where the recording has them; they have no
physics meanwhile, so that they end there, and what else is in the world goes on and can bump into them. At the
recording's time step and factor 1 every tick shows one recorded tick, to the bit; otherwise poses lie between two.

As in CARLA (Carla/Recorder/CarlaReplayer.cpp): actors with a recorded id and type that exist are taken over, others are
spawned, traffic lights are those at the same place, sensors come only if asked for, and what was not recorded is left
alone. At the end actors stay, vehicles at rest under physics and without pedals (the autopilot is the client's to give
back), walkers standing. Unlike CARLA: new actors always get new ids, because clients remember what an id was; positions
lie between ticks at every time factor; actors collide; the spectator keeps what it had unless asked for.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass

from sim_scenarios.embedded_simulator.recorder.frames import ActorKind, Created, Lamp, RecordedFrame, read_frame
from sim_scenarios.embedded_simulator.recorder.log import FrameKind, LogReader
from sim_scenarios.embedded_simulator.world.actors import Actor, MovingActor, TrafficLight, Vehicle, Walker
from sim_scenarios.embedded_simulator.world.controls import VehicleControl, WalkerControl
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.geometry import compose, difference, length, wrap_degrees
from sim_scenarios.embedded_simulator.world.lights import Light
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import World

_SAME_TIME_S = 1e-6
"""Times are sums of float steps: so near to a recorded tick, it is meant."""
_SAME_PLACE_M = 0.05
_ALOFT_M = 1000.0
"""Actors are spawned so high above their place, where nothing is in the way, and then put there, as in CARLA."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayRequest:
    """What part of a recording is to be played, and how."""

    start_s: float
    stop_s: float
    follow_id: int
    """As recorded; the spectator goes with this actor. 0 follows nobody."""
    offset: Pose
    """Of the spectator to the actor that it follows."""
    replay_sensors: bool


class Replayer:
    """At most one replay, and the settings that CARLA keeps from one to the next in an episode."""

    def __init__(self) -> None:
        self.time_factor = 1.0
        self.ignore_hero = False
        self.ignore_spectator = True
        self._replay: _Replay | None = None

    @property
    def is_replaying(self) -> bool:
        """Whether a replay is running."""
        return self._replay is not None

    def start(self, log: LogReader, world: World, request: ReplayRequest) -> None:
        """Shows the first moment at once and goes on with each tick; a replay that runs is ended, its actors go.

        Args:
            log: Closed by the replayer, in any case.
            world: In the town of the recording.
            request: What is to be shown.

        Raises:
            WorldError: The recording is empty or damaged.
        """
        self.stop(world, keep_actors=False)
        replay = _Replay(log, world, request, self)
        try:
            if not log.ticks:
                raise WorldError("the recording holds no frame: nothing to replay")
            replay.show(world)
        except WorldError:
            replay.let_go(world, keep_actors=False)
            log.close()
            raise
        self._replay = replay

    def before_tick(self, world: World) -> None:
        """Puts everything where it was at the time that the tick about to come ends."""
        replay = self._replay
        if replay is None:
            return
        if world.episode_id != replay.episode_id:
            replay.log.close()
            self._replay = None
            return
        replay.time_s = min(replay.request.stop_s, replay.time_s + world.settings.delta_s * self.time_factor)
        try:
            replay.show(world)
        except WorldError as error:
            self.stop(world, keep_actors=True)
            print(f"embedded simulator: replay ended: {error}", file=sys.stderr, flush=True)

    def after_tick(self, world: World) -> None:
        """Ends the replay that has come to its end; its actors stay."""
        if self._replay is not None and self._replay.time_s >= self._replay.request.stop_s - _SAME_TIME_S:
            self.stop(world, keep_actors=True)

    def stop(self, world: World, *, keep_actors: bool) -> None:
        """Lets actors go on by themselves, or removes those that the replay made."""
        replay, self._replay = self._replay, None
        if replay is not None:
            replay.log.close()
            if world.episode_id == replay.episode_id:
                replay.let_go(world, keep_actors=keep_actors)


class _Replay:
    """One recording on its way through a world."""

    def __init__(self, log: LogReader, world: World, request: ReplayRequest, settings: Replayer) -> None:
        self.log = log
        self.episode_id = world.episode_id
        self.request = request
        self.time_s = request.start_s
        self._settings = settings
        self._index = -1
        self._frames: dict[int, RecordedFrame] = {}
        self._live: dict[int, int] = {}
        """Recorded actor id -> id in this world."""
        self._made: set[int] = set()
        self._had_physics: dict[int, bool] = {}
        self._heroes: set[int] = set()
        self._is_first = True

    # --- showing a moment -------------------------------------------------------------------------------------------

    def show(self, world: World) -> None:
        """Everything as it was at ``time_s``."""
        while self._index + 1 < len(self.log.ticks) and self._elapsed_s(self._index + 1) <= self.time_s + _SAME_TIME_S:
            self._index += 1
            if self.log.ticks[self._index].kind is FrameKind.EVENTS:
                self._happen(world, self._frame(self._index))
        frame = self._frame(self._index)
        self._place(world, frame)
        self._command(world, frame)
        self._follow(world)
        self._is_first = False

    def _elapsed_s(self, index: int) -> float:
        return self.log.ticks[index].elapsed_s

    def _frame(self, index: int) -> RecordedFrame:
        if index not in self._frames:
            self._frames = {known: frame for known, frame in self._frames.items() if known >= self._index}
            self._frames[index] = read_frame(self.log, index)
        return self._frames[index]

    def _place(self, world: World, frame: RecordedFrame) -> None:
        share, later = self._between()
        for recorded_id, pose in frame.positions:
            actor = self._actor(world, recorded_id)
            if actor is None or actor.relative_pose is not None:
                continue
            world.set_pose(actor.id, _mix(pose, later.get(recorded_id, pose), share) if share else pose)
            if self._is_first and isinstance(actor, MovingActor):
                actor.last_pose = actor.pose

    def _between(self) -> tuple[float, dict[int, Pose]]:
        """How far the moment lies behind the current frame (0..1 of the way to the next), and the next one's poses."""
        since_s = self.time_s - self._elapsed_s(self._index)
        if since_s <= _SAME_TIME_S or self._index + 1 == len(self.log.ticks):
            return 0.0, {}
        following = self._frame(self._index + 1)
        return since_s / (following.elapsed_s - self._elapsed_s(self._index)), dict(following.positions)

    def _command(self, world: World, frame: RecordedFrame) -> None:
        for row in frame.driving:
            vehicle = self._actor(world, row.actor_id)
            if isinstance(vehicle, Vehicle):
                vehicle.control, vehicle.ackermann, vehicle.lights = row.control, None, row.lights
        for walk in frame.walking:
            walker = self._actor(world, walk.actor_id)
            if isinstance(walker, Walker):
                walker.control = walk.control
        for phase in frame.lights:
            light = self._actor(world, phase.actor_id)
            if isinstance(light, TrafficLight):
                world.traffic_lights.group_of(light).frozen = True  # until the replay ends, time is the recording's
                light.state, light.frozen, light.elapsed_s = phase.state, phase.frozen, phase.elapsed_s

    def _follow(self, world: World) -> None:
        actor = world.actors.get(self._live.get(self.request.follow_id, 0))
        if actor is not None:
            world.set_pose(world.spectator.id, compose(actor.pose, self.request.offset))

    def _actor(self, world: World, recorded_id: int) -> Actor | None:
        """Who plays a recorded actor; None when nobody does, also because clients want to have it for themselves."""
        if self._settings.ignore_hero and recorded_id in self._heroes:
            return None
        actor = world.actors.get(self._live.get(recorded_id, 0))
        return None if actor is world.spectator and self._settings.ignore_spectator else actor

    # --- events -----------------------------------------------------------------------------------------------------

    def _happen(self, world: World, frame: RecordedFrame) -> None:
        if frame.weather is not None:
            world.set_weather(frame.weather)
        if frame.lamps:
            with contextlib.suppress(WorldError):  # some are not in this town
                world.lights.update(map(_light, frame.lamps), world.weather)
        for actor_id in frame.destroyed:
            live_id = self._live.pop(actor_id, 0)
            with contextlib.suppress(WorldError):  # somebody else was quicker, or it belongs to the town
                world.destroy(live_id)
        for created in frame.created:
            actor = self._cast(world, created)
            if actor is not None:
                self._live[created.actor_id] = actor.id
                self._take_over(actor, created, since_s=0.0 if self._is_first else frame.duration_s)
        for bones in frame.bones:
            walker = self._actor(world, bones.actor_id)
            if isinstance(walker, Walker):
                walker.set_pose, walker.pose_blend = bones.as_pose(), bones.blend

    def _cast(self, world: World, created: Created) -> Actor | None:
        """The actor that plays a recorded one."""
        kind, type_id = created.kind, created.description.id
        if created.is_hero:
            self._heroes.add(created.actor_id)
            if self._settings.ignore_hero:
                return None
        if type_id == "spectator":
            return world.spectator
        if kind in (ActorKind.TRAFFIC_LIGHT, ActorKind.TRAFFIC_SIGN):
            return _town_actor_at(world, created)
        if type_id.startswith("controller.") or (kind is ActorKind.SENSOR and not self.request.replay_sensors):
            return None
        existing = world.actors.get(created.actor_id)
        if existing is not None and existing.type_id == type_id and kind is not ActorKind.SENSOR:
            return existing
        return self._make(world, created)

    def _make(self, world: World, created: Created) -> Actor | None:
        try:
            if created.relative_pose is not None:
                parent_id = self._live.get(created.parent_id, 0)
                actor = world.spawn(created.description, created.relative_pose, parent_id=parent_id)
            else:
                x, y, z = created.pose.location
                aloft = Pose(Vector(x, y, z + _ALOFT_M), created.pose.rotation)
                actor = world.spawn(created.description, aloft)
                world.set_pose(actor.id, created.pose)
        except WorldError as error:
            what = f"{created.description.id} {created.actor_id}"
            print(f"embedded simulator: replay goes on without {what}: {error}", file=sys.stderr, flush=True)
            return None
        self._made.add(actor.id)
        return actor

    def _take_over(self, actor: Actor, created: Created, *, since_s: float) -> None:
        """Takes physics away; within a tick, ``since_s`` of the actor's age is still to come."""
        if isinstance(actor, MovingActor):
            self._had_physics[actor.id] = actor.simulate_physics
            actor.simulate_physics = False
            actor.pose = actor.last_pose = created.pose
            actor.travelled_m, actor.age_s = created.travelled_m, created.age_s - since_s
        if isinstance(actor, Walker):
            actor.gait_phase = created.gait_phase

    # --- the end ----------------------------------------------------------------------------------------------------

    def let_go(self, world: World, *, keep_actors: bool) -> None:
        """Gives physics and traffic lights back; removes what was made unless it is to be kept."""
        for actor_id in self._live.values():
            actor = world.actors.get(actor_id)
            if actor_id in self._made and not keep_actors:
                with contextlib.suppress(WorldError):
                    world.destroy(actor_id)
            elif isinstance(actor, Vehicle):
                actor.control, actor.ackermann = VehicleControl(), None
                actor.set_velocity(Vector())
            elif isinstance(actor, Walker):
                actor.control = WalkerControl(direction=actor.control.direction)
            elif isinstance(actor, TrafficLight):
                world.traffic_lights.group_of(actor).set_frozen(actor.frozen)
            if isinstance(actor, MovingActor):
                actor.velocity = actor.angular_velocity = Vector()
                actor.simulate_physics = self._had_physics.get(actor_id, True)


def _light(lamp: Lamp) -> Light:
    return Light(
        id=lamp.light_id,
        location=Vector(),  # a lamp stands where the town has it
        intensity=lamp.intensity,
        group=lamp.group,
        color=lamp.color,
        active=lamp.active,
    )


def _town_actor_at(world: World, created: Created) -> Actor | None:
    """The town's actor of the same type at the same place."""
    for actor in world.actors.values():
        distance_m = length(difference(actor.pose.location, created.pose.location))
        if actor.type_id == created.description.id and distance_m <= _SAME_PLACE_M:
            return actor
    return None


def _mix(a: Pose, b: Pose, share: float) -> Pose:
    """``share`` of the way from ``a`` to ``b``; angles go the shorter way round."""
    location = Vector(*(p + share * (q - p) for p, q in zip(a.location, b.location, strict=True)))
    angles = (p + share * wrap_degrees(q - p) for p, q in zip(a.rotation, b.rotation, strict=True))
    return Pose(location, Rotation(*angles))
