from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[5]
PROGRAM = """
import gc
from numba.core.registry import CPUDispatcher
from sim_scenarios.embedded_simulator.render.building_box import building_box
from sim_scenarios.embedded_simulator.road.build import build_town
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector
from sim_scenarios.embedded_simulator.world.warm_up import warm_up
from sim_scenarios.embedded_simulator.world.world import StaticTown, World

def compiled():
    return {(each.__name__, len(each.signatures)) for each in gc.get_objects() if isinstance(each, CPUDispatcher)}

place = StaticTown(build_town("Town02", seed=0), building_box=building_box)
warm_up(place)
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
print("warm", len(before), "late", sorted(compiled() - before))
"""


def test_nothing_is_left_to_compile_when_clients_spawn_and_tick() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("warm")
    assert done.stdout.endswith("late []\n"), done.stdout
