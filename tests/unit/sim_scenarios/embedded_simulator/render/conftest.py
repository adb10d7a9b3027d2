"""A town small enough to know by heart: a road along x, one building, one tree, one lamp, boxes for cars and walkers.

The renderer of it is built once for all tests; kernels come from numba's cache after the first run.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.mesh import Joint, Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.model_source import ModelSource, Textures
from sim_scenarios.embedded_simulator.render.models.props import prop_model
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import View
from sim_scenarios.embedded_simulator.road.town import Lot, Placement, Surface, Town, TrafficLightSite
from sim_scenarios.embedded_simulator.world.snapshot import (
    LinearColor,
    Pose,
    Rotation,
    Snapshot,
    SwitchedLight,
    TrafficLightState,
    Vector,
    VehicleLight,
    VisibleActor,
    Weather,
)
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec
from sim_scenarios.embedded_simulator.world.walker_catalogue import WalkerSpec

MATERIALS = ("asphalt", "grass", "paint_white", "plain", "facade", "leaf")
ROAD, SIDEWALK, BUILDING, POLE, LIGHT, TREE, TERRAIN, WALKER, CAR, LINE = 1, 2, 3, 6, 7, 9, 10, 12, 14, 24

_CUBE_FACES = (  # outward by the rule cross(p1 - p0, p2 - p0)
    ((-1, 0, 0), (0, 4, 6, 2)), ((1, 0, 0), (1, 3, 7, 5)), ((0, -1, 0), (0, 1, 5, 4)),
    ((0, 1, 0), (2, 6, 7, 3)), ((0, 0, -1), (0, 2, 3, 1)), ((0, 0, 1), (4, 5, 7, 6)),
)  # fmt: skip


def box_mesh(
    low: tuple[float, float, float], high: tuple[float, float, float], *, tag: int, part: Part = Part.PLAIN,
    material: str = "plain", joint: Joint = Joint.BODY, pivot: tuple[float, float, float] = (0, 0, 0),
) -> Mesh:  # fmt: skip
    corners = np.array([[(low, high)[(i >> axis) & 1][axis] for axis in range(3)] for i in range(8)], np.float32)
    index = np.array([face for _, face in _CUBE_FACES]).ravel()
    positions = corners[index]
    normals = np.repeat(np.array([normal for normal, _ in _CUBE_FACES], np.float32), 4, axis=0)
    starts = 4 * np.arange(6)[:, None]
    triangles = np.concatenate([starts + np.array([0, 1, 2]), starts + np.array([0, 2, 3])]).astype(np.int32)
    faces = np.cross(
        positions[triangles[:, 1]] - positions[triangles[:, 0]], positions[triangles[:, 2]] - positions[triangles[:, 0]]
    )
    assert ((faces * normals[triangles[:, 0]]).sum(axis=1) > 0).all()
    count = len(triangles)
    return Mesh(
        positions=positions, normals=normals,
        uvs=np.tile(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32), (6, 1)),
        colors=np.ones((24, 3), np.float32), triangles=triangles,
        materials=np.full(count, MATERIALS.index(material), np.uint8), tags=np.full(count, tag, np.uint8),
        parts=np.full(count, part, np.uint8), joints=np.full(24, joint, np.uint8),
        pivots=np.tile(np.array(pivot, np.float32), (24, 1)),
    )  # fmt: skip


def joined(*meshes: Mesh) -> Mesh:
    starts = np.cumsum([0, *(len(mesh.positions) for mesh in meshes)])
    parts = {
        name: np.concatenate([getattr(mesh, name) for mesh in meshes])
        for name in ("positions", "normals", "uvs", "colors", "materials", "tags", "parts", "joints", "pivots")
    }
    triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts, strict=False)])
    return Mesh(triangles=triangles.astype(np.int32), **parts)


def _model(*meshes: Mesh) -> Model:
    mesh = joined(*meshes)
    return Model(levels=((math.inf, mesh),), radius_m=float(np.linalg.norm(mesh.positions, axis=1).max()))


def _vehicle(spec: VehicleSpec) -> Model:
    x, y = spec.length_m / 2, spec.width_m / 2
    body = box_mesh((-x, -y, 0.25), (x, y, spec.height_m), tag=spec.tag, part=Part.PAINT)
    wheels = [
        box_mesh(
            (fx * x * 0.6 - 0.3, fy * y - 0.1, 0.0), (fx * x * 0.6 + 0.3, fy * y + 0.1, 0.6), tag=spec.tag,
            joint=Joint.FRONT_WHEELS if fx > 0 else Joint.REAR_WHEELS, pivot=(fx * x * 0.6, fy * y, 0.3),
        )
        for fx in (-1, 1) for fy in (-1, 1)
    ]  # fmt: skip
    lamps = box_mesh((x, -y, 0.5), (x + 0.02, y, 0.8), tag=spec.tag, part=Part.HEADLIGHT)
    tail = box_mesh((-x - 0.02, -y, 0.5), (-x, y, 0.8), tag=spec.tag, part=Part.TAIL_LIGHT)
    return _model(body, *wheels, lamps, tail)


def _walker(spec: WalkerSpec) -> Model:
    """Origin at half height, like the actor's."""
    half, hip = spec.height_m / 2, 0.02 * spec.height_m
    legs = [
        box_mesh((-0.1, side - 0.1, -half), (0.1, side + 0.1, hip), tag=WALKER, part=Part.TROUSERS,
                 joint=Joint.LEFT_LEG if side < 0 else Joint.RIGHT_LEG, pivot=(0, 0, hip))
        for side in (-0.12, 0.12)
    ]  # fmt: skip
    return _model(box_mesh((-0.15, -0.25, hip), (0.15, 0.25, half), tag=WALKER, part=Part.CLOTHES), *legs)


def _placement(kind: str) -> Model:
    if kind == "street_lamp":
        pole = box_mesh((-0.1, -0.1, 0), (0.1, 0.1, 6), tag=POLE)
        return _model(pole, box_mesh((0.5, -0.2, 5.9), (1.0, 0.2, 6.0), tag=POLE, part=Part.STREET_LAMP))
    leaves = box_mesh((-1.5, -1.5, 2), (1.5, 1.5, 5), tag=TREE, part=Part.LEAF, material="leaf")
    return _model(box_mesh((-0.2, -0.2, 0), (0.2, 0.2, 2), tag=TREE), leaves)


def _traffic_light(arm_m: float) -> Model:
    lenses = [
        box_mesh((0, -0.1, z), (0.05, 0.1, z + 0.2), tag=LIGHT, part=part)
        for z, part in ((3.4, Part.SIGNAL_RED), (3.1, Part.SIGNAL_YELLOW), (2.8, Part.SIGNAL_GREEN))
    ]
    return _model(box_mesh((-0.1, -0.1, 0), (-0.01, 0.1, 2.8), tag=POLE), *lenses)


def _building(lot: Lot) -> Mesh:
    x, y = lot.depth_m / 2, lot.width_m / 2
    low = (lot.center.x - x, lot.center.y - y, 0.0)
    high = (lot.center.x + x, lot.center.y + y, 3.2 * lot.storeys)
    return box_mesh(low, high, tag=BUILDING, part=Part.WINDOW, material="facade")


def _mip_levels(texture: np.ndarray) -> list[np.ndarray]:
    levels = [texture]
    while len(levels[-1]) > 1:
        t = levels[-1].astype(np.uint16)
        levels.append(((t[::2, ::2] + t[1::2, ::2] + t[::2, 1::2] + t[1::2, 1::2]) // 4).astype(np.uint8))
    return levels


def _textures() -> Textures:
    rng = np.random.default_rng(3)
    size = 16
    base = {"asphalt": (110, 110, 112, 25), "grass": (80, 110, 50, 8), "paint_white": (235, 235, 230, 30),
            "plain": (220, 220, 220, 60), "facade": (170, 120, 100, 20), "leaf": (70, 110, 40, 0)}  # fmt: skip
    texels, offsets = [], np.zeros((len(MATERIALS), 10), np.int64)
    start = 0
    for m, name in enumerate(MATERIALS):
        texture = np.empty((size, size, 4), np.uint8)
        texture[:] = base[name]
        texture[..., :3] += rng.integers(0, 16, (size, size, 1), dtype=np.uint8)
        if name == "facade":
            texture[4:12, 4:12] = (40, 50, 60, 230)
        if name == "leaf":
            texture[..., 3] = np.where(rng.random((size, size)) < 0.6, 255, 0)
        levels = _mip_levels(texture)
        for k in range(10):
            level = levels[min(k, len(levels) - 1)]
            if k < len(levels):
                offsets[m, k] = start
                texels.append(level.reshape(-1, 4))
                start += len(level) ** 2
            else:
                offsets[m, k] = start - 1
    noise = np.clip(np.moveaxis(rng.normal(128, 46, (512, 512, 4)), 2, 0), 0, 255).astype(np.uint8, order="C")
    grid = np.zeros((len(MATERIALS), 2), np.float32)
    grid[MATERIALS.index("facade")] = 1
    return Textures(
        texels=np.concatenate(texels), offsets=offsets, sizes=np.full(len(MATERIALS), size, np.int32), noise=noise,
        window_grid=grid, is_leaf=np.array([name == "leaf" for name in MATERIALS]),
    )  # fmt: skip


def box_models() -> ModelSource:
    return ModelSource(
        vehicle=_vehicle, walker=_walker, props=(), prop=prop_model, placement=_placement,
        traffic_light=_traffic_light, building=_building,
        material_index=MATERIALS.index, tile_m=lambda name: 4.0, textures=_textures(),
    )  # fmt: skip


def _flat(x0: float, y0: float, x1: float, y1: float, z: float, material: str, tag: int) -> Surface:
    corners = np.array([[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]], np.float32)
    return Surface(
        positions=corners, triangles=np.array([[0, 1, 2], [0, 2, 3]], np.int32), uvs=corners[:, :2].copy(),
        material=material, tag=tag,
    )  # fmt: skip


def small_town() -> Town:
    """Road |y| < 8 along x; building at x 30..40, y 12..22; tree at (20, -12); lamp at (15, 10), light at (25, 9)."""
    light = TrafficLightSite(
        opendrive_id="7", pose=Pose(Vector(25, 9, 0), Rotation(yaw=180)), arm_m=0.0, group=0, phase=0,
        trigger_center=Vector(), trigger_extent=Vector(1, 1, 1), trigger_yaw_deg=0.0, stop_lane_yaw_deg=0.0,
    )  # fmt: skip
    return Town(
        name="Small", opendrive="", spawn_points=(),
        surfaces=(
            _flat(-60, -8, 140, 8, 0.0, "asphalt", ROAD), _flat(-60, -0.1, 140, 0.1, 0.01, "paint_white", LINE),
            _flat(-60, -100, 140, -8, 0.0, "grass", TERRAIN), _flat(-60, 8, 140, 100, 0.0, "grass", TERRAIN),
        ),
        lots=(Lot(center=Vector(35, 17, 0), yaw_deg=0, depth_m=10, width_m=10, storeys=4, style="house", seed=5),),
        placements=(
            Placement(kind="tree_round", location=Vector(20, -12, 0), yaw_deg=0, seed=1),
            Placement(kind="street_lamp", location=Vector(15, 10, 0), yaw_deg=-90, seed=2),
        ),
        traffic_lights=(light,), navigation_mesh=b"", bounds_min=Vector(-60, -100, 0), bounds_max=Vector(140, 100, 0),
    )  # fmt: skip


def car(
    x: float, y: float, *, actor_id: int = 300, yaw: float = 0.0, lights: VehicleLight = VehicleLight.NONE,
    color: tuple[int, int, int] = (200, 20, 20),
) -> VisibleActor:  # fmt: skip
    return VisibleActor(
        id=actor_id, blueprint_id="vehicle.lincoln.mkz_2020", pose=Pose(Vector(x, y, 0), Rotation(yaw=yaw)),
        color=color, lights=lights, steer_deg=0.0, travelled_m=0.0, speed=0.0,
    )  # fmt: skip


def walker(x: float, y: float, *, actor_id: int = 400, gait_phase: float = 0.0, speed: float = 0.0) -> VisibleActor:
    return VisibleActor(
        id=actor_id, blueprint_id="walker.pedestrian.0002", pose=Pose(Vector(x, y, 0.9)), color=(30, 60, 200),
        lights=VehicleLight.NONE, steer_deg=0.0, travelled_m=0.0, speed=speed,
        gait_phase=gait_phase,
    )  # fmt: skip


def snapshot(
    *actors: VisibleActor, weather: Weather | None = None, frame: int = 1, signal: int = 0,
    hidden: frozenset[int] = frozenset(), lights: tuple[SwitchedLight, ...] = (),
    painted: tuple[tuple[int, LinearColor], ...] = (),
) -> Snapshot:  # fmt: skip
    return Snapshot(
        frame=frame, elapsed_s=0.05 * frame, delta_s=0.05, weather=weather or Weather(sun_azimuth_angle=-1.0),
        actors=tuple(sorted(actors, key=lambda actor: actor.id)), traffic_lights={"7": TrafficLightState(signal)},
        hidden_objects=hidden, switched_lights=lights,
        painted_objects=painted,
    )  # fmt: skip


def view(
    x: float = 0.0, y: float = 0.0, z: float = 1.6, *, pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0,
    width: int = 160, height: int = 90, fov_deg: float = 90.0,
) -> View:  # fmt: skip
    return View(
        pose=Pose(Vector(x, y, z), Rotation(pitch=pitch, yaw=yaw, roll=roll)),
        width=width,
        height=height,
        fov_deg=fov_deg,
    )


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return Renderer(small_town(), threads=1, models=box_models())


@pytest.fixture(scope="session")
def make_renderer() -> Callable[[int], Renderer]:
    return lambda threads: Renderer(small_town(), threads=threads, models=box_models())


class Stage:
    """What tests say about the small town, in one hand: tests cannot import this file in importlib mode."""

    ROAD, BUILDING, POLE, LIGHT, TREE, TERRAIN, WALKER, CAR, LINE, SKY = 1, 3, 6, 7, 9, 10, 12, 14, 24, 11
    town = staticmethod(small_town)
    models = staticmethod(box_models)
    box_mesh = staticmethod(box_mesh)
    car = staticmethod(car)
    walker = staticmethod(walker)
    snapshot = staticmethod(snapshot)
    view = staticmethod(view)

    @staticmethod
    def pixel(camera: View, x: float, y: float, z: float) -> tuple[int, int]:
        """(row, column) of a world point for a camera without roll that looks along +x or straight down."""
        eye = camera.pose.location
        focal = camera.width / (2.0 * math.tan(math.radians(camera.fov_deg) / 2.0))
        if camera.pose.rotation.pitch == -90.0:  # forward -z, right +y, up +x
            forward, right, up = eye.z - z, y - eye.y, x - eye.x
        else:
            forward, right, up = x - eye.x, y - eye.y, z - eye.z
        column = camera.width / 2.0 + focal * right / forward
        row = camera.height / 2.0 - focal * up / forward
        return math.floor(row), math.floor(column)


@pytest.fixture(scope="session")
def stage() -> type[Stage]:
    return Stage
