"""Who is in a scene, and where: the ego, the traffic, the walkers and parked cars.

Choices are made by one numpy generator from sorted lists, so that the same seed on the same server makes the same cast;
parked cars have a generator of their own, so that the others are the same with and without them. Traffic is placed near
the ego first: a town is large, and a car that is never seen teaches nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import carla
import numpy as np

from harness.carla_client.actors import ActorScope, pose_of
from harness.carla_client.drive_log import LoggedActor
from harness.carla_client.observation import Pose
from harness.carla_client.parking import parking_places
from harness.carla_client.session import Session, connect
from harness.errors import ScenarioFileError

EGO_ROLE, TRAFFIC_ROLE, PARKED_ROLE = "hero", "autopilot", "parked"
VEHICLE_RADIUS_M = 90.0
WALKER_RADIUS_M = 60.0
PARKING_RADIUS_M = 60.0
"""Around where the ego begins: traffic is placed inside before outside."""
WALKER_DROP_M = 1.0
"""Walkers are spawned so far above the navigation mesh, so that they do not touch the ground."""
WALKING_SPEED_MPS = (1.0, 1.9)
_CANDIDATES_PER_WALKER = 12
_CONTROLLER = "controller.ai.walker"

Item = TypeVar("Item")

_all_walkers_are_alike = False
"""Whether ``make_walkers_alike`` was called in this process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CastMember:
    """An actor of ours and how it was made."""

    actor: carla.Actor
    made_as: LoggedActor
    spawned_at: Pose


def spawn_ego(scope: ActorScope, *, blueprint: str, start: carla.Transform) -> CastMember:
    """Spawn the vehicle that carries the cameras.

    Raises:
        ScenarioFileError: no such blueprint, or something stands there.
    """
    made_as = LoggedActor(blueprint=blueprint, attributes={"role_name": EGO_ROLE})
    actor = scope.spawn(made_as, start)
    if actor is None:
        raise ScenarioFileError(
            f"the ego has no room at ({start.location.x:.1f}, {start.location.y:.1f}, {start.location.z:.1f}): let it "
            "begin elsewhere, or restart the server if an earlier client left actors there"
        )
    return CastMember(actor=actor, made_as=made_as, spawned_at=pose_of(start))


def spawn_vehicles(
    scope: ActorScope, world: carla.World, *, count: int, near: carla.Location, rng: np.random.Generator
) -> list[CastMember]:
    """Spawn up to ``count`` vehicles on free spawn points, near before far; fewer where there is no room."""
    spawn_points = world.get_map().get_spawn_points()
    places = _near_first(spawn_points, [each.location for each in spawn_points], near, VEHICLE_RADIUS_M, rng)
    return _fill(scope, scope.blueprints("vehicle.*"), role=TRAFFIC_ROLE, count=count, places=places, rng=rng)


def spawn_walkers(
    scope: ActorScope, world: carla.World, *, count: int, near: carla.Location, rng: np.random.Generator
) -> list[CastMember]:
    """Spawn up to ``count`` walkers on the navigation mesh, near before far; fewer where there is no room."""
    if count == 0:
        return []
    candidates = [world.get_random_location_from_navigation() for _ in range(count * _CANDIDATES_PER_WALKER)]
    locations = [each for each in candidates if each is not None]
    places = [_standing_at(each) for each in _near_first(locations, locations, near, WALKER_RADIUS_M, rng)]
    return _fill(scope, scope.blueprints("walker.*"), role=None, count=count, places=places, rng=rng)


def spawn_parked_vehicles(
    scope: ActorScope, world: carla.World, *, count: int, near: carla.Location, rng: np.random.Generator
) -> list[CastMember]:
    """Park up to ``count`` cars at the side of the road, near before far; fewer where there is no room.

    They keep their physics and stand on their wheels with the hand brake on, so that a car that hits one moves it.
    """
    if count == 0:
        return []
    spots = parking_places(world.get_map())
    places = _near_first(spots, [each.location for each in spots], near, PARKING_RADIUS_M, rng)
    cars = [each for each in scope.blueprints("vehicle.*") if _is_car(each)]
    members = _fill(scope, cars, role=PARKED_ROLE, count=count, places=places, rng=rng)
    for member in members:
        member.actor.apply_control(carla.VehicleControl(hand_brake=True))
    return members


def spawn_controllers(scope: ActorScope, walkers: Sequence[CastMember]) -> list[carla.Actor]:
    """Give each walker a controller of carla's; it is started with ``start_walking`` after the next tick."""
    cast = [(LoggedActor(blueprint=_CONTROLLER, attributes={}), carla.Transform()) for _ in walkers]
    controllers = scope.spawn_all(cast, attach_to=[each.actor.id for each in walkers])
    return [each for each in controllers if each is not None]


def make_walkers_alike(session: Session) -> None:
    """Let walkers ignore traffic lights in the first drive of this process, as they do in all others.

    In carla 0.9.16 a flag of the whole process (WalkerManager.cpp) lets the first client alone that has a walker look
    up where traffic lights are. A drive must not depend on its place in a recording, so a client that is thrown away
    has the first walker.
    """
    global _all_walkers_are_alike
    if _all_walkers_are_alike:
        return
    client = connect(session.endpoint)
    world = client.get_world()
    with ActorScope(client, world, server_is_alive=session.endpoint.is_alive) as scope:
        walkers = spawn_walkers(scope, world, count=1, near=carla.Location(), rng=np.random.default_rng(0))
        controllers = spawn_controllers(scope, walkers)
        session.tick()
        for controller in controllers:
            controller.start()
            controller.stop()
            _all_walkers_are_alike = True


def start_walking(
    scope: ActorScope, world: carla.World, controllers: Sequence[carla.Actor], *, rng: np.random.Generator
) -> None:
    """Send every walker somewhere, at a pace of its own. A controller finds its walker only once that has ticked."""
    for controller in controllers:
        scope.before_destroying(controller.stop)
        controller.start()
        target = world.get_random_location_from_navigation()
        if target is not None:
            controller.go_to_location(target)
        controller.set_max_speed(float(rng.uniform(*WALKING_SPEED_MPS)))


def _fill(
    scope: ActorScope,
    blueprints: list[carla.ActorBlueprint],
    *,
    role: str | None,
    count: int,
    places: list[carla.Transform],
    rng: np.random.Generator,
) -> list[CastMember]:
    """Spawn until ``count`` have found room or no place is left."""
    members: list[CastMember] = []
    while places and blueprints and len(members) < count:
        batch, places = places[: count - len(members)], places[count - len(members) :]
        cast = [(_with_random_look(blueprints[rng.integers(len(blueprints))], role, rng), place) for place in batch]
        members += _members(cast, scope.spawn_all(cast))
    return members


def _near_first(
    items: Sequence[Item],
    locations: Sequence[carla.Location],
    near: carla.Location,
    radius_m: float,
    rng: np.random.Generator,
) -> list[Item]:
    """Shuffled, those within ``radius_m`` of ``near`` before the others."""
    order = rng.permutation(len(items))
    far = np.array([locations[i].distance(near) > radius_m for i in order], bool)
    return [items[i] for i in (*order[~far], *order[far])]


def _with_random_look(blueprint: carla.ActorBlueprint, role: str | None, rng: np.random.Generator) -> LoggedActor:
    attributes: dict[str, str] = {} if role is None else {"role_name": role}
    for name in ("color", "driver_id"):
        if blueprint.has_attribute(name):
            choices = list(blueprint.get_attribute(name).recommended_values)
            if choices:
                attributes[name] = choices[rng.integers(len(choices))]
    if blueprint.has_attribute("is_invincible"):
        attributes["is_invincible"] = "false"
    return LoggedActor(blueprint=str(blueprint.id), attributes=attributes)


def _is_car(blueprint: carla.ActorBlueprint) -> bool:
    return bool(blueprint.has_attribute("base_type") and blueprint.get_attribute("base_type").as_str() == "car")


def _standing_at(place: carla.Location) -> carla.Transform:
    return carla.Transform(carla.Location(place.x, place.y, place.z + WALKER_DROP_M))


def _members(
    cast: Sequence[tuple[LoggedActor, carla.Transform]], actors: Sequence[carla.Actor | None]
) -> list[CastMember]:
    return [
        CastMember(actor=actor, made_as=made_as, spawned_at=pose_of(transform))
        for (made_as, transform), actor in zip(cast, actors, strict=True)
        if actor is not None
    ]
