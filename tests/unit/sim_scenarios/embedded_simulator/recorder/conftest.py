"""A drive on the street to be recorded: a car that runs into a parked one, a walker, a sensor, changing weather."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sim_scenarios.embedded_simulator.recorder.recorder import Recorder
from sim_scenarios.embedded_simulator.recorder.replayer import Replayer
from sim_scenarios.embedded_simulator.world.actors import Actor, TrafficLight, Vehicle, Walker
from sim_scenarios.embedded_simulator.world.controls import VehicleControl, WalkerControl
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeValue
from sim_scenarios.embedded_simulator.world.geometry import as_sent
from sim_scenarios.embedded_simulator.world.settings import EpisodeSettings
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector, VehicleLight
from sim_scenarios.embedded_simulator.world.world import StaticTown, World

NUM_TICKS = 80
DELTA_S = 0.05


def described(blueprint_id: str, **attributes: str) -> ActorDescription:
    values = tuple(AttributeValue(name, 4, value) for name, value in attributes.items())
    return ActorDescription(uid=1, id=blueprint_id, attributes=values)


def at(x: float, y: float, z: float = 0.0) -> Pose:
    return Pose(Vector(x, y, z), Rotation())


@dataclass
class Stage:
    """A world with its recorder and replayer, ticked as the server does it."""

    world: World
    recorder: Recorder = field(default_factory=Recorder)
    replayer: Replayer = field(default_factory=Replayer)

    def tick(self) -> None:
        self.replayer.before_tick(self.world)
        tick = self.world.tick()
        self.replayer.after_tick(self.world)
        self.recorder.record(self.world, tick)

    def looks(self) -> list[Any]:
        """How moving actors are drawn: all but who they are, and what is read off: speed and the turn of wheels."""
        shown = self.world.snapshot().actors
        return [
            dataclasses.replace(actor, id=0, steer_deg=0.0, speed=0.0, age_s=round(actor.age_s, 6)) for actor in shown
        ]

    def scene(self) -> list[tuple[str, Pose]]:
        """Types and poses of everything that moves, as clients get them."""
        moving = (actor for actor in self.world.actors.values() if isinstance(actor, Vehicle | Walker))
        return [(actor.type_id, as_sent(actor.pose)) for actor in moving]

    def one(self, type_id: str) -> Actor:
        (found,) = (actor for actor in self.world.actors.values() if actor.type_id == type_id)
        return found


@pytest.fixture
def new_stage(street: StaticTown) -> Iterator[Callable[[], Stage]]:
    made: list[Stage] = []

    def make() -> Stage:
        world = World("Street", street)
        world.settings = EpisodeSettings(synchronous_mode=True, fixed_delta_seconds=DELTA_S)
        made.append(Stage(world))
        return made[-1]

    yield make
    for stage in made:
        stage.recorder.stop()
        stage.replayer.stop(stage.world, keep_actors=True)


@pytest.fixture
def stage(new_stage: Callable[[], Stage]) -> Stage:
    return new_stage()


@dataclass(frozen=True)
class Drive:
    """A recorded drive and what it looked like: the scene after each number of ticks."""

    path: Path
    scenes: list[list[tuple[str, Pose]]]
    looks: list[list[Any]]
    lights: list[str]
    hero_id: int
    parked_id: int


@pytest.fixture(scope="session")
def drive(street: StaticTown, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    """Recorded from a car's spawning on; a second car comes, and goes, in the middle."""
    path = tmp_path_factory.mktemp("recorded") / "drive.log"
    world = World("Street", street)
    world.settings = EpisodeSettings(synchronous_mode=True, fixed_delta_seconds=DELTA_S)
    stage = Stage(world)
    hero = world.spawn(described("vehicle.tesla.model3", role_name="hero", color="10,20,30"), at(20, 1.75))
    parked = world.spawn(described("vehicle.audi.tt"), at(32, 1.75))
    walker = world.spawn(described("walker.pedestrian.0002"), at(20, 5, 1.1))
    world.spawn(described("sensor.other.collision"), Pose(), parent_id=hero.id)
    world.spawn(described("sensor.camera.rgb"), at(0, 0, 2), parent_id=hero.id)
    world.spawn(described("static.prop.trashcan01"), at(28, 2.2))
    assert isinstance(hero, Vehicle)
    assert isinstance(walker, Walker)
    for _ in range(7):  # what was before the recording shows in it, too
        walker.control = WalkerControl(direction=Vector(1.0, 0.2, 0.0), speed=1.5)
        stage.tick()
    stage.recorder.start(path, world, date_s=1_550_745_980, additional_data=True)
    scenes, looks, lights = [stage.scene()], [stage.looks()], [_lights(world)]
    guest = None
    for number in range(NUM_TICKS):
        hero.control = VehicleControl(throttle=0.9, steer=0.01 * (number % 3))
        walker.control = WalkerControl(direction=Vector(1.0, 0.2, 0.0), speed=1.5)
        if number == 20:
            guest = world.spawn(described("vehicle.mini.cooper_s"), at(90, -1.75))
            hero.lights = VehicleLight.LOW_BEAM | VehicleLight.BRAKE
            world.weather = dataclasses.replace(world.weather, precipitation=80.0)
        if number == 50 and guest is not None:
            world.destroy(guest.id)
        stage.tick()
        scenes.append(stage.scene())
        looks.append(stage.looks())
        lights.append(_lights(world))
    stage.recorder.stop()
    return Drive(path, scenes, looks, lights, hero.id, parked.id)


def _lights(world: World) -> str:
    return repr([(light.state, light.elapsed_s) for light in world.of_kind(TrafficLight)])
