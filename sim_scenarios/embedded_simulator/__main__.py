"""``python -m sim_scenarios.embedded_simulator``: starts the server and says on stdout when it is ready.

Stdout carries one line of JSON and nothing else; people read stderr. Exit codes: 0 asked to stop, 2 wrong options,
3 a port is in use, 6 no such town.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
import threading
from functools import lru_cache, partial
from pathlib import Path

from sim_scenarios.embedded_simulator.handlers.context import CARLA_VERSION
from sim_scenarios.embedded_simulator.lifeline import die_with_parent, terminate_with_stdin
from sim_scenarios.embedded_simulator.recorder.scratch import Scratch
from sim_scenarios.embedded_simulator.render.building_box import building_box
from sim_scenarios.embedded_simulator.render.quality import QUALITIES
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.road.build import TOWN_NAMES, build_town
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.server import PortInUseError, Server, bind, raise_file_limit
from sim_scenarios.embedded_simulator.warm_up import warm_up
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.towns import TownLibrary
from sim_scenarios.embedded_simulator.world.world import World

EXIT_PORT_IN_USE, EXIT_UNKNOWN_TOWN = 3, 6
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_GIL_SWITCH_S = 0.0005
"""The camera thread must not keep the event loop waiting for Python's default of 5 ms, a sixth of a frame."""
_NEW_OBJECTS_BETWEEN_SEARCHES = 10_000
"""A tick of 100 vehicles and 100 walkers makes thousands of tuples, none of them in a cycle: with Python's default of
700, looking for cycles among them takes as long as the vehicles' physics."""

_RENDERERS_KEPT = 4
"""Each holds the meshes and textures of a town; clients may send any number of towns as OpenDRIVE."""


def main() -> int:
    """Parses the command line, serves, and returns the exit code."""
    options = _parser().parse_args()
    sys.setswitchinterval(_GIL_SWITCH_S)
    gc.disable()  # a town and a compiler make millions of objects, few of which are garbage
    gc.set_threshold(_NEW_OBJECTS_BETWEEN_SEARCHES)
    raise_file_limit()
    for number in _STOP_SIGNALS:
        signal.signal(number, _exit_early)
    if options.exit_with_stdin:
        die_with_parent()
        threading.Thread(target=terminate_with_stdin, name="stdin", daemon=True).start()
    towns = TownLibrary(TOWN_NAMES, partial(build_town, seed=options.seed), building_box=building_box)
    try:
        listeners = bind(options.host, options.port)
    except PortInUseError as error:
        print(f"embedded simulator: {error}", file=sys.stderr)
        return EXIT_PORT_IN_USE
    try:
        name, place = towns.find(options.town)
    except WorldError as error:
        print(f"embedded simulator: {error}", file=sys.stderr)
        return EXIT_UNKNOWN_TOWN
    threads = options.threads or len(os.sched_getaffinity(0))

    @lru_cache(maxsize=_RENDERERS_KEPT)
    def renderer_for(town: Town) -> Renderer:
        quality = QUALITIES[options.quality]
        return Renderer(town, threads=threads, lens_drops=options.lens_drops, quality=quality)

    warm_up(place, threads=threads)
    gc.enable()
    gc.freeze()  # a town is hundreds of thousands of objects that are no garbage

    async def serve() -> None:
        world = World(name, place)
        scratch = Scratch(options.scratch)
        server = Server(
            listeners, world=world, towns=towns, renderer_for=renderer_for, seed=options.seed, scratch=scratch
        )
        stop = asyncio.Event()
        _stop_on_signals(stop)
        _announce(host=options.host, port=listeners.port, town=name)
        await server.run(stop)

    asyncio.run(serve())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sim_scenarios.embedded_simulator",
        description="A stand-in for the CARLA 0.9.16 server, for the official carla client.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=2000, help="RPC port; streams use the next one; 0 takes free ones")
    parser.add_argument("--town", default="Town10HD", help=f"one of {', '.join(TOWN_NAMES)} (default: %(default)s)")
    parser.add_argument("--seed", type=_count, default=0, help="of everything random (default: %(default)s)")
    parser.add_argument("--threads", type=_count, default=0, help="for rendering; 0 takes all cores")
    parser.add_argument("--lens-drops", action="store_true", help="rain leaves drops on the lenses of RGB cameras")
    parser.add_argument(
        "--quality",
        choices=tuple(QUALITIES),
        default="high",
        help="of RGB images; all others stay (default: %(default)s)",
    )
    parser.add_argument(
        "--scratch", type=_folder, help="folder for recordings (default: a private one, removed at the end)"
    )
    parser.add_argument("--exit-with-stdin", action="store_true", help="exit when stdin reaches its end")
    return parser


def _count(text: str) -> int:
    """An option's value of 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"is {text!r}, expected a whole number of 0 or more")
    return int(text)


def _folder(text: str) -> Path:
    """A folder that exists from now on."""
    try:
        Path(text).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot be made: {error}") from error
    return Path(text)


def _announce(*, host: str, port: int, town: str) -> None:
    ready = {"event": "ready", "host": host, "port": port, "version": CARLA_VERSION, "town": town}
    print(json.dumps(ready), flush=True)


def _exit_early(*_: object) -> None:
    """Asked to stop before there was anything to stop."""
    sys.exit(0)


def _stop_on_signals(stop: asyncio.Event) -> None:
    for number in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


if __name__ == "__main__":
    sys.exit(main())
