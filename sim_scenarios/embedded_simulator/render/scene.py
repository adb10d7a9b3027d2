"""Everything that is drawn, as a table of models and a table of objects.

Static rows come first (ground cells, buildings, placements, traffic lights); actors are appended for each frame by
``actors.py``, and their models when they are first seen. A placement's or an actor's meshes are in the library once
and placed by their object's row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.ground import ground_meshes
from sim_scenarios.embedded_simulator.render.jit import Records
from sim_scenarios.embedded_simulator.render.library import linear_from_srgb
from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.model_source import ModelSource
from sim_scenarios.embedded_simulator.render.model_table import ModelEntry, ModelTable, model_entry
from sim_scenarios.embedded_simulator.render.projection import OBJECT
from sim_scenarios.embedded_simulator.render.signal_lamps import SignalHeads, signal_heads
from sim_scenarios.embedded_simulator.render.surface import STREET_LAMP_GLOW
from sim_scenarios.embedded_simulator.render.view import rotation_axes
from sim_scenarios.embedded_simulator.road.town import Placement, Town
from sim_scenarios.embedded_simulator.world.snapshot import Vector

FIRST_STATIC_INSTANCE = 0x8000
WHEELCHAIR = " in a wheelchair"
"""What a walker's id ends with in ``Scene.actors`` when it sits."""
PARKED_PAINTS = np.array(
    [
        (225, 226, 228), (28, 29, 32), (120, 124, 130), (150, 24, 28), (24, 48, 98), (196, 198, 196), (62, 66, 72),
        (40, 72, 52), (178, 158, 112), (88, 120, 150),
    ],
    np.float32,
)  # fmt: skip
"""sRGB; what people paint cars."""
_LEAF_TINT = np.array([(0.75, 0.82, 0.70), (1.15, 1.05, 1.00)])
"""Darkest and brightest tint of a crown, linear."""
_STREET_MARGIN_M = 45.0
FOOTPRINT_KINDS = ("parked_", "kiosk", "bus_stop", "planter", "bench", "bin")
"""Placements (by start of name) under which the ground is dark."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scene:
    """What a renderer needs to know of a town."""

    models: ModelTable
    """Of everything that stands still; who poses actors adds theirs."""
    num_static_meshes: int
    """How many meshes stand still; later ones belong to actors, whose joints move."""
    actors: Mapping[str, Callable[[], Model]]
    """By blueprint id, what makes an actor's model."""
    objects: Records
    """(O,) ``OBJECT`` rows of everything that stands still."""
    num_ground_rows: int
    """How many of them, from the first on, are pieces of the ground."""
    light_rows: dict[str, int]
    """Row of each traffic light in ``objects``, by OpenDRIVE signal id."""
    signal_heads: SignalHeads
    object_rows: NDArray[np.int64]
    """(E,) row in ``objects`` of each environment object in the order of their ids (from 1), -1 for nothing drawn."""
    lamps: NDArray[np.float32]
    """(N, 3) where street lamps shine from, world [m]."""
    lamp_rows: NDArray[np.int64]
    """(N,) row of the object that each lamp is part of."""
    footprints: NDArray[np.float32]
    """(N, 6) x, y, cos yaw, sin yaw, half length, half width [m] of static things that darken the ground under them."""
    footprint_rows: NDArray[np.int64]
    """(N,) row of the object that each footprint belongs to."""
    streets_min: Vector
    """Box around what is built or driven on [m]: where shadows are worth a map."""
    streets_max: Vector


class _SceneBuilder:
    """Gathers rows and meshes."""

    def __init__(self, models: ModelSource) -> None:
        self.models = models
        self.added: list[Model] = []
        self.num_levels = 0
        self.rows: list[Records] = []
        self.num_rows = 0
        self.lamps: list[NDArray[np.float32]] = []
        self.lamp_rows: list[NDArray[np.int64]] = []
        self.footprints: list[NDArray[np.float32]] = []
        self.footprint_rows: list[NDArray[np.int64]] = []
        self.object_rows: list[int] = []
        self.light_rows: dict[str, int] = {}

    def add_model(self, model: Model) -> ModelEntry:
        entry = model_entry(model, first_level=self.num_levels)
        self.added.append(model)
        self.num_levels += entry.num_levels
        return entry

    def add_static_mesh(self, mesh: Mesh, *, seed: int, casts_shadow: bool) -> int:
        """A mesh already in world coordinates, drawn at every distance; its row, or -1 if there is nothing to draw."""
        if not len(mesh.triangles):
            return -1
        entry = self.add_model(Model(levels=((math.inf, mesh),), radius_m=0.0))
        self.place(entry, np.eye(3, dtype=np.float32), Vector(), seed=seed, casts_shadow=casts_shadow)
        return self.num_rows - 1

    def place(
        self, entry: ModelEntry, rotation: NDArray[np.float32], origin: Vector, *, seed: int, casts_shadow: bool = True
    ) -> None:
        """Append one object row; ``rotation`` (3, 3) may hold a scale."""
        row = placed_rows(entry, rotation[None], np.array([origin], np.float32))
        row["seed"], row["casts_shadow"] = seed & 0xFFFFFFFF, casts_shadow
        self.rows.append(row)
        self.num_rows += 1


def placed_rows(entry: ModelEntry, rotations: NDArray[np.float32], origins: NDArray[np.float32]) -> Records:
    """(N,) object rows of one model in N places; ``rotations`` (N, 3, 3) may hold a scale, ``origins`` (N, 3) [m]."""
    rows = blank_rows(len(origins))
    rows["rotation"], rows["origin"] = rotations, origins
    rows["center"] = origins + rotations @ ((entry.box_min + entry.box_max) / 2.0)
    rows["half"] = np.abs(rotations) @ entry.reach
    rows["first_level"], rows["num_levels"], rows["cabin"] = entry.first_level, entry.num_levels, entry.cabin
    return rows


def blank_rows(count: int) -> Records:
    """Object rows with white tint, no glow, no joints."""
    rows = np.zeros(count, OBJECT)
    rows["tint"] = 1.0
    rows["joint_base"] = -1
    rows["glow"][:, Part.STREET_LAMP] = STREET_LAMP_GLOW
    rows["casts_shadow"] = 1
    return rows


def build_scene(town: Town, models: ModelSource) -> Scene:
    """Put a town together; instance ids follow the order of the town's own lists, so they are the same in every run."""
    builder = _SceneBuilder(models)
    shown = town.surfaces if town.shows_surfaces else ()
    ground_rows = [builder.add_static_mesh(mesh, seed=0, casts_shadow=False) for mesh in ground_meshes(shown, models)]
    num_ground_rows = builder.num_rows
    for lot in town.lots:
        builder.object_rows.append(builder.add_static_mesh(models.building(lot), seed=lot.seed, casts_shadow=True))
    _add_placements(builder, town.placements)
    _add_traffic_lights(builder, town)
    builder.object_rows += ground_rows
    table = ModelTable()
    table.add(builder.added)
    objects = np.concatenate(builder.rows) if builder.rows else blank_rows(0)
    objects["instance"] = FIRST_STATIC_INSTANCE + np.arange(len(objects)) % FIRST_STATIC_INSTANCE
    streets_min, streets_max = street_bounds(town)
    return Scene(
        models=table, num_static_meshes=len(table.library), actors=_actors(models), objects=objects,
        num_ground_rows=num_ground_rows, light_rows=builder.light_rows,
        signal_heads=signal_heads(town.traffic_lights, builder.light_rows, models.traffic_light),
        object_rows=np.array(builder.object_rows, np.int64),
        lamps=np.concatenate([np.zeros((0, 3), np.float32), *builder.lamps]),
        lamp_rows=np.concatenate([np.zeros(0, np.int64), *builder.lamp_rows]),
        footprints=np.concatenate([np.zeros((0, 6), np.float32), *builder.footprints]),
        footprint_rows=np.concatenate([np.zeros(0, np.int64), *builder.footprint_rows]),
        streets_min=streets_min, streets_max=streets_max,
    )  # fmt: skip


def _actors(models: ModelSource) -> dict[str, Callable[[], Model]]:
    return {
        **{spec.id: partial(models.vehicle, spec) for spec in models.vehicles},
        **{spec.id: partial(models.walker, spec) for spec in models.walkers},
        **{
            spec.id + WHEELCHAIR: partial(models.walker, spec, in_wheelchair=True)
            for spec in models.walkers
            if spec.can_use_wheelchair
        },
        **{spec.id: partial(models.prop, spec) for spec in models.props},
    }


def street_bounds(town: Town) -> tuple[Vector, Vector]:
    """Box around everything that is built or driven on; hills around a town reach far beyond it."""
    places = [lot.center for lot in town.lots] + [pose.location for pose in town.spawn_points]
    if not places:
        return town.bounds_min, town.bounds_max
    xyz = np.array(places)
    low, high = xyz.min(axis=0) - _STREET_MARGIN_M, xyz.max(axis=0) + _STREET_MARGIN_M
    return Vector(float(low[0]), float(low[1]), 0.0), Vector(float(high[0]), float(high[1]), 40.0)


def _add_traffic_lights(builder: _SceneBuilder, town: Town) -> None:
    entries: dict[float, ModelEntry] = {}
    for site in town.traffic_lights:
        if site.arm_m not in entries:
            entries[site.arm_m] = builder.add_model(builder.models.traffic_light(site.arm_m))
        builder.light_rows[site.opendrive_id] = builder.num_rows
        builder.object_rows += [builder.num_rows] * (1 + site.num_heads)  # its pieces are one model
        rotation = rotation_axes(site.pose.rotation).T.astype(np.float32)
        builder.place(entries[site.arm_m], rotation, site.pose.location, seed=0)


def _add_placements(builder: _SceneBuilder, placements: Sequence[Placement]) -> None:
    """All placements in their order, filled in kind by kind."""
    rows = blank_rows(len(placements))
    kinds = np.array([placement.kind for placement in placements])
    yaw = np.radians([placement.yaw_deg for placement in placements])
    scale = np.array([placement.scale for placement in placements], np.float32)
    origins = np.array([placement.location for placement in placements], np.float32).reshape(-1, 3)
    rotations = np.zeros((len(placements), 3, 3), np.float32)
    rotations[:, 0, 0] = rotations[:, 1, 1] = np.cos(yaw)
    rotations[:, 1, 0], rotations[:, 0, 1], rotations[:, 2, 2] = np.sin(yaw), -np.sin(yaw), 1.0
    rotations *= scale[:, None, None]
    for kind in sorted(set(kinds.tolist())):
        which = np.flatnonzero(kinds == kind)
        model = builder.models.placement(kind)
        entry = builder.add_model(model)
        rows[which] = placed_rows(entry, rotations[which], origins[which])
        emitter = _lamp_point(model.levels[0][1])
        if emitter is not None:
            builder.lamps.append(rotations[which] @ emitter + origins[which])
            builder.lamp_rows.append(builder.num_rows + which)
        if kind.startswith(FOOTPRINT_KINDS):
            builder.footprints.append(_footprints(entry, rows[which], scale[which]))
            builder.footprint_rows.append(builder.num_rows + which)
    seeds = np.array([placement.seed & 0xFFFFFFFF for placement in placements], np.uint32)
    rows["seed"] = seeds
    chance = [_chances(seeds, salt) for salt in range(4)]
    low, high = _LEAF_TINT
    rows["tint"][:, Part.LEAF] = low + (high - low) * np.stack(chance[:3], axis=1)
    paints = linear_from_srgb(PARKED_PAINTS / 255.0)
    rows["tint"][:, Part.PAINT] = paints[(chance[3] * len(paints)).astype(int)]
    builder.object_rows += range(builder.num_rows, builder.num_rows + len(rows))
    builder.rows.append(rows)
    builder.num_rows += len(rows)


def _footprints(entry: ModelEntry, rows: Records, scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 6) rows of ``Scene.footprints`` for upright placements of one model."""
    half = (entry.box_max - entry.box_min)[None, :2] / 2.0 * scale[:, None]
    heading = rows["rotation"][:, :2, 0] / scale[:, None]
    return np.concatenate([rows["center"][:, :2], heading, half], axis=1).astype(np.float32)


def _chances(seeds: NDArray[np.uint32], salt: int) -> NDArray[np.float64]:
    """(N,) numbers in [0, 1) that follow from the seeds: a multiplicative hash, one draw for each salt."""
    mixed = (seeds.astype(np.uint64) + np.uint64(salt + 1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2.0**53)


def _lamp_point(mesh: Mesh) -> NDArray[np.float32] | None:
    """Middle of a model's street-lamp triangles, or None when it has none."""
    lit = mesh.triangles[mesh.parts == Part.STREET_LAMP]
    if not len(lit):
        return None
    return np.asarray(mesh.positions[lit].reshape(-1, 3).mean(axis=0), np.float32)
