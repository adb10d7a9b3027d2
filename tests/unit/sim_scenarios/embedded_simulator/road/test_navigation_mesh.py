"""The mesh file is parsed here by an independent reader of Detour's format; a bad one crashes the CARLA client."""

from __future__ import annotations

import struct
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.blocks import blocks_of
from sim_scenarios.embedded_simulator.road.curves import RoadError
from sim_scenarios.embedded_simulator.road.navigation_mesh import Area, WalkPolygon, write_navigation_mesh
from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.town import Town


@dataclass
class Parsed:
    vertices: np.ndarray
    faces: list[list[int]]
    neighbours: list[list[int]]
    flags: list[int]
    areas: list[int]
    details: list[list[tuple[int, int, int, int]]]
    bounds: tuple[np.ndarray, np.ndarray]


def parse(data: bytes) -> Parsed:
    magic, version, num_tiles = struct.unpack_from("<3i", data)
    assert (magic, version, num_tiles) == (0x4D534554, 1, 1)
    *origin, tile_width, tile_height, max_tiles, max_polygons = struct.unpack_from("<5f2i", data, 12)
    reference, size = struct.unpack_from("<Ii", data, 40)
    assert max_tiles == 1
    assert reference == max_polygons
    assert max_polygons & (max_polygons - 1) == 0
    assert len(data) == 48 + size
    at = 48
    header = struct.unpack_from("<15i", data, at)
    assert header[:2] == (0x444E4156, 7)
    count, num_vertices, num_links, num_details, num_detail_vertices, num_triangles, num_nodes, num_off, base = header[
        6:
    ]
    assert (num_details, num_detail_vertices, num_nodes, num_off, base) == (count, 0, 0, 0, count)
    assert max_polygons >= count
    low, high = (np.array(struct.unpack_from("<3f", data, at + offset)) for offset in (72, 84))
    assert origin == pytest.approx(low.tolist())
    assert (tile_width, tile_height) == pytest.approx((high[0] - low[0], high[2] - low[2]))
    at += 100
    vertices = np.frombuffer(data, "<f4", 3 * num_vertices, at).reshape(-1, 3)
    at += 12 * num_vertices
    faces, neighbours, flags, areas = [], [], [], []
    for _ in range(count):
        first, *rest = struct.unpack_from("<I12HHBB", data, at)
        assert first == 0xFFFFFFFF
        corners, sides, (flag, n, area) = rest[:6], rest[6:12], rest[12:]
        assert corners[n:] == sides[n:] == [0] * (6 - n)
        faces.append(corners[:n])
        neighbours.append(sides[:n])
        flags.append(flag)
        areas.append(area)
        at += 32
    assert num_links == sum(side != 0 for row in neighbours for side in row)
    at += 12 * num_links
    starts = [struct.unpack_from("<IIBB2x", data, at + 12 * i) for i in range(count)]
    at += 12 * count
    raw = np.frombuffer(data, np.uint8, 4 * num_triangles, at).reshape(-1, 4)
    assert at + 4 * num_triangles == len(data)
    details = [[tuple(map(int, row)) for row in raw[first : first + n]] for _, first, _, n in starts]
    return Parsed(vertices, faces, neighbours, flags, areas, details, (low, high))


@pytest.fixture(scope="module")
def mesh(town: Town) -> Parsed:
    return parse(town.navigation_mesh)


def test_areas_and_flags_are_carlas(mesh: Parsed) -> None:
    assert {(area, flag) for area, flag in zip(mesh.areas, mesh.flags, strict=True)} == {
        (1, 0x02),
        (2, 0x04),
        (3, 0x08),
    }


def test_all_vertices_lie_within_the_tile(mesh: Parsed) -> None:
    low, high = mesh.bounds
    assert np.all(mesh.vertices > low - 1e-3)
    assert np.all(mesh.vertices < high + 1e-3)
    assert set(np.unique(mesh.vertices[:, 1].round(3))) == {np.float32(0.0), np.float32(0.15)}


def test_polygons_are_convex_and_wound_as_detour_wants(mesh: Parsed) -> None:
    for face in mesh.faces:
        corners = mesh.vertices[face][:, [0, 2]].astype(np.float64)
        edges = np.roll(corners, -1, axis=0) - corners
        following = np.roll(edges, -1, axis=0)
        turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
        assert np.all(turns < 1e-6)
        assert np.any(turns < -1e-4)


def test_neighbours_are_mutual_and_share_the_edge(mesh: Parsed) -> None:
    for index, (face, row) in enumerate(zip(mesh.faces, mesh.neighbours, strict=True)):
        for k, side in enumerate(row):
            if side == 0:
                continue
            edge = {face[k], face[(k + 1) % len(face)]}
            other, back = mesh.faces[side - 1], mesh.neighbours[side - 1]
            shared = [
                m for m in range(len(other)) if {other[m], other[(m + 1) % len(other)]} == edge and back[m] == index + 1
            ]
            assert len(shared) == 1


def test_no_edge_is_shared_without_being_linked(mesh: Parsed) -> None:
    edges = Counter(frozenset((f[k], f[(k + 1) % len(f)])) for f in mesh.faces for k in range(len(f)))
    linked = sum(side != 0 for row in mesh.neighbours for side in row)
    assert linked == sum(count for count in edges.values() if count == 2)
    assert max(edges.values()) == 2


def test_one_can_walk_from_everywhere_to_everywhere_without_jaywalking(mesh: Parsed) -> None:
    start = mesh.areas.index(Area.SIDEWALK)
    reached, queue = {start}, deque([start])
    while queue:
        for side in mesh.neighbours[queue.popleft()]:
            if side and side - 1 not in reached and mesh.areas[side - 1] != Area.ROAD:
                reached.add(side - 1)
                queue.append(side - 1)
    assert len(reached) == sum(area != Area.ROAD for area in mesh.areas)


def test_each_side_of_a_street_can_be_reached_by_jaywalking(mesh: Parsed) -> None:
    on_road = [i for i, area in enumerate(mesh.areas) if area == Area.ROAD]
    beside = sum(any(side and mesh.areas[side - 1] == Area.SIDEWALK for side in mesh.neighbours[i]) for i in on_road)
    assert beside == 2 * len(on_road) / 5


def test_details_are_fans_with_boundary_flags(mesh: Parsed) -> None:
    for face, triangles in zip(mesh.faces, mesh.details, strict=True):
        assert [t[:3] for t in triangles] == [(0, k, k + 1) for k in range(1, len(face) - 1)]
        boundary = set()
        for a, b, c, flags in triangles:
            for bit, (p, q) in enumerate(((a, b), (b, c), (c, a))):
                if flags >> (2 * bit) & 3:
                    assert flags >> (2 * bit) & 3 == 1
                    boundary.add((p, q))
        assert boundary == {(k, (k + 1) % len(face)) for k in range(len(face))}


def test_each_arm_can_be_crossed(mesh: Parsed, network: Network) -> None:
    num_arms = sum(len(junction.arms) for junction in network.junctions)
    assert mesh.areas.count(Area.CROSSWALK) == 3 * num_arms


def test_walkers_keep_off_the_road_but_on_crosswalks(mesh: Parsed, town: Town) -> None:
    road = np.concatenate([s.positions[s.triangles][:, :, :2] for s in town.surfaces if s.tag == 1]).astype(float)
    low, high = road.min(axis=1), road.max(axis=1)
    for face, area in zip(mesh.faces, mesh.areas, strict=True):
        if area != Area.SIDEWALK:
            continue
        x, y = mesh.vertices[face][:, [0, 2]].mean(axis=0)
        near = road[np.all((low < (x, y)) & (high > (x, y)), axis=1)]
        edges = np.roll(near, -1, axis=1) - near
        relative = np.array([x, y]) - near
        sides = edges[:, :, 0] * relative[:, :, 1] - edges[:, :, 1] * relative[:, :, 0]
        assert not np.any(np.all(sides > 0, axis=1))


def test_parks_are_walked_in(mesh: Parsed, network: Network) -> None:
    park = next(block for block in blocks_of(network) if block.use.value == "park")
    middle = park.outline.mean(axis=0)
    middles = np.array([mesh.vertices[face][:, [0, 2]].mean(axis=0) for face in mesh.faces])
    assert np.linalg.norm(middles - middle, axis=1).min() < 30.0


def _square(x: float) -> WalkPolygon:
    return WalkPolygon(((x, 0.0, 0.0), (x + 1, 0.0, 0.0), (x + 1, 1.0, 0.0), (x, 1.0, 0.0)), Area.SIDEWALK)


def test_two_squares_share_two_vertices_and_an_edge() -> None:
    mesh = parse(write_navigation_mesh([_square(0.0), _square(1.0)]))
    assert len(mesh.vertices) == 6
    assert sorted(side for row in mesh.neighbours for side in row) == [0, 0, 0, 0, 0, 0, 1, 2]
    assert mesh.vertices[mesh.faces[0]].tolist() == [[0, 0, 1], [1, 0, 1], [1, 0, 0], [0, 0, 0]]


def test_detail_flags_of_a_square_are_the_ones_the_client_was_seen_to_take() -> None:
    mesh = parse(write_navigation_mesh([_square(0.0)]))
    assert mesh.details == [[(0, 1, 2, 0b000101), (0, 2, 3, 0b010100)]]


def test_an_edge_of_three_polygons_is_refused() -> None:
    flap = WalkPolygon(((1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (2.0, 0.5, 1.0)), Area.SIDEWALK)
    with pytest.raises(RoadError, match="at most two may"):
        write_navigation_mesh([_square(0.0), _square(1.0), flap])


def test_a_polygon_of_two_corners_is_refused() -> None:
    sliver = WalkPolygon(((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, 0.0)), Area.SIDEWALK)
    with pytest.raises(RoadError, match="2 different corners"):
        write_navigation_mesh([sliver])


@pytest.mark.parametrize("name", ["Town01", "Town02", "Town03", "Town04", "Town05"])
def test_one_can_walk_from_every_sidewalk_to_every_other(name: str, town_named: Callable[[str], Town]) -> None:
    mesh = parse(town_named(name).navigation_mesh)
    walked = {i for i, area in enumerate(mesh.areas) if area in (Area.SIDEWALK, Area.CROSSWALK)}
    start = min(walked)
    reached, queue = {start}, deque([start])
    while queue:
        for neighbour in mesh.neighbours[queue.popleft()]:
            if neighbour and neighbour - 1 in walked and neighbour - 1 not in reached:
                reached.add(neighbour - 1)
                queue.append(neighbour - 1)
    assert reached == walked
