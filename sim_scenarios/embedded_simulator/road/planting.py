"""What grows and stands inside the blocks: parks with paths, courtyards, and the woods around the town."""

from __future__ import annotations

import math

import numpy as np

from sim_scenarios.embedded_simulator.road.blocks import Block
from sim_scenarios.embedded_simulator.road.curves import Array, wrap
from sim_scenarios.embedded_simulator.road.ground import GroundMesh
from sim_scenarios.embedded_simulator.road.parks import (
    PATH_HALF_WIDTH_M,
    PLAZA_HEIGHT_M,
    PLAZA_RADIUS_M,
    add_paving,
    park_of,
    walked,
)
from sim_scenarios.embedded_simulator.road.placing import Placer
from sim_scenarios.embedded_simulator.road.plan import BlockUse
from sim_scenarios.embedded_simulator.road.polygons import contains, distance_to_edges
from sim_scenarios.embedded_simulator.road.ponds import add_pond, pond_in
from sim_scenarios.embedded_simulator.road.terrain import land_place

_ROUND = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
_WOODS_M = (66.0, 260.0)
_WOODS_TREES = 420
_BEHIND_ROW_M = (32.0, 60.0)
_BEHIND_ROW_TREES = 130


def plant_block(block: Block, placer: Placer, mesh: GroundMesh) -> None:
    """Fill a block: a park, a courtyard, or the land outside."""
    if block.is_outside:
        _plant_land(block, placer)
    elif block.use is BlockUse.PARK:
        _plant_park(block, placer, mesh)
    else:
        _plant_courtyard(block, placer)


def _plant_park(block: Block, placer: Placer, mesh: GroundMesh) -> None:
    park = park_of(block)
    add_paving(mesh, park)
    _furnish_plaza(park.middle, placer)
    paths = (park.round_path, *(spoke.axis for spoke in park.spokes))
    for path in paths:
        _line_with_benches(path, placer)
    on_paths = np.concatenate([walked(path) for path in paths])
    plaza = park.middle + PLAZA_RADIUS_M * np.stack([np.cos(_ROUND), np.sin(_ROUND)], axis=1)
    places = _scatter(block.outline, placer, spacing=3.0, inset=8.0)
    pond = pond_in(block.outline, places, np.concatenate([on_paths, plaza, park.middle[None]]))
    if pond is not None:
        add_pond(mesh, pond)
    for point in _scatter(block.outline, placer, spacing=7.0):
        if pond is not None and np.linalg.norm(point - pond.middle) < pond.reach_m + 1.5:
            continue
        if np.min(np.linalg.norm(on_paths - point, axis=1)) < PATH_HALF_WIDTH_M + 0.8:
            continue
        if np.linalg.norm(point - park.middle) < PLAZA_RADIUS_M + 1.5:
            continue
        _plant_any(point, placer)


def _plant_any(point: Array, placer: Placer) -> None:
    kind = placer.choose(
        "tree_broadleaf", "tree_broadleaf", "tree_round", "tree_round", "tree_conifer", "bush", "bush", "flower_bed", ""
    )
    if kind:
        scale = float(placer.rng.uniform(0.8, 1.45)) if kind.startswith("tree") else float(placer.rng.uniform(0.8, 1.2))
        placer.put(kind, point, placer.turn(), gap_m=0.8, scale=scale)


def _furnish_plaza(middle: Array, placer: Placer) -> None:
    placer.put("fountain", middle, 0.0, z=PLAZA_HEIGHT_M)
    for k in range(8):
        angle = 2.0 * math.pi * (k + 0.5) / 8
        direction = np.array([math.cos(angle), math.sin(angle)])
        kind = ("bench", "planter")[k % 2]
        placer.put(kind, middle + (PLAZA_RADIUS_M - 1.6) * direction, angle + math.pi, z=PLAZA_HEIGHT_M)
    for kind, x, y in (("kiosk", PLAZA_RADIUS_M + 2.6, 2.8), ("statue", -PLAZA_RADIUS_M - 1.4, -2.8)):
        for turn in (0.0, 0.5 * math.pi, -0.5 * math.pi):  # wherever no path is in the way
            aside = np.array([x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)])
            if placer.put(kind, middle + aside, wrap(turn + (math.pi if x > 0.0 else 0.0))):
                break


def _line_with_benches(path: Array, placer: Placer) -> None:
    """A bench, bin or lamp now and then, on alternating sides, all facing the path."""
    points = walked(path)
    for number, i in enumerate(range(6, len(points) - 6, 11)):
        step = points[i + 1] - points[i - 1]
        yaw = math.atan2(step[1], step[0])
        side = 1.0 if number % 2 == 0 else -1.0
        towards = yaw - side * 0.5 * math.pi
        aside = side * (PATH_HALF_WIDTH_M + 0.55) * np.array([-math.sin(yaw), math.cos(yaw)])
        kind = ("bench", "street_lamp", "bench", "bin")[number % 4]
        placer.put(kind, points[i] + aside, towards, scale=0.75 if kind == "street_lamp" else 1.0)


def _scatter(outline: Array, placer: Placer, *, spacing: float, inset: float = 2.0) -> Array:
    """Loosely regular points (N, 2) inside an outline, at least ``inset`` [m] from it."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    xs, ys = (np.arange(low[axis], high[axis], spacing) for axis in (0, 1))
    grid = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)
    points = grid + placer.rng.uniform(0.05, 0.95, grid.shape) * spacing
    points = points[contains(outline, points)]
    return np.asarray(points[distance_to_edges(outline, points) > inset])


def _plant_courtyard(block: Block, placer: Placer) -> None:
    is_paved = block.use in (BlockUse.OFFICES, BlockUse.SHOPS)
    spacing = 12.0 if is_paved else 7.5
    for point in _scatter(block.outline, placer, spacing=spacing, inset=4.0):
        if not placer.is_free(point, 1.8):
            continue
        if not is_paved:
            _plant_any(point, placer)
        elif placer.rng.random() < 0.5:
            kind = placer.choose("parked_sedan", "parked_hatchback", "parked_suv", "parked_van")
            placer.put(kind, point, 0.5 * math.pi * int(placer.rng.integers(4)), gap_m=0.5)
        else:
            placer.put(placer.choose("tree_round", "planter", "tree_broadleaf"), point, placer.turn(), gap_m=0.5)


def _plant_land(block: Block, placer: Placer) -> None:
    """Trees behind the outer row of buildings and woods on the hills."""
    step = np.linalg.norm(np.roll(block.outline, -1, axis=0) - block.outline, axis=1)
    for count, (low, high) in ((_BEHIND_ROW_TREES, _BEHIND_ROW_M), (_WOODS_TREES, _WOODS_M)):
        starts = placer.rng.choice(len(step), size=count, p=step / step.sum())
        for i in starts:
            point, height = land_place(block, int(i), float(placer.rng.random()), float(placer.rng.uniform(low, high)))
            kind = placer.choose("tree_broadleaf", "tree_round", "tree_conifer", "tree_conifer")
            placer.put(kind, point, placer.turn(), z=height, gap_m=1.0, scale=float(placer.rng.uniform(1.0, 1.8)))
