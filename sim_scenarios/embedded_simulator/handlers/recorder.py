"""The recorder and the replayer. CARLA's answers are texts for people; programs take them apart all the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from sim_scenarios.embedded_simulator.handlers import session
from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.recorder import queries
from sim_scenarios.embedded_simulator.recorder.log import LogReader
from sim_scenarios.embedded_simulator.recorder.replayer import ReplayRequest
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.structs import flag, integer, number, text, unpack_pose
from sim_scenarios.embedded_simulator.world.errors import WorldError

_ALL_LAYERS = 0xFFFF


def start_recorder(context: Context, name: Any, additional_data: Any) -> str:
    """Returns the file's path; the date in the file is the only thing here that a clock tells."""
    path = context.scratch.path_of(text(name))
    context.recorder.start(path, context.world, date_s=int(time.time()), additional_data=flag(additional_data))
    return str(path)


def stop_recorder(context: Context) -> None:
    """Ends the file."""
    context.recorder.stop()


async def show_recorder_file_info(context: Context, name: Any, show_all: Any) -> str:
    """What happened in a recording."""
    everything = flag(show_all)
    return await _ask(context, name, lambda log: queries.file_info(log, show_all=everything))


async def show_recorder_collisions(context: Context, name: Any, type1: Any, type2: Any) -> str:
    """Collisions between two types of actors."""
    category1, category2 = _letter(type1), _letter(type2)
    return await _ask(context, name, lambda log: queries.collisions(log, category1, category2))


async def show_recorder_actors_blocked(context: Context, name: Any, min_time: Any, min_distance: Any) -> str:
    """Actors that stood still; [s] and [cm]."""
    time_s, distance_cm = number(min_time), number(min_distance)
    return await _ask(
        context, name, lambda log: queries.actors_blocked(log, min_time_s=time_s, min_distance_cm=distance_cm)
    )


def replay_file(
    context: Context, name: Any, start: Any, duration: Any, follow_id: Any, replay_sensors: Any, offset: Any
) -> str:
    """Begins a replay, in the town of the recording; a running recording ends, as in CARLA."""
    begin_s, length_s = number(start), number(duration)
    followed, with_sensors, view = integer(follow_id), flag(replay_sensors), unpack_pose(offset)
    path = context.scratch.path_of(text(name))
    context.recorder.stop()
    context.replayer.stop(context.world, keep_actors=False)
    answer = f"Replaying File: {path}\n"
    try:
        log = LogReader(path)
    except FileNotFoundError:
        return answer + queries.not_found(path)
    total_s = log.total_s
    start_s = min(total_s, begin_s if begin_s >= 0.0 else max(0.0, total_s + begin_s))
    stop_s = min(total_s, start_s + length_s) if length_s > 0.0 else total_s
    request = ReplayRequest(
        start_s=start_s, stop_s=stop_s, follow_id=followed, offset=view, replay_sensors=with_sensors
    )
    try:
        if log.header["map"] != context.world.name:
            session.start_episode(context, log.header["map"], False, _ALL_LAYERS)
            answer += f"Loading map {context.world.name}\n"
        context.replayer.start(log, context.world, request)
    except WorldError:
        log.close()
        raise
    answer += f"Total time recorded: {total_s:g}\n"
    answer += f"Replaying from {start_s:g} s - {stop_s:g} s ({total_s:g} s) at {context.replayer.time_factor:.1f}x\n"
    if context.replayer.ignore_hero:
        answer += "Ignoring Hero vehicle\n"
    if context.replayer.ignore_spectator:
        answer += "Ignoring Spectator camera\n"
    return answer


def set_replayer_time_factor(context: Context, factor: Any) -> None:
    """How fast replays go, from the next tick on; 0 holds them."""
    wanted = number(factor)
    if wanted < 0.0:
        raise WireError(f"expected a time factor >= 0 (a replay cannot go backwards), got {wanted:g}")
    context.replayer.time_factor = wanted


def set_replayer_ignore_hero(context: Context, ignore: Any) -> None:
    """Whether replays leave actors of role ``hero`` out."""
    context.replayer.ignore_hero = flag(ignore)


def set_replayer_ignore_spectator(context: Context, ignore: Any) -> None:
    """Whether replays leave the spectator where it is."""
    context.replayer.ignore_spectator = flag(ignore)


def stop_replayer(context: Context, keep_actors: Any) -> None:
    """Ends a replay; without ``keep_actors`` the actors that it made go."""
    context.replayer.stop(context.world, keep_actors=flag(keep_actors))


async def _ask(context: Context, name: Any, query: Callable[[LogReader], str]) -> str:
    """A query's text, made on a thread: a long recording must not hold the ticks up."""
    path = context.scratch.path_of(text(name))

    def answer() -> str:
        try:
            log = LogReader(path)
        except FileNotFoundError:
            return queries.not_found(path)
        try:
            return query(log)
        finally:
            log.close()

    return await asyncio.to_thread(answer)


def _letter(packed: Any) -> str:
    """A C++ ``char``, which msgpack carries as an integer."""
    if isinstance(packed, str):
        return packed
    code = integer(packed)
    return chr(code) if 0 <= code < 128 else "?"
