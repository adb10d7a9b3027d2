"""Session, map, files, settings, weather: what concerns the world as a whole."""

from __future__ import annotations

import hashlib
from typing import Any

from sim_scenarios.embedded_simulator.handlers.context import CARLA_VERSION, Context
from sim_scenarios.embedded_simulator.recorder.replayer import Replayer
from sim_scenarios.embedded_simulator.wire.structs import (
    flag,
    integer,
    number,
    pack_pose,
    pack_settings,
    pack_weather,
    text,
    unpack_settings,
    unpack_weather,
)
from sim_scenarios.embedded_simulator.world.environment import MapLayer
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.world import EPISODE_STREAM_ID

_NAVIGATION_FOLDER = "Nav"


def version(context: Context) -> str:
    """The version that the client compares with its own."""
    return CARLA_VERSION


def get_available_maps(context: Context) -> list[str]:
    """Full names of all towns."""
    return [f"/Game/Carla/Maps/{name}" for name in context.towns.names]


def load_new_episode(context: Context, map_name: Any, reset_settings: Any, map_layers: Any) -> None:
    """Starts a new episode, with some layers left out; an empty name means the same town again.

    The client that asks for it subscribes to the episode stream anew. A replay ends; how the next one goes is CARLA's
    default again, since a replayer belongs to an episode.
    """
    start_episode(context, map_name, reset_settings, map_layers)
    context.replayer.stop(context.world, keep_actors=True)
    context.replayer = Replayer()
    context.streams.renew(EPISODE_STREAM_ID)


def start_episode(context: Context, map_name: Any, reset_settings: Any, map_layers: Any) -> None:
    """The same, while clients keep their subscriptions."""
    name, place = context.towns.find(text(map_name) or context.world.name)
    layers = MapLayer(integer(map_layers) & MapLayer.ALL)
    context.world.load_episode(name, place, reset_settings=flag(reset_settings))
    context.world.show_layers(~layers & MapLayer.ALL, False)


def get_episode_info(context: Context) -> list[Any]:
    """Episode id and the token of the episode stream."""
    return [context.world.episode_id, [context.streams.token(EPISODE_STREAM_ID)]]


def get_map_info(context: Context) -> list[Any]:
    """Map name and recommended spawn points."""
    points = [pack_pose(pose) for pose in context.world.place.town.spawn_points]
    return [f"Carla/Maps/{context.world.name}", points]


def get_map_data(context: Context) -> str:
    """The OpenDRIVE text."""
    return context.world.place.town.opendrive


def get_required_files(context: Context, folder: Any) -> list[str]:
    """Files that the client downloads once and never again: hence the hash in the name."""
    has_mesh = bool(context.world.place.town.navigation_mesh)
    return [_navigation_file(context)] if has_mesh and _NAVIGATION_FOLDER in text(folder) else []


def request_file(context: Context, name: Any) -> bytes:
    """One of the required files."""
    if text(name) != _navigation_file(context):
        raise WorldError(f"no file {name!r}; this town has {_navigation_file(context)!r}")
    return context.world.place.town.navigation_mesh


def get_navigation_mesh(context: Context) -> bytes:
    """The mesh without its file; an older way that some clients still know."""
    return context.world.place.town.navigation_mesh


def _navigation_file(context: Context) -> str:
    digest = hashlib.sha256(context.world.place.town.navigation_mesh).hexdigest()[:16]
    return f"Carla/Maps/Nav/{context.world.name}-{digest}.bin"


def get_episode_settings(context: Context) -> list[Any]:
    """EpisodeSettings."""
    return pack_settings(context.world.settings)


def set_episode_settings(context: Context, settings: Any) -> int:
    """Returns the current frame, which has been broadcast: a later one would make the client wait for a second."""
    context.world.settings = unpack_settings(settings)
    return context.world.frame


async def tick_cue(context: Context) -> int:
    """Ticks and returns the frame that the client then waits for."""
    return await context.tick()


def get_weather_parameters(context: Context) -> list[float]:
    """WeatherParameters."""
    return pack_weather(context.world.weather)


def set_weather_parameters(context: Context, weather: Any) -> None:
    """Visible from the next tick on."""
    context.world.set_weather(unpack_weather(weather))


def get_imui_gravity(context: Context) -> float:
    """Gravity as the IMU feels it [m/s^2]."""
    return context.world.gravity


def set_imui_gravity(context: Context, gravity: Any) -> None:
    """Gravity as the IMU feels it [m/s^2]."""
    context.world.gravity = number(gravity)
