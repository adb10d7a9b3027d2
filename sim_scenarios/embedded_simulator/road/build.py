"""Builds a town from its plan; the only entrance to this folder.

The street network, its OpenDRIVE text, signals, spawn points and navigation mesh depend on the plan alone; the seed
chooses buildings, planting, furniture and parked cars.
"""

from __future__ import annotations

import difflib

import numpy as np

from sim_scenarios.embedded_simulator.road.blocks import blocks_of
from sim_scenarios.embedded_simulator.road.curves import RoadError
from sim_scenarios.embedded_simulator.road.furniture import furnish_streets
from sim_scenarios.embedded_simulator.road.ground import GroundMesh
from sim_scenarios.embedded_simulator.road.layout import build_network
from sim_scenarios.embedded_simulator.road.lots import build_lots
from sim_scenarios.embedded_simulator.road.navigation_mesh import write_navigation_mesh
from sim_scenarios.embedded_simulator.road.opendrive import speed_limits_kmh, write_opendrive
from sim_scenarios.embedded_simulator.road.paint import add_paint
from sim_scenarios.embedded_simulator.road.placing import Placer
from sim_scenarios.embedded_simulator.road.plan import TownPlan
from sim_scenarios.embedded_simulator.road.plans import PLANS
from sim_scenarios.embedded_simulator.road.planting import plant_block
from sim_scenarios.embedded_simulator.road.polygons import Claims
from sim_scenarios.embedded_simulator.road.relief_town import build_relief_town
from sim_scenarios.embedded_simulator.road.signals import traffic_light_sites
from sim_scenarios.embedded_simulator.road.spawn_points import APART_M, largest_vehicle_at, spawn_points
from sim_scenarios.embedded_simulator.road.surfaces import add_block_ground, add_forecourts, add_network
from sim_scenarios.embedded_simulator.road.terrain import CELL_M as LAND_CELL_M
from sim_scenarios.embedded_simulator.road.terrain import add_land
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.road.walkways import walk_polygons
from sim_scenarios.embedded_simulator.world.snapshot import Vector

TOWN_NAMES: tuple[str, ...] = tuple(PLANS)
_LAYERED = "_Opt"
"""CARLA's suffix for a town with layers that can be unloaded; the town is the same."""


def build_town(name: str, *, seed: int = 0) -> Town:
    """The town called ``name``; equal arguments give equal bytes.

    ``Town10HD_Opt`` gives the same result as ``Town10HD``.

    Raises:
        RoadError: for an unknown name.
    """
    plan = PLANS.get(name.removesuffix(_LAYERED))
    if plan is None:
        close = difflib.get_close_matches(name, TOWN_NAMES, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise RoadError(f"unknown town {name!r}, expected one of: {', '.join(TOWN_NAMES)}{hint}")
    return _build_level_town(plan, seed) if plan.is_level else build_relief_town(plan, seed=seed)


def _build_level_town(plan: TownPlan, seed: int) -> Town:
    network = build_network(plan)
    blocks = blocks_of(network)
    rng = np.random.default_rng(seed)

    mesh, land = GroundMesh(), GroundMesh()
    add_network(mesh, network)
    add_paint(mesh, network)
    claims = Claims()
    lots = []
    for block in blocks:
        if block.is_outside:
            add_land(mesh, land, block)
        else:
            add_block_ground(mesh, block)
        built = build_lots(block, claims, rng)
        add_forecourts(mesh, block, built)
        lots += built
    placer = Placer(claims, rng)
    furnish_streets(network, blocks, claims, placer, mesh)
    for block in blocks:
        plant_block(block, placer, mesh)
    poses = spawn_points(network)
    placer.clear((largest_vehicle_at(pose) for pose in poses), APART_M)
    surfaces = (*mesh.surfaces(), *land.surfaces(cell_m=LAND_CELL_M))
    low = np.min([surface.positions.min(axis=0) for surface in surfaces], axis=0)
    high = np.max([surface.positions.max(axis=0) for surface in surfaces], axis=0)
    return Town(
        name=plan.name,
        opendrive=write_opendrive(network),
        spawn_points=poses,
        surfaces=surfaces,
        lots=tuple(lots),
        placements=tuple(placer.placements),
        traffic_lights=traffic_light_sites(network),
        navigation_mesh=write_navigation_mesh(walk_polygons(network, blocks)),
        bounds_min=Vector(*(float(v) for v in low)),
        bounds_max=Vector(*(float(v) for v in high)),
        speed_limits_kmh=speed_limits_kmh(network),
    )
