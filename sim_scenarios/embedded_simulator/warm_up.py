"""Every kernel is compiled, or loaded from numba's cache, before the server is ready.

A client's first call must not wait for a compiler, which takes longer than its time-out. numba compiles one kernel at a
time in a process, so where nothing is cached a second process compiles those that a picture needs last, and the
world's, while this one compiles those that draw the scene.
"""

from __future__ import annotations

import gc
import subprocess
import sys

from sim_scenarios.embedded_simulator.lifeline import die_with_parent
from sim_scenarios.embedded_simulator.render.jit import is_cached
from sim_scenarios.embedded_simulator.render.lighting import light_pixels
from sim_scenarios.embedded_simulator.road.build import build_town
from sim_scenarios.embedded_simulator.sensors import warm_up as sensors
from sim_scenarios.embedded_simulator.world import warm_up as world
from sim_scenarios.embedded_simulator.world.world import StaticTown

_SMALL_TOWN = "Town02"


def warm_up(place: StaticTown, *, threads: int) -> None:
    """Uses every kernel once."""
    if not is_cached(light_pixels):
        print("embedded simulator: the first start compiles, for about half a minute", file=sys.stderr, flush=True)
        with subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.DEVNULL) as other:
            try:
                sensors.draw_scenes(threads=threads)
                other.wait()  # what it may have left undone follows here
            finally:
                other.kill()
        gc.collect()  # what numba left
    sensors.draw_scenes(threads=threads)
    _use_the_others(place, threads=threads)


def _use_the_others(place: StaticTown, *, threads: int) -> None:
    sensors.take_pictures(threads=threads)
    sensors.cast_rays(threads=threads)
    world.warm_up(place)


if __name__ == "__main__":
    die_with_parent()
    gc.disable()
    _use_the_others(StaticTown(build_town(_SMALL_TOWN)), threads=1)
