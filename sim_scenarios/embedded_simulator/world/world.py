"""The world: one episode after another in one town after another, advanced a tick at a time.

No bytes, no pixels, no clock: the server says when a tick happens, handlers translate what clients ask, sensors
look at the ``Tick`` that comes out. Whatever happens in a tick happens in the order of actor ids, so that equal
calls give equal worlds. Actor ids, stream ids and frames grow for as long as the process lives: clients cache by
them, also across episodes.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.scenery_grid import Scenery
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.actors import (
    Actor,
    FrictionTrigger,
    MovingActor,
    Prop,
    TrafficLight,
    TrafficSign,
    Vehicle,
    Walker,
)
from sim_scenarios.embedded_simulator.world.blueprints.library import build_library
from sim_scenarios.embedded_simulator.world.bones import posture
from sim_scenarios.embedded_simulator.world.contacts import Collision, Contacts
from sim_scenarios.embedded_simulator.world.description import ActorDescription, BoundingBox, EnvironmentObject
from sim_scenarios.embedded_simulator.world.driving import Fleet, drawn_steer_deg
from sim_scenarios.embedded_simulator.world.environment import (
    TAG_TRAFFIC_LIGHT,
    TAG_TRAFFIC_SIGN,
    BuildingBox,
    MapLayer,
    environment_objects,
    plot_box,
)
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.geometry import as_sent, compose, length
from sim_scenarios.embedded_simulator.world.ground import Ground
from sim_scenarios.embedded_simulator.world.lights import LightControl
from sim_scenarios.embedded_simulator.world.motion import settle
from sim_scenarios.embedded_simulator.world.platforms import Platforms
from sim_scenarios.embedded_simulator.world.roads import Roads
from sim_scenarios.embedded_simulator.world.scenery import solids
from sim_scenarios.embedded_simulator.world.settings import EpisodeSettings
from sim_scenarios.embedded_simulator.world.sliding import advance_props
from sim_scenarios.embedded_simulator.world.snapshot import (
    LinearColor,
    Pose,
    Rotation,
    Snapshot,
    Vector,
    VehicleLight,
    VisibleActor,
    Weather,
)
from sim_scenarios.embedded_simulator.world.spawn_clearance import SpawnClearance
from sim_scenarios.embedded_simulator.world.spawning import make_actor
from sim_scenarios.embedded_simulator.world.traffic_lights import TrafficLightControl
from sim_scenarios.embedded_simulator.world.walking import (
    DEADLY_IMPULSE,
    advance_walkers,
    gone,
    knock_down,
    place_walkers,
    settle_walkers,
)

LAYERED = "_Opt"
"""CARLA offers each newer town twice: ``Town10HD_Opt`` is the same town with layers that can be unloaded."""
EPISODE_STREAM_ID = 1
_FIRST_SENSOR_STREAM_ID = 2
_REMEMBERED_TICKS = 10
"""For so long a client may still have a destroyed actor in the snapshot that it works with."""

_A = TypeVar("_A", bound=Actor)


class Tick:
    """What one tick left behind for the sensors."""

    def __init__(self, world: World, collisions: tuple[Collision, ...]) -> None:
        self.collisions = collisions
        self._world, self._frame = world, world.frame

    @cached_property
    def snapshot(self) -> Snapshot:
        """Made when somebody asks, which has to be before the next tick: without sensors nobody does."""
        assert self._world.frame == self._frame, "the world has moved on"
        return self._world.snapshot()


class StaticTown:
    """A town with everything derived from it that no episode changes; kept so that reloading costs nothing."""

    def __init__(self, town: Town, *, building_box: BuildingBox = plot_box) -> None:
        self.town = town
        self._building_box = building_box
        self.roads = Roads(town)
        self.signs = self.roads.signs()
        self.ground = Ground(town)
        self.solids = tuple(solids(town))
        self.scenery = Scenery([solid.box for solid in self.solids])

    @cached_property
    def objects(self) -> tuple[EnvironmentObject, ...]:
        """All environment objects by id; made when they are first asked for, because that builds every house."""
        return environment_objects(self.town, self._building_box)


class World:
    """Everything that exists now."""

    def __init__(self, name: str, place: StaticTown) -> None:
        self.library = {blueprint.id: blueprint for blueprint in build_library()}
        self._actor_ids = itertools.count(1)
        self._stream_ids = itertools.count(_FIRST_SENSOR_STREAM_ID)
        self.episode_id = 0
        self.frame = 0
        self.settings = EpisodeSettings()
        self.load_episode(name, place)

    def load_episode(self, name: str, place: StaticTown, *, reset_settings: bool = True) -> None:
        """Leaves everything behind and starts anew in ``place``, known as ``name``; frames and ids go on."""
        self.name = name
        self.place = place
        self.episode_id += 1
        self.elapsed_s = 0.0
        self.gravity = 9.81
        self.weather = Weather()
        self.lights = LightControl(place.town)
        self.lights_updated = False
        if reset_settings:
            self.settings = EpisodeSettings()
        self.hidden_objects: frozenset[int] = frozenset()
        self._painted: tuple[tuple[int, LinearColor], ...] = ()
        self.actors: dict[int, Actor] = {}
        self._forget_lists()
        self._destroyed_in: dict[int, int] = {}
        self._fleet = Fleet()
        self.spectator = self._add_spectator()
        lights = self._add_traffic_lights()
        self._add_traffic_signs()
        self.traffic_lights = TrafficLightControl(lights)
        self._contacts = Contacts(place.scenery, place.solids, lights, self.of_kind(TrafficSign))
        self._platforms = Platforms(place.scenery)
        self._clearance = SpawnClearance(place.scenery, place.ground)

    # --- actors -----------------------------------------------------------------------------------------------------

    def actor(self, actor_id: int) -> Actor:
        """The actor of an id.

        Raises:
            WorldError: It does not exist (any more).
        """
        found = self.actors.get(actor_id)
        if found is None:
            raise WorldError(f"actor {actor_id} not found: it was destroyed or never existed in this episode")
        return found

    def actor_of_kind(self, actor_id: int, kind: type[_A]) -> _A:
        """The actor of an id, which must be of a class.

        Raises:
            WorldError: It does not exist, or is something else.
        """
        found = self.actor(actor_id)
        if not isinstance(found, kind):
            raise WorldError(f"actor {actor_id} is a {found.type_id}, expected a {kind.__name__.lower()}")
        return found

    def of_kind(self, kind: type[_A]) -> list[_A]:
        """All actors of a class, by id."""
        found = self._by_kind.get(kind)
        if found is None:
            found = [actor for actor in self.actors.values() if isinstance(actor, kind)]
            self._by_kind[kind] = found
        return cast("list[_A]", found.copy())

    def spawn(self, description: ActorDescription, pose: Pose, *, parent_id: int | None = None) -> Actor:
        """Makes an actor at ``pose``, which is relative to the parent if there is one.

        Raises:
            WorldError: Unknown blueprint, impossible attribute, missing parent, or something is in the way.
        """
        if description.id not in self.library:
            raise WorldError(f"Spawn failed because of invalid actor description: no blueprint {description.id!r}")
        parent = None
        if parent_id is not None:
            parent = self.actors.get(parent_id)
            if parent is None:
                raise WorldError("unable to attach actor: parent actor not found")
        placed = compose(parent.pose, pose) if parent else pose
        actor = make_actor(0, description, placed, next_stream_id=lambda: next(self._stream_ids))
        if isinstance(actor, Walker):
            self._clearance.stand_up(actor)
        if isinstance(actor, MovingActor) and self._is_blocked(actor, parent):
            raise WorldError("Spawn failed because of collision at spawn position")
        if parent:
            actor.parent_id, actor.relative_pose = parent.id, pose
        return self._add(actor)

    def _is_blocked(self, actor: MovingActor, parent: Actor | None) -> bool:
        bodies = (other for other in self.actors.values() if isinstance(other, MovingActor))
        parent_id = parent.id if parent else 0
        return self._clearance.is_blocked(actor, bodies, self._contacts.hidden, parent_id=parent_id)

    def destroy(self, actor_id: int) -> None:
        """Removes an actor; what was attached to it stays where it is.

        Raises:
            WorldError: It does not exist, or is part of the town.
        """
        actor = self.actors.get(actor_id)
        if actor is None:
            raise WorldError("unable to destroy actor: not found")
        if actor is self.spectator or isinstance(actor, TrafficLight | TrafficSign):
            raise WorldError(f"unable to destroy actor: {actor.type_id} {actor_id} belongs to the town")
        del self.actors[actor_id]
        self._destroyed_in[actor_id] = self.frame
        self._forget_lists()
        self._clearance.forget()

    def was_just_destroyed(self, actor_id: int) -> bool:
        """Whether an actor existed a few ticks ago, so that a client may not know yet that it is gone."""
        return actor_id in self._destroyed_in

    def set_pose(self, actor_id: int, pose: Pose) -> None:
        """Puts an actor elsewhere at once; for an attached one, ``pose`` is relative to its parent.

        Raises:
            WorldError: It does not exist.
        """
        actor = self.actor(actor_id)
        self._clearance.forget()
        if actor.relative_pose is not None:
            actor.relative_pose = pose
            self._follow_parent(actor)
            return
        actor.pose = pose

    def set_walker_states(self, actor_ids: Sequence[int], states: NDArray[np.float64]) -> None:
        """Puts walkers where the client's navigation wants their feet; ``states`` as in ``walking.place_walkers``.

        Raises:
            WorldError: One does not exist, is no walker, or is dead; then none of them has moved.
        """
        found = map(self.actors.get, actor_ids)
        walkers = [actor for actor in found if isinstance(actor, Walker) and actor.dead_s is None]
        if len(walkers) < len(actor_ids):
            dead = [actor_id for actor_id in actor_ids if not self.actor_of_kind(actor_id, Walker).is_alive]
            raise WorldError(f"walkers {dead} are dead: they go nowhere")
        place_walkers(walkers, states)
        self._clearance.forget()

    def enable_objects(self, object_ids: Iterable[int], enabled: bool) -> None:
        """Shows or hides environment objects: what is hidden is not drawn, not hit and in nobody's way.

        Raises:
            WorldError: Some ids do not exist; the others are shown or hidden all the same.
        """
        wanted = frozenset(object_ids)
        known = wanted & {thing.id for thing in self.place.objects}
        self.hidden_objects = self.hidden_objects - known if enabled else self.hidden_objects | known
        self._contacts.hide(self.hidden_objects)
        if unknown := sorted(wanted - known):
            raise WorldError(f"no environment objects {unknown[:10]}; this town has {len(self.place.objects)} of them")

    def paint_objects(self, names: Iterable[str], color: LinearColor | None) -> None:
        """Gives environment objects a colour; None only asks whether they exist.

        Raises:
            WorldError: One does not exist; nothing is painted then.
        """
        ids = {thing.name: thing.id for thing in self.place.objects}
        wanted = list(names)
        for name in wanted:
            if name not in ids:
                close = difflib.get_close_matches(name, ids, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise WorldError(f"no object {name!r}: get_names_of_all_objects lists those there are{hint}")
        if color is not None:
            self._painted = tuple(sorted({**dict(self._painted), **{ids[name]: color for name in wanted}}.items()))

    def set_weather(self, weather: Weather) -> None:
        """Visible from the next tick on; lamps go on at dusk."""
        self.lights.follow_weather(self.weather, weather)
        self.weather = weather

    def show_layers(self, layers: MapLayer, shown: bool) -> None:
        """Shows or hides the objects of map layers; as in CARLA, only the towns called ``..._Opt`` have any."""
        if layers and self.name.endswith(LAYERED):
            self.enable_objects((thing.id for thing in self.place.objects if thing.layer & layers), shown)

    def _forget_lists(self) -> None:
        self._by_kind, self._attached = dict[type[Actor], list[Actor]](), cast("list[Actor] | None", None)

    # --- time -------------------------------------------------------------------------------------------------------

    def tick(self) -> Tick:
        """Advances everything by the settings' time step."""
        delta_s = self.settings.delta_s
        self.frame += 1
        self.elapsed_s += delta_s
        self._forget_destroyed()
        self.lights_updated = self.lights.take_update()
        self.traffic_lights.advance(delta_s)
        vehicles, walkers, props = self.of_kind(Vehicle), self.of_kind(Walker), self.of_kind(Prop)
        movers = self.of_kind(MovingActor)
        starts = [mover.pose if mover.simulate_physics else mover.last_pose for mover in movers]
        ground, platforms = self.place.ground, self._platforms
        platforms.begin_tick(movers, self._contacts.hidden)
        self._fleet.advance(vehicles, ground, self.of_kind(FrictionTrigger), delta_s, platforms)
        advance_walkers(walkers, ground, delta_s, platforms)
        advance_props(props, ground, delta_s, platforms)
        for mover in movers:
            self._follow_parent(mover)
        collisions = self._contacts.resolve(movers, starts, delta_s)
        self._knock_down(collisions)
        for mover in movers:
            if not isinstance(mover, Walker):
                settle(mover, delta_s)
        settle_walkers(walkers, delta_s)
        for walker in gone(walkers):
            self.destroy(walker.id)
            movers.remove(walker)
        if self._attached is None:
            self._attached = [actor for actor in self.actors.values() if actor.relative_pose is not None]
        for actor in self._attached:
            self._follow_parent(actor)
        self.traffic_lights.watch(vehicles)
        for vehicle in vehicles:
            vehicle.speed_limit_kmh = self.place.roads.speed_limit_kmh(vehicle.pose.location)
        self._clearance.forget()
        return Tick(self, tuple(collisions))

    def _forget_destroyed(self) -> None:
        while self._destroyed_in:
            oldest = next(iter(self._destroyed_in))
            if self.frame - self._destroyed_in[oldest] <= _REMEMBERED_TICKS:
                return
            del self._destroyed_in[oldest]

    def _knock_down(self, collisions: Iterable[Collision]) -> None:
        """Lets the walkers fall that a vehicle has hit hard."""
        for collision in collisions:
            walker, other = self.actors.get(collision.actor_id), self.actors.get(collision.other_id)
            if not isinstance(walker, Walker) or not isinstance(other, Vehicle) or walker.is_invincible:
                continue
            if length(collision.impulse) >= DEADLY_IMPULSE:
                knock_down(walker, collision.impulse)

    def snapshot(self) -> Snapshot:
        """The world as it is between two ticks: with what clients have spawned and moved since the last one."""
        return Snapshot(
            frame=self.frame,
            elapsed_s=self.elapsed_s,
            delta_s=self.settings.delta_s,
            weather=self.weather,
            actors=tuple(_visible(actor) for actor in self.of_kind(MovingActor)),
            traffic_lights={light.site.opendrive_id: light.state for light in self.of_kind(TrafficLight)},
            traffic_light_ids={light.site.opendrive_id: light.id for light in self.of_kind(TrafficLight)},
            hidden_objects=self.hidden_objects,
            switched_lights=self.lights.switched(),
            painted_objects=self._painted,
        )

    def _follow_parent(self, actor: Actor) -> None:
        if actor.relative_pose is None:
            return
        parent = self.actors.get(actor.parent_id)
        if parent is not None:
            apart = actor.relative_pose != Pose()  # the controllers of a crowd are not
            actor.pose = as_sent(compose(parent.pose, actor.relative_pose)) if apart else parent.pose
            actor.velocity, actor.angular_velocity = parent.velocity, parent.angular_velocity
            actor.acceleration = parent.acceleration

    # --- making actors ----------------------------------------------------------------------------------------------

    def _add(self, actor: _A) -> _A:
        actor.id = next(self._actor_ids)
        self.actors[actor.id] = actor
        self._forget_lists()
        if isinstance(actor, MovingActor):
            self._clearance.add(actor)
        return actor

    def _add_spectator(self) -> Actor:
        low, high = self.place.town.bounds_min, self.place.town.bounds_max
        above = Pose(Vector(0.5 * (low.x + high.x), 0.5 * (low.y + high.y), 60.0), Rotation(-60.0, 0.0, 0.0))
        return self._add(Actor(id=0, description=ActorDescription(uid=0, id="spectator"), pose=above))

    def _add_traffic_lights(self) -> list[TrafficLight]:
        lights = []
        for index, site in enumerate(self.place.town.traffic_lights):
            turn = Rotation(0.0, site.trigger_yaw_deg, 0.0)
            trigger = BoundingBox(site.actor_trigger_center, site.actor_trigger_extent, turn)
            light = TrafficLight(
                id=0,
                description=ActorDescription(uid=0, id="traffic.traffic_light"),
                pose=site.actor_pose,
                box=trigger,
                tags=bytes([TAG_TRAFFIC_LIGHT]),
                site=site,
                pole_index=index,
            )
            lights.append(self._add(light))
        return lights

    def _add_traffic_signs(self) -> None:
        for site in self.place.signs:
            sign = TrafficSign(
                id=0,
                description=ActorDescription(uid=0, id=site.type_id),
                pose=site.pose,
                box=site.trigger,
                tags=bytes([TAG_TRAFFIC_SIGN]),
                sign_id=site.opendrive_id,
            )
            self._add(sign)


def _visible(actor: MovingActor) -> VisibleActor:
    lights, steer, speed = VehicleLight.NONE, 0.0, actor.gait_speed if isinstance(actor, Walker) else 0.0
    if isinstance(actor, Vehicle):
        lights, steer, speed = actor.lights, drawn_steer_deg(actor), actor.forward_speed
    return VisibleActor(
        id=actor.id,
        blueprint_id=actor.type_id,
        pose=actor.pose,
        color=actor.color,
        lights=lights,
        steer_deg=steer,
        travelled_m=actor.travelled_m,
        speed=speed,
        age_s=actor.age_s,
        gait_phase=actor.gait_phase if isinstance(actor, Walker) else 0.0,
        manner=actor.manner if isinstance(actor, Walker) else 0,
        posture=posture(actor) if isinstance(actor, Walker) else None,
    )
