"""Everything that is drawn, as a mesh library and a table of objects.

Static rows come first (ground cells, buildings, placements, traffic lights); actors are appended for each frame by
``actors.py``. Meshes of placements, vehicles and walkers are in the library once and placed by their object's row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.ground import ground_meshes
from sim_scenarios.embedded_simulator.render.jit import Records
from sim_scenarios.embedded_simulator.render.library import LibraryBuilder, MeshLibrary, linear_from_srgb
from sim_scenarios.embedded_simulator.render.mesh import Joint, Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.model_source import ModelSource
from sim_scenarios.embedded_simulator.render.projection import OBJECT
from sim_scenarios.embedded_simulator.render.view import rotation_axes
from sim_scenarios.embedded_simulator.road.town import Placement, Town
from sim_scenarios.embedded_simulator.world.snapshot import Rotation, Vector

FIRST_STATIC_INSTANCE = 0x8000
PARKED_PAINTS = np.array(
    [
        (225, 226, 228), (28, 29, 32), (120, 124, 130), (150, 24, 28), (24, 48, 98), (196, 198, 196), (62, 66, 72),
        (40, 72, 52), (178, 158, 112), (88, 120, 150),
    ],
    np.float32,
)  # fmt: skip
"""sRGB; what people paint cars."""
FOOTPRINT_KINDS = ("parked_", "kiosk", "bus_stop", "planter", "bench", "bin")
"""Placements (by start of name) under which the ground is dark."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ModelEntry:
    """A model in the library."""

    first_level: int
    num_levels: int
    box_min: NDArray[np.float32]
    """(3,) of the finest level, model frame [m]."""
    box_max: NDArray[np.float32]
    radius_m: float
    wheel_radius_m: float
    """Mean height of the wheels' axles, 0 without wheels."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scene:
    """What a renderer needs to know of a town."""

    library: MeshLibrary
    level_distances: NDArray[np.float32]
    """(L,) up to where each level of detail is used [m]."""
    level_meshes: NDArray[np.int64]
    """(L,) mesh of each level."""
    objects: Records
    """(O,) ``OBJECT`` rows of everything that stands still."""
    vehicles: dict[str, ModelEntry]
    """By blueprint id."""
    walkers: dict[str, ModelEntry]
    light_rows: dict[str, int]
    """Row of each traffic light in ``objects``, by OpenDRIVE signal id."""
    lamps: NDArray[np.float32]
    """(N, 3) where street lamps shine from, world [m]."""
    footprints: NDArray[np.float32]
    """(N, 6) x, y, cos yaw, sin yaw, half length, half width [m] of static things that darken the ground under them."""
    bounds_min: Vector
    bounds_max: Vector


class _SceneBuilder:
    """Gathers rows and meshes."""

    def __init__(self, models: ModelSource) -> None:
        self.models = models
        self.library = LibraryBuilder()
        self.level_distances: list[float] = []
        self.level_meshes: list[int] = []
        self.rows: list[Records] = []
        self.lamps: list[NDArray[np.float32]] = []
        self.footprints: list[tuple[float, ...]] = []
        self.light_rows: dict[str, int] = {}
        self._entries: dict[object, ModelEntry] = {}

    def model(self, key: object, build: Callable[[], Model]) -> tuple[ModelEntry, Model | None]:
        """The library's entry for a model, and the model itself when it was new."""
        if key in self._entries:
            return self._entries[key], None
        model = build()
        entry = self.add_model(model)
        self._entries[key] = entry
        return entry, model

    def add_model(self, model: Model) -> ModelEntry:
        first = len(self.level_meshes)
        for distance, mesh in model.levels:
            self.level_distances.append(distance)
            self.level_meshes.append(self.library.add(mesh))
        finest = model.levels[0][1]
        wheels = (finest.joints == Joint.FRONT_WHEELS) | (finest.joints == Joint.REAR_WHEELS)
        return ModelEntry(
            first_level=first, num_levels=len(model.levels), box_min=finest.positions.min(axis=0),
            box_max=finest.positions.max(axis=0), radius_m=model.radius_m,
            wheel_radius_m=float(finest.pivots[wheels, 2].mean()) if wheels.any() else 0.0,
        )  # fmt: skip

    def add_static_mesh(self, mesh: Mesh, *, seed: int, casts_shadow: bool) -> None:
        """A mesh already in world coordinates, drawn at every distance."""
        if not len(mesh.triangles):
            return
        entry = self.add_model(Model(levels=((math.inf, mesh),), radius_m=0.0))
        self.place(entry, np.eye(3, dtype=np.float32), Vector(), seed=seed, casts_shadow=casts_shadow)

    def place(
        self, entry: ModelEntry, rotation: NDArray[np.float32], origin: Vector, *, seed: int, casts_shadow: bool = True
    ) -> Records:
        """Append an object row and return it for further settings; ``rotation`` (3, 3) may hold a scale."""
        row = blank_rows(1)
        corners = np.array(np.meshgrid(*zip(entry.box_min, entry.box_max, strict=True))).reshape(3, 8)
        world = rotation @ corners + np.array(origin, np.float32)[:, None]
        row["rotation"], row["origin"] = rotation, origin
        row["center"] = (world.min(axis=1) + world.max(axis=1)) / 2.0
        row["half"] = (world.max(axis=1) - world.min(axis=1)) / 2.0
        row["first_level"], row["num_levels"] = entry.first_level, entry.num_levels
        row["seed"], row["casts_shadow"] = seed & 0xFFFFFFFF, casts_shadow
        row["instance"] = FIRST_STATIC_INSTANCE + len(self.rows) % FIRST_STATIC_INSTANCE
        self.rows.append(row)
        return row


def blank_rows(count: int) -> Records:
    """Object rows with white tint, no glow, no joints."""
    rows = np.zeros(count, OBJECT)
    rows["tint"] = 1.0
    rows["joint_base"] = -1
    rows["casts_shadow"] = 1
    return rows


def yaw_matrix(yaw_deg: float, scale: float = 1.0) -> NDArray[np.float32]:
    """(3, 3) object-to-world rotation about z, times a scale."""
    matrix: NDArray[np.float32] = (rotation_axes(Rotation(yaw=yaw_deg)).T * scale).astype(np.float32)
    return matrix


def build_scene(town: Town, models: ModelSource) -> Scene:
    """Put a town together; instance ids follow the order of the town's own lists, so they are the same in every run."""
    builder = _SceneBuilder(models)
    for mesh in ground_meshes(town.surfaces, models):
        builder.add_static_mesh(mesh, seed=0, casts_shadow=False)
    for lot in town.lots:
        builder.add_static_mesh(models.building(lot), seed=lot.seed, casts_shadow=True)
    emitters: dict[str, NDArray[np.float32] | None] = {}
    for placement in town.placements:
        _add_placement(builder, placement, emitters)
    for site in town.traffic_lights:
        entry, _ = builder.model(("light", site.arm_m), lambda arm_m=site.arm_m: models.traffic_light(arm_m))  # type: ignore[misc]
        builder.light_rows[site.opendrive_id] = len(builder.rows)
        rotation = rotation_axes(site.pose.rotation).T.astype(np.float32)
        builder.place(entry, rotation, site.pose.location, seed=0)
    vehicles = {spec.id: builder.add_model(models.vehicle(spec)) for spec in models.vehicles}
    walkers = {spec.id: builder.add_model(models.walker(spec)) for spec in models.walkers}
    return Scene(
        library=builder.library.build(),
        level_distances=np.array(builder.level_distances, np.float32),
        level_meshes=np.array(builder.level_meshes, np.int64),
        objects=np.concatenate(builder.rows) if builder.rows else blank_rows(0),
        vehicles=vehicles,
        walkers=walkers,
        light_rows=builder.light_rows,
        lamps=np.array(builder.lamps, np.float32).reshape(-1, 3),
        footprints=np.array(builder.footprints, np.float32).reshape(-1, 6),
        bounds_min=town.bounds_min,
        bounds_max=town.bounds_max,
    )


def _add_placement(
    builder: _SceneBuilder, placement: Placement, emitters: dict[str, NDArray[np.float32] | None]
) -> None:
    kind = placement.kind
    entry, model = builder.model(("placement", kind), lambda: builder.models.placement(kind))
    if model is not None:
        emitters[kind] = _lamp_point(model.levels[0][1])
    rotation = yaw_matrix(placement.yaw_deg, placement.scale)
    row = builder.place(entry, rotation, placement.location, seed=placement.seed)
    rng = np.random.default_rng(placement.seed)
    row["tint"][0, Part.LEAF] = rng.uniform((0.75, 0.82, 0.70), (1.15, 1.05, 1.0))
    paint = linear_from_srgb(PARKED_PAINTS[rng.integers(len(PARKED_PAINTS))] / 255.0)
    row["tint"][0, Part.PAINT] = paint
    emitter = emitters[kind]
    if emitter is not None:
        builder.lamps.append((rotation @ emitter + np.array(placement.location)).astype(np.float32))
    if kind.startswith(FOOTPRINT_KINDS):
        builder.footprints.append(footprint(entry, rotation, placement.location))


def footprint(
    entry: ModelEntry, rotation: NDArray[np.floating], origin: Vector | NDArray[np.float64]
) -> tuple[float, ...]:
    """One row of ``Scene.footprints`` for a model placed upright."""
    middle = rotation @ ((entry.box_min + entry.box_max) / 2.0)
    scale = float(np.linalg.norm(rotation[:, 0]))
    half = (entry.box_max - entry.box_min) / 2.0 * scale
    heading = rotation[:2, 0] / scale
    return (origin[0] + middle[0], origin[1] + middle[1], heading[0], heading[1], half[0], half[1])


def _lamp_point(mesh: Mesh) -> NDArray[np.float32] | None:
    """Middle of a model's street-lamp triangles, or None when it has none."""
    lit = mesh.triangles[mesh.parts == Part.STREET_LAMP]
    if not len(lit):
        return None
    return np.asarray(mesh.positions[lit].reshape(-1, 3).mean(axis=0), np.float32)
