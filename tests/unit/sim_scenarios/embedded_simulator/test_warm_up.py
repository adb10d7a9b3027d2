from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
PROGRAM = """
import gc

import numpy as np
from numba.core.registry import CPUDispatcher
from sim_scenarios.embedded_simulator.render.building_box import building_box
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.road.build import build_town
from sim_scenarios.embedded_simulator.sensors.jobs import perform
from sim_scenarios.embedded_simulator.sensors.suite import SensorSuite
from sim_scenarios.embedded_simulator.warm_up import warm_up
from sim_scenarios.embedded_simulator.world.actors import CAMERA_KINDS
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeValue
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector, Weather
from sim_scenarios.embedded_simulator.world.world import StaticTown, World

def compiled():
    return {(each.__name__, len(each.signatures)) for each in gc.get_objects() if isinstance(each, CPUDispatcher)}

place = StaticTown(build_town("Town02", seed=0), building_box=building_box)
warm_up(place, threads=1)
before = compiled()
world = World("Town02", place)
spots = place.town.spawn_points
cars = [world.spawn(ActorDescription(uid=0, id="vehicle.tesla.model3"), pose) for pose in spots[:3]]
walker = world.spawn(ActorDescription(uid=0, id="walker.pedestrian.0001"), Pose(Vector(*spots[3].location[:2], 1.3)))
prop = world.spawn(ActorDescription(uid=0, id="static.prop.trafficcone01"), spots[4])
prop.simulate_physics = True
world.set_pose(cars[1].id, cars[0].pose)  # into each other
for _ in range(5):
    world.tick()
renderer, pose = Renderer(place.town, threads=1), Pose(Vector(*spots[0].location[:2], 4.0))
size = (AttributeValue("image_size_x", 2, "64"), AttributeValue("image_size_y", 2, "48"))
for kind in sorted(CAMERA_KINDS, key=lambda kind: kind.value):
    world.spawn(ActorDescription(uid=0, id=kind.value, attributes=size), pose)
suite, sent = SensorSuite(seed=0), 0
for weather in (Weather(), Weather(sun_altitude_angle=-40.0, precipitation=60.0, fog_density=20.0)):
    world.set_weather(weather)
    tick = world.tick()
    for job in suite.measure(world, tick, is_listened_to=lambda stream_id: True).jobs:
        sent += len(perform(renderer, job, tick.snapshot))
assert sent == 2 * len(CAMERA_KINDS) - 1  # the first picture has no events
ahead = np.array([[1.0, 0.0, 0.0]])
renderer.rays.cast(world.snapshot(), pose.location, ahead, np.array([50.0]))
renderer.rays.sweep(world.snapshot(), pose.location, ahead[0], reach_m=5.0, radius_m=0.5)
print("warm", len(before), "late", sorted(compiled() - before))
"""


def test_nothing_is_left_to_compile_when_clients_spawn_and_tick_and_look() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("warm")
    assert done.stdout.endswith("late []\n"), done.stdout
