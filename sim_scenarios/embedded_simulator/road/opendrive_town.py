"""A town from any OpenDRIVE text: what ``generate_opendrive_world`` asks for.

The parts (``opendrive_ground``) are usable on their own, for towns that have plans of their own and add buildings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from sim_scenarios.embedded_simulator.road.curves import Array, RoadError
from sim_scenarios.embedded_simulator.road.ground import CELL_M, TAG_WALL, GroundMesh
from sim_scenarios.embedded_simulator.road.navigation_mesh import write_navigation_mesh
from sim_scenarios.embedded_simulator.road.opendrive_ground import bridges, lane_paint
from sim_scenarios.embedded_simulator.road.opendrive_ground.areas import joined
from sim_scenarios.embedded_simulator.road.opendrive_ground.carriageways import add_stretch
from sim_scenarios.embedded_simulator.road.opendrive_ground.cross_sections import Level, Stretch, stretches_of
from sim_scenarios.embedded_simulator.road.opendrive_ground.junction_areas import (
    JunctionArea,
    add_junction,
    junction_area,
)
from sim_scenarios.embedded_simulator.road.opendrive_ground.land import Land, add_land, shape_land
from sim_scenarios.embedded_simulator.road.opendrive_ground.signal_sites import (
    light_sites,
    sign_placements,
    stop_lines,
)
from sim_scenarios.embedded_simulator.road.opendrive_ground.spawn_places import spawn_places
from sim_scenarios.embedded_simulator.road.opendrive_ground.walk_areas import walk_polygons
from sim_scenarios.embedded_simulator.road.opendrive_reader.reading import read_opendrive
from sim_scenarios.embedded_simulator.road.opendrive_reader.road_map import RoadMap
from sim_scenarios.embedded_simulator.road.town import Barrier, Surface, Town
from sim_scenarios.embedded_simulator.world.snapshot import Vector

LAND_CELL_M = 220.0
DEFAULT_SPEED_KMH = 30
_WALL_M = 0.2
_SHORTEST_CELL_M = 10.0
_WIDEST_M = 40_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerationParameters:
    """``carla.OpendriveGenerationParameters``, with its defaults."""

    vertex_distance: float = 2.0
    """How far apart the surface's corners are where it bends [m]."""
    max_road_length: float = 50.0
    """Longest piece of mesh [m]."""
    wall_height: float = 1.0
    """Of the walls along roads outside junctions [m]; 0 for none."""
    additional_width: float = 0.6
    """By which junctions are wider than their lanes [m]."""
    smooth_junctions: bool = True
    """Whether heights of lanes that cross are blended."""
    enable_mesh_visibility: bool = True
    enable_pedestrian_navigation: bool = True


@dataclass(kw_only=True, slots=True, eq=False)
class RoadGround:
    """Everything built from the roads of a map."""

    roads: RoadMap
    stretches: list[Stretch]
    """All of them, those through junctions too."""
    junctions: list[JunctionArea]
    land: Land
    surfaces: tuple[Surface, ...]
    barriers: tuple[Barrier, ...]
    footprint: shapely.Geometry = field(repr=False)
    """Plan of all roads and junctions that lie on the land."""


def town_from_opendrive(text: str, *, name: str, generation: GenerationParameters | None = None, seed: int = 0) -> Town:
    """The town of an OpenDRIVE text; equal arguments give equal bytes. ``seed`` chooses nothing as yet.

    Raises:
        RoadError: The text is not OpenDRIVE or describes what cannot be built.
    """
    generation = generation or GenerationParameters()
    roads = read_opendrive(text)
    ground = build_ground(roads, generation)
    walks = walk_polygons(roads, ground.stretches, ground.junctions) if generation.enable_pedestrian_navigation else []
    low = np.min([surface.positions.min(axis=0) for surface in ground.surfaces], axis=0)
    high = np.max([surface.positions.max(axis=0) for surface in ground.surfaces], axis=0)
    return Town(
        name=name,
        opendrive=text,
        spawn_points=spawn_places(ground.stretches),
        surfaces=ground.surfaces,
        lots=(),
        placements=sign_placements(roads),
        traffic_lights=light_sites(roads),
        navigation_mesh=write_navigation_mesh(walks) if walks else b"",
        bounds_min=Vector(*(float(v) for v in low)),
        bounds_max=Vector(*(float(v) for v in high)),
        speed_limits_kmh=speed_limits_kmh(roads),
        barriers=ground.barriers,
        shows_surfaces=generation.enable_mesh_visibility,
    )


def speed_limits_kmh(roads: RoadMap) -> dict[int, int]:
    """Limit of every road by id, CARLA's default where the file says nothing."""
    return {road.id: round(road.speed_kmh or DEFAULT_SPEED_KMH) for road in roads.roads.values()}


def build_ground(roads: RoadMap, generation: GenerationParameters) -> RoadGround:
    """Surfaces of roads, junctions, bridges, tunnels, paint and land."""
    stretches = _stretches(roads, generation)
    _require_sensible_size(stretches)
    through: dict[int, list[Stretch]] = {}
    for stretch in stretches:
        if stretch.road.junction_id != -1:
            through.setdefault(stretch.road.junction_id, []).append(stretch)
    plain = [stretch for stretch in stretches if stretch.road.junction_id == -1]
    arms = shapely.STRtree([stretch.outline() for stretch in plain])
    areas = [
        junction_area(
            number,
            members,
            arms,
            additional_width_m=generation.additional_width,
            is_smooth=generation.smooth_junctions,
        )
        for number, members in sorted(through.items())
    ]
    junctions = [area for area in areas if area is not None]
    if not plain and not junctions:
        raise RoadError("none of the roads has a lane to drive on, expected at least one")
    mesh, far = GroundMesh(), GroundMesh()
    for stretch in plain:
        add_stretch(mesh, stretch)
    for junction in junctions:
        add_junction(mesh, junction)
    footprint, edges, lids = _seen_from_above(plain, junctions)
    land = shape_land(edges, lids=lids)
    barriers = _add_structures(mesh, plain, footprint, land, generation)
    _add_paint(mesh, roads, stretches)
    add_land(mesh, far, land, footprint, edges)
    cell_m = min(CELL_M, max(generation.max_road_length, _SHORTEST_CELL_M))
    return RoadGround(
        roads=roads,
        stretches=stretches,
        junctions=junctions,
        land=land,
        surfaces=(*mesh.surfaces(cell_m=cell_m), *far.surfaces(cell_m=LAND_CELL_M)),
        barriers=tuple(barriers),
        footprint=footprint,
    )


def _require_sensible_size(stretches: Sequence[Stretch]) -> None:
    if not stretches:
        raise RoadError("none of the roads has a lane with a type, expected at least one")
    low = np.min([stretch.points.min(axis=(0, 1)) for stretch in stretches], axis=0)
    span = np.max([stretch.points.max(axis=(0, 1)) for stretch in stretches], axis=0) - low
    if span.max() > _WIDEST_M:
        raise RoadError(f"the roads span {span[0]:g} x {span[1]:g} x {span[2]:g} m, expected at most {_WIDEST_M:g}")


def _stretches(roads: RoadMap, generation: GenerationParameters) -> list[Stretch]:
    distance = max(generation.vertex_distance, 0.5)
    by_road = {road.id: stretches_of(road, vertex_distance_m=distance) for road in roads.roads.values()}
    for road_id, spans in bridges.bridges_over(by_road).items():
        by_road[road_id] = stretches_of(roads.roads[road_id], vertex_distance_m=distance, spans=spans)
    return [stretch for members in by_road.values() for stretch in members]


def _seen_from_above(
    plain: Sequence[Stretch], junctions: Sequence[JunctionArea]
) -> tuple[shapely.Geometry, list[Array], list[Array]]:
    """Plan of what lies on the land, its edges (N, 3), and the middles (N, 3) of bridges."""
    plans: list[shapely.Geometry] = []
    edges: list[Array] = []
    lids: list[Array] = []
    for stretch in plain:
        if stretch.level is Level.BRIDGE:
            lids += [stretch.edge(0), stretch.edge(-1), 0.5 * (stretch.edge(0) + stretch.edge(-1))]
            continue
        wall_m = bridges.TUNNEL_WALL_M if stretch.level is Level.TUNNEL else 0.0
        plans.append(stretch.outline().buffer(wall_m, join_style="mitre"))
        left, right = stretch.outer_edges() if stretch.level is Level.LAND else bridges.tunnel_roof(stretch)
        edges += [left, right]
        # Both ends lie as low as the road, whatever is raised beside it or lies above.
        edges += [stretch.points[[0, -1], at] for at in (0, -1)]
    for junction in junctions:
        plans.append(junction.outline)
        edges += junction.edges()
    if not edges:  # nothing but bridges: the land lies well below them
        edges = [lid - np.array([0.0, 0.0, bridges.CLEARANCE_M + bridges.DECK_M]) for lid in lids]
    return joined(plans), edges, lids


def _add_structures(
    mesh: GroundMesh,
    plain: Sequence[Stretch],
    footprint: shapely.Geometry,
    land: Land,
    generation: GenerationParameters,
) -> list[Barrier]:
    barriers: list[Barrier] = []
    for stretch in plain:
        if stretch.level is Level.BRIDGE:
            barriers += bridges.add_bridge(mesh, stretch)
            barriers += bridges.add_pillars(mesh, stretch, footprint, land.at)
        elif stretch.level is Level.TUNNEL:
            bridges.add_tunnel(mesh, stretch)
            barriers += bridges.tunnel_barriers(stretch)
        elif generation.wall_height > 0.0:
            for edge, sign in zip(stretch.outer_edges(), (-1.0, 1.0), strict=True):
                barriers += bridges.add_wall(mesh, stretch, edge, sign, _WALL_M, generation.wall_height, TAG_WALL)
    return barriers


def _add_paint(mesh: GroundMesh, roads: RoadMap, stretches: Sequence[Stretch]) -> None:
    intervals = {road.id: lane_paint.crosswalk_intervals(road) for road in roads.roads.values()}
    for stretch in stretches:
        lane_paint.add_marks(mesh, stretch, intervals[stretch.road.id])
    for road in roads.roads.values():
        for thing in lane_paint.crosswalks_of(road):
            lane_paint.add_crosswalk(mesh, road, thing)
    for road, s, rights in stop_lines(roads):
        lane_paint.add_stop_line(mesh, road, s, rights)
