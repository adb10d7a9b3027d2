"""Plays what a scenario stages on the ego's route, tick by tick; see ``sim_scenarios.staging`` for what there is.

Decisions:

- A lead vehicle is put where it is to be before each tick, with physics off, as an ego with a path is: it keeps its
  lane on every server, and whoever runs into it hits a car that does not yield.
- A parked car keeps its physics and stands with its hand brake on, as those at the side of the road do.
- A walker walks by ``WalkerControl``: the server moves its legs and keeps it on the ground.
- What they do follows from the tick and the ego's place along the route alone.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import carla
import numpy as np

from harness.carla_client.actors import ActorScope, pose_of
from harness.carla_client.cast import WALKER_DROP_M, CastMember
from harness.carla_client.drive_log import LoggedActor
from harness.carla_client.route_plan import RoutePlan
from harness.carla_client.route_progress import RouteTracker
from harness.carla_client.routes import ABOVE_ROAD_M, Journey
from harness.carla_client.session import Session
from harness.carla_client.weather import ShownWeather, lights_for
from harness.errors import ScenarioFileError
from sim_scenarios.scenario import Scenario
from sim_scenarios.staging import CrossingWalker, LeadVehicle, ParkedInLane, place_m

STAGED_ROLE = "staged"
LEAD_ACCELERATION = 2.5
"""[m/s2] with which a lead vehicle drives off."""
_BRAKE_LAMP = int(carla.VehicleLightState.Brake)


class _Player(Protocol):
    """One staged actor."""

    made_as: LoggedActor
    start: carla.Transform

    def commands(self, actor: carla.Actor, tick: int, ego_s_m: float, weather: ShownWeather) -> list[Any]:
        """For the batch before ``tick``."""


class Staging:
    """All staged actors of one drive."""

    def __init__(self, journey: Journey, scenario: Scenario) -> None:
        """Prepare; nothing is spawned yet.

        Raises:
            ScenarioFileError: something is to stand beyond the end of the route.
        """
        require_on_route(journey.plan, scenario)
        self._tracker = RouteTracker(journey.plan)
        self._players = [_player(staged, journey, scenario.fixed_delta_seconds) for staged in scenario.staged]
        self.members: list[CastMember] = []
        """In the scenario's order, once they are spawned."""

    def spawn(self, scope: ActorScope) -> list[CastMember]:
        """Spawn them.

        Raises:
            ScenarioFileError: an unknown blueprint, or no room.
        """
        for player in self._players:
            actor = scope.spawn(player.made_as, player.start)
            if actor is None:
                place = player.start.location
                raise ScenarioFileError(
                    f"the staged {player.made_as.blueprint} has no room at ({place.x:.1f}, {place.y:.1f}): let it "
                    "begin elsewhere along the route"
                )
            self.members.append(CastMember(actor=actor, made_as=player.made_as, spawned_at=pose_of(player.start)))
        return self.members

    def before_tick(self, session: Session, tick: int, weather: ShownWeather) -> None:
        """Let everybody act; ``tick`` is counted from 0 after the warm-up."""
        ego_s_m = self._tracker.place.s_m
        commands = [
            command
            for player, member in zip(self._players, self.members, strict=True)
            for command in player.commands(member.actor, tick, ego_s_m, weather)
        ]
        if commands:
            session.client.apply_batch_sync(commands, False)

    def after_tick(self, ego: carla.Location) -> None:
        """The ego is there now."""
        self._tracker.update(ego.x, ego.y)


def require_on_route(plan: RoutePlan, scenario: Scenario) -> None:
    """Refuse what is staged beyond the goal.

    Raises:
        ScenarioFileError: with its place and the length of the route.
    """
    for staged in scenario.staged:
        if place_m(staged) > plan.length_m:
            raise ScenarioFileError(
                f"{staged.kind} is staged {place_m(staged):g} m along the route, which is {plan.length_m:.0f} m long: "
                "stage it nearer, or choose a goal that is farther away"
            )


def _player(staged: LeadVehicle | ParkedInLane | CrossingWalker, journey: Journey, delta_s: float) -> _Player:
    if isinstance(staged, LeadVehicle):
        return _LeadVehicle(staged, journey.beyond, delta_s)
    if isinstance(staged, ParkedInLane):
        return _ParkedInLane(staged, journey.plan)
    return _CrossingWalker(staged, journey.plan, delta_s)


class _LeadVehicle:
    def __init__(self, staged: LeadVehicle, plan: RoutePlan, delta_s: float) -> None:
        self.made_as = LoggedActor(blueprint=staged.blueprint, attributes={"role_name": STAGED_ROLE})
        self.start = _on_route(plan, staged.ahead_m, above_m=ABOVE_ROAD_M)
        self._plan = plan
        self._motion = LeadMotion(staged, end_m=plan.length_m, delta_s=delta_s)
        self._lamps: int | None = None
        self._is_held = False

    def commands(self, actor: carla.Actor, tick: int, ego_s_m: float, weather: ShownWeather) -> list[Any]:
        if tick >= 0:
            self._motion.step(tick, ego_s_m)
        control = carla.VehicleControl(brake=1.0 if self._motion.is_braking else 0.0)
        commands: list[Any] = [
            carla.command.ApplyVehicleControl(actor, control),
            carla.command.ApplyTransform(actor, _on_route(self._plan, self._motion.s_m)),
        ]
        if not self._is_held:
            commands.insert(0, carla.command.SetSimulatePhysics(actor, False))
            self._is_held = True
        lamps = lights_for(weather.at(tick)) | (_BRAKE_LAMP if self._motion.is_braking else 0)
        if lamps != self._lamps:
            commands.append(carla.command.SetVehicleLightState(actor.id, lamps))
            self._lamps = lamps
        return commands


class LeadMotion:
    """How a lead vehicle moves along its way."""

    def __init__(self, staged: LeadVehicle, *, end_m: float, delta_s: float) -> None:
        """Stand at its start; the way ends at ``end_m``, where it stops for good."""
        self._staged = staged
        self._end_m = end_m
        self._delta_s = delta_s
        self.s_m = staged.ahead_m
        self.speed = 0.0
        """[m/s]"""
        self.is_braking = True
        self._has_had_speed = False
        self._stopping = False
        self._drives_on_at: int | None = None
        """Tick; None: it has not stood still yet."""

    def step(self, tick: int, ego_s_m: float) -> None:
        """Move on to ``tick``; the ego was at ``ego_s_m`` in the tick before."""
        if self._drives_on_at is None and not self._stopping:
            self._stopping = self._must_stop(tick, ego_s_m)
        target = 0.0 if self._stopping else min(self._staged.speed, self._speed_to_end())
        rate = LEAD_ACCELERATION if target > self.speed else self._staged.deceleration
        change = rate * self._delta_s
        before = self.speed
        self.speed = min(target, before + change) if target > before else max(target, before - change)
        self.is_braking = self.speed < before or self.speed == 0.0
        self.s_m = min(self._end_m, self.s_m + 0.5 * (before + self.speed) * self._delta_s)
        self._has_had_speed |= self.speed >= self._staged.speed
        if self._stopping and self.speed == 0.0:
            if self._drives_on_at is None:
                self._drives_on_at = tick + max(1, round(self._staged.stands_s / self._delta_s))
            self._stopping = tick < self._drives_on_at

    def _must_stop(self, tick: int, ego_s_m: float) -> bool:
        if self._staged.at_s is not None:
            return tick * self._delta_s >= self._staged.at_s
        assert self._staged.trigger_m is not None
        return self._has_had_speed and self.s_m - ego_s_m <= self._staged.trigger_m

    def _speed_to_end(self) -> float:
        """From which it can still stop at the end of its way."""
        return math.sqrt(max(0.0, 2.0 * self._staged.deceleration * (self._end_m - self.s_m)))


class _ParkedInLane:
    def __init__(self, staged: ParkedInLane, plan: RoutePlan) -> None:
        self.made_as = LoggedActor(blueprint=staged.blueprint, attributes={"role_name": STAGED_ROLE})
        self.start = _on_route(plan, staged.at_m, right_m=staged.offset_m, above_m=ABOVE_ROAD_M)
        self._is_held = False

    def commands(self, actor: carla.Actor, tick: int, ego_s_m: float, weather: ShownWeather) -> list[Any]:
        if self._is_held:
            return []
        self._is_held = True
        return [carla.command.ApplyVehicleControl(actor, carla.VehicleControl(hand_brake=True))]


class _CrossingWalker:
    def __init__(self, staged: CrossingWalker, plan: RoutePlan, delta_s: float) -> None:
        self.made_as = LoggedActor(blueprint=staged.blueprint, attributes={"is_invincible": "false"})
        side = 1.0 if staged.side == "right" else -1.0
        self.start = _on_route(plan, staged.at_m, right_m=side * staged.start_offset_m, above_m=WALKER_DROP_M)
        across = self.start.get_right_vector() * -side
        self.start.rotation = carla.Rotation(yaw=math.degrees(math.atan2(across.y, across.x)))
        self._across = carla.Vector3D(across.x, across.y, 0.0)
        self._staged = staged
        self._num_ticks = math.ceil(2.0 * staged.start_offset_m / staged.speed / delta_s)
        self._begins_at: int | None = None

    def commands(self, actor: carla.Actor, tick: int, ego_s_m: float, weather: ShownWeather) -> list[Any]:
        if self._begins_at is None:
            if tick < 0 or self._staged.at_m - ego_s_m > self._staged.trigger_m:
                return []
            self._begins_at = tick
            return [carla.command.ApplyWalkerControl(actor, carla.WalkerControl(self._across, self._staged.speed))]
        if tick == self._begins_at + self._num_ticks:
            return [carla.command.ApplyWalkerControl(actor, carla.WalkerControl(self._across, 0.0))]
        return []


def _on_route(plan: RoutePlan, s_m: float, *, right_m: float = 0.0, above_m: float = 0.0) -> carla.Transform:
    """Where one is ``s_m`` along a route, heading along it."""
    x, y, z = (float(np.interp(s_m, plan.s_m, plan.points[:, axis])) for axis in range(3))
    yaw = float(np.interp(s_m, plan.s_m, np.unwrap(plan.yaws_deg, period=360.0)))
    here = max(0, min(len(plan.s_m) - 2, int(np.searchsorted(plan.s_m, s_m, side="right")) - 1))
    rise = (plan.points[here + 1, 2] - plan.points[here, 2]) / (plan.s_m[here + 1] - plan.s_m[here])
    place = carla.Transform(
        carla.Location(x, y, z + above_m), carla.Rotation(pitch=math.degrees(math.atan(float(rise))), yaw=yaw)
    )
    place.location += place.get_right_vector() * right_m
    return place
