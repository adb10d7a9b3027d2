"""Uses every kernel of the sensors: numba compiles or loads a kernel when it is first called."""

from __future__ import annotations

import contextlib

import numpy as np

from sim_scenarios.embedded_simulator.render.camera_stages import CameraStages, Shot
from sim_scenarios.embedded_simulator.render.canvas import CanvasStore
from sim_scenarios.embedded_simulator.render.jit import Workers
from sim_scenarios.embedded_simulator.render.lens import pinhole_behind
from sim_scenarios.embedded_simulator.render.model_source import unpainted_models
from sim_scenarios.embedded_simulator.render.optics import FilmCurve, LensShape, Optics
from sim_scenarios.embedded_simulator.render.quality import HIGH
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import Sighting, camera_record
from sim_scenarios.embedded_simulator.render.weather_look import look_of
from sim_scenarios.embedded_simulator.road.town import Placement, Surface, Town
from sim_scenarios.embedded_simulator.sensors.camera import CameraJob, Exposure, expose, view_of
from sim_scenarios.embedded_simulator.sensors.event_pixels import EventPixels
from sim_scenarios.embedded_simulator.world.actors import CAMERA_KINDS, CameraShape, SensorKind
from sim_scenarios.embedded_simulator.world.event_camera import EventShape
from sim_scenarios.embedded_simulator.world.snapshot import (
    Pose,
    Rotation,
    Snapshot,
    Vector,
    VehicleLight,
    VisibleActor,
    Weather,
)
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES
from sim_scenarios.embedded_simulator.world.walker_catalogue import WALKERS

_TERRAIN = 10
"""CARLA's semantic tag."""
_POSE = Pose(Vector(-8.0, 0.0, 2.0), Rotation())
_STAMP = CameraShape(width=64, height=36, fov_deg=90.0)
_EVENTS = EventShape(
    positive_threshold=0.3, negative_threshold=0.3, sigma_positive_threshold=0.0, sigma_negative_threshold=0.0,
    refractory_period_ns=0, use_log=True, log_eps=0.001,
)  # fmt: skip
_WEATHERS = (
    Weather(),
    Weather(sun_altitude_angle=-60.0, precipitation=80.0, precipitation_deposits=80.0, wetness=80.0, fog_density=30.0),
)
"""By day and dry, by night and wet: between them they use every kernel of the scene."""
_LENS = LensShape(lens_circle_multiplier=1.0)
_OPTICS = Optics(
    film=FilmCurve(slope=0.8), blur_radius=200.0, chromatic_aberration_intensity=1.0, motion_blur_intensity=1.0,
    motion_blur_max_distortion=5.0,
)  # fmt: skip
"""With these, every kernel of the camera is used."""


def draw_scenes(*, threads: int) -> None:
    """Takes one tiny image of every kind in each of two weathers.

    On a stage of its own: the town's scene is built when somebody looks at it.
    """
    renderer = _renderer(threads)
    events = EventPixels(_EVENTS, np.random.default_rng(0))
    for frame, weather in enumerate(_WEATHERS):
        snapshot = _snapshot(frame, weather)
        sighting = Sighting(view=view_of(_POSE, _STAMP), snapshot=snapshot)
        exposures = [
            Exposure(
                kind=kind,
                stream_id=1,
                earlier=sighting if kind is SensorKind.OPTICAL_FLOW else None,
                events=events if kind is SensorKind.DVS else None,
            )
            for kind in sorted(CAMERA_KINDS, key=lambda kind: kind.value)
        ]
        expose(renderer, CameraJob(pose=_POSE, shape=_STAMP, exposures=tuple(exposures)), snapshot)


def take_pictures(*, threads: int) -> None:
    """Has a lens with all faults take pictures of nothing, by a plain exposure and with all effects."""
    camera = CameraStages(Workers(threads), lambda _: contextlib.nullcontext(), lens_drops=True, quality=HIGH)
    view = view_of(_POSE, _STAMP, _LENS)
    pinhole, snapshot, canvases = pinhole_behind(view), _snapshot(0, _WEATHERS[1]), CanvasStore()
    drawn, final = canvases.canvas(pinhole.height, pinhole.width), canvases.canvas(view.height, view.width)
    for image in (drawn.nearness, drawn.tag, drawn.instance, drawn.depth_m, drawn.light):
        image.fill(0)
    motion = np.zeros((pinhole.height, pinhole.width, 2), np.float32)
    before = Sighting(view=view, snapshot=snapshot)
    camera.bend_labels(view, drawn, final)
    camera.bend_flow(view, motion)
    for shot in (Shot(), Shot(optics=_OPTICS, before=before)):
        camera.take(
            camera_record(pinhole), look_of(snapshot.weather), 0, drawn, drawn.light,
            motion=motion, view=view, final=final, snapshot=snapshot, shot=shot,
        )  # fmt: skip


def cast_rays(*, threads: int) -> None:
    """Casts a ray and a sphere."""
    rays, snapshot, ahead = _renderer(threads).rays, _snapshot(0, _WEATHERS[0]), np.array([[1.0, 0.0, 0.0]])
    rays.cast(snapshot, Vector(), ahead, np.ones(1))
    rays.sweep(snapshot, Vector(), ahead[0], reach_m=1.0, radius_m=0.1)


def _renderer(threads: int) -> Renderer:
    return Renderer(_stage(), threads=threads, models=unpainted_models(), lens_drops=True)


def _snapshot(frame: int, weather: Weather) -> Snapshot:
    """A car with its lamps on and a walker."""
    actors = tuple(
        VisibleActor(
            id=number,
            blueprint_id=blueprint_id,
            pose=Pose(Vector(0.0, 3.0 * number, 0.0), Rotation()),
            color=(128, 128, 128),
            lights=lights,
            steer_deg=0.0,
            travelled_m=0.0,
            speed=0.0,
        )
        for number, (blueprint_id, lights) in enumerate(
            ((VEHICLES[0].id, VehicleLight.LOW_BEAM), (WALKERS[0].id, VehicleLight.NONE)), start=1
        )
    )
    return Snapshot(
        frame=frame, elapsed_s=0.05 * frame, delta_s=0.05, weather=weather, actors=actors, traffic_lights={}
    )


def _stage() -> Town:
    """A lawn with a bench."""
    corners = np.array([[-20, -20, 0], [20, -20, 0], [20, 20, 0], [-20, 20, 0]], np.float32)
    lawn = Surface(
        positions=corners, triangles=np.array([[0, 1, 2], [0, 2, 3]], np.int32), uvs=corners[:, :2].copy(),
        material="grass", tag=_TERRAIN,
    )  # fmt: skip
    return Town(
        name="Warm-up", opendrive="", spawn_points=(), surfaces=(lawn,), lots=(),
        placements=(Placement(kind="bench", location=Vector(0.0, -3.0, 0.0), yaw_deg=0.0, seed=0),),
        traffic_lights=(), navigation_mesh=b"", bounds_min=Vector(-20.0, -20.0), bounds_max=Vector(20.0, 20.0),
    )  # fmt: skip
