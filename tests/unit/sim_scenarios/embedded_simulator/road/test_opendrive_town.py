"""Towns from OpenDRIVE texts: what is built agrees with what the client's own map says."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.curves import RoadError
from sim_scenarios.embedded_simulator.road.opendrive_town import GenerationParameters, town_from_opendrive
from sim_scenarios.embedded_simulator.road.town import Surface, Town
from sim_scenarios.embedded_simulator.world.ground import Ground
from tests import opendrive_texts as texts

_TEXTS = {
    "hill": texts.hill(),
    "loop over itself": texts.loop_over_itself(),
    "T": texts.t_junction(),
    "T on a slope": texts.t_junction(slope=0.03),
    "tunnel": texts.tunnel(),
}
_ROAD, _SIDEWALK, _TERRAIN, _LINE, _BRIDGE = 1, 2, 10, 24, 26


@pytest.fixture(scope="module")
def towns() -> dict[str, Town]:
    return {name: town_from_opendrive(text, name="OpenDriveMap") for name, text in _TEXTS.items()}


def _waypoints(text: str, step: float = 1.5) -> list[carla.Waypoint]:
    return carla.Map("test", text).generate_waypoints(step)


def _all_lanes(text: str) -> np.ndarray:
    places = [waypoint.transform.location for waypoint in _waypoints(text)]
    return np.array([(place.x, place.y, place.z) for place in places])


@pytest.mark.parametrize("name", sorted(_TEXTS))
def test_the_ground_is_as_high_as_the_clients_waypoints(towns: dict[str, Town], name: str) -> None:
    ground, points = Ground(towns[name]), _all_lanes(_TEXTS[name])
    off = np.abs(ground.heights(points) - points[:, 2])
    in_junction = np.array([waypoint.is_junction for waypoint in _waypoints(_TEXTS[name])])
    assert off[~in_junction].max() < 0.02
    # Roads are level across, so the lanes that cross on a slope disagree by 3 % of half a carriageway.
    assert off.max() < (0.06 if name == "T on a slope" else 0.02)
    assert {ground.tag(*point) for point in points.tolist()} == {_ROAD}


def test_our_own_towns_text_builds_the_same_roads(town: Town) -> None:
    built = Ground(town_from_opendrive(town.opendrive, name="again"))
    points = _all_lanes(town.opendrive)[::5]
    assert np.abs(built.heights(points) - points[:, 2]).max() < 0.02
    ours, rng = Ground(town), np.random.default_rng(0)
    around = np.concatenate([rng.uniform(-210.0, 180.0, (4000, 2)), np.zeros((4000, 1))], axis=1)
    tags = np.array([[ground.tag(*point) for point in around.tolist()] for ground in (ours, built)])
    is_road = tags == _ROAD
    # The client's text knows no corners of kerbs: where those are rounded, the two may differ.
    assert np.mean(is_road[0] != is_road[1]) < 0.02


@pytest.mark.parametrize("name", sorted(_TEXTS))
def test_there_is_ground_everywhere(towns: dict[str, Town], name: str) -> None:
    town = towns[name]
    ground, rng = Ground(town), np.random.default_rng(1)
    low, high = np.array(town.bounds_min)[:2] + 1.0, np.array(town.bounds_max)[:2] - 1.0
    close = np.array([pose.location for pose in town.spawn_points])[:, :2]
    around = close[rng.integers(0, len(close), 4000)] + rng.uniform(-25.0, 25.0, (4000, 2))
    points = np.concatenate([rng.uniform(low, high, (2000, 2)), around])
    points = np.concatenate([points, np.full((len(points), 1), 100.0)], axis=1)
    assert 0 not in {ground.tag(*point) for point in points.tolist()}


def test_the_land_meets_the_roads_and_stays_below_bridges(towns: dict[str, Town]) -> None:
    ground = Ground(towns["hill"])
    beside = np.array(
        [
            (x, -20.0 + sign * (9.5 + away), 9.0)
            for x in range(-135, 136, 9)
            for sign in (-1, 1)
            for away in (-0.05, 0.3)
        ]
    )
    steps = ground.heights(beside).reshape(-1, 2)
    assert np.abs(np.diff(steps, axis=1)).max() < 0.1
    assert ground.tag(0.0, -29.8, 9.0) == _TERRAIN
    under = Ground(towns["loop over itself"])
    for y in np.arange(-4.0, 4.1, 0.5):
        assert under.height(1.0, y, 0.0) < 0.2
        assert under.height(1.0, y, 7.0) == pytest.approx(texts.BRIDGE_M, abs=0.16)
    assert under.height(1.0, 1.0, 50.0) == pytest.approx(texts.BRIDGE_M)
    assert under.tag(1.0, 1.0, 50.0) == _ROAD


def test_a_bridge_has_an_underside_and_parapets(towns: dict[str, Town]) -> None:
    town = towns["loop over itself"]
    deck = [surface for surface in town.surfaces if surface.tag == _BRIDGE]
    normals = np.concatenate([_normals(surface) for surface in deck])
    assert normals[:, 2].min() < -0.99
    assert {surface.material for surface in deck} == {"concrete"}
    parapets = [barrier for barrier in town.barriers if barrier.tag == _BRIDGE]
    assert len(parapets) > 2
    for barrier in parapets:
        assert math.hypot(barrier.center.x, barrier.center.y) < 25.0


def _normals(surface: Surface) -> np.ndarray:
    corners = surface.positions[surface.triangles].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def test_a_tunnel_has_a_road_a_ceiling_and_land_on_top(towns: dict[str, Town]) -> None:
    town = towns["tunnel"]
    ground = Ground(town)
    for waypoint in _waypoints(_TEXTS["tunnel"], 5.0):
        place = waypoint.transform.location
        from_above = (place.x, place.y, 60.0)
        is_inside = 112.0 < waypoint.s < 198.0
        assert ground.tag(place.x, place.y, place.z) == _ROAD
        if is_inside or not 108.0 < waypoint.s < 202.0:
            expected = (_TERRAIN, True) if is_inside else (_ROAD, False)
            assert (ground.tag(*from_above), ground.height(*from_above) > 5.0) == expected
    walls = [surface for surface in town.surfaces if surface.tag == 4]
    normals = np.concatenate([_normals(surface) for surface in walls])
    assert np.count_nonzero(normals[:, 2] < -0.99) > 10
    assert {barrier.tag for barrier in town.barriers} == {4}


@pytest.mark.parametrize("name", sorted(_TEXTS))
def test_paint_lies_on_the_road(towns: dict[str, Town], name: str) -> None:
    ground = Ground(towns[name])
    for surface in towns[name].surfaces:
        if surface.tag == _LINE:
            middles = surface.positions[surface.triangles].mean(axis=1).astype(np.float64)
            above = middles[:, 2] - ground.heights(middles)
            assert above.min() > 0.004
            assert above.max() < 0.02


def test_a_junction_is_one_surface_without_overlaps(towns: dict[str, Town]) -> None:
    seen = Ground(towns["T"])
    rng = np.random.default_rng(2)
    points = np.concatenate([rng.uniform((-9.0, -9.0), (9.0, 3.0), (4000, 2)), np.zeros((4000, 1))], axis=1)
    hits = np.array([_num_on_top(seen, point) for point in points])
    assert hits.max() == 1
    assert np.mean(hits == 1) > 0.98


def _num_on_top(ground: Ground, point: np.ndarray) -> int:
    grid = ground.grid
    cell = int((point[1] - grid.top) // grid.cell_m) * grid.columns + int((point[0] - grid.left) // grid.cell_m)
    entries = grid.entries[grid.starts[cell] : grid.starts[cell + 1]]
    away = grid.edges[entries, :, 0] * point[0] + grid.edges[entries, :, 1] * point[1] + grid.edges[entries, :, 2]
    planes = grid.planes[entries[(away > 5e-3).all(axis=1)]]
    heights = planes[:, 0] * point[0] + planes[:, 1] * point[1] + planes[:, 2]
    return int(np.count_nonzero(heights > heights.max(initial=-math.inf) - 0.01))  # none on an edge


@pytest.mark.parametrize("name", sorted(_TEXTS))
def test_spawn_points_are_in_their_lanes(towns: dict[str, Town], name: str) -> None:
    carla_map, points = carla.Map("test", _TEXTS[name]), towns[name].spawn_points
    assert len(points) >= {"hill": 50, "loop over itself": 40}.get(name, 15)
    places = np.array([pose.location for pose in points])
    apart = (places[:, None] - places) * (1.0, 1.0, 2.0)  # one may stand above the other
    assert (np.linalg.norm(apart, axis=2) + 100.0 * np.eye(len(places))).min() > 8.0
    for pose in points:
        waypoint = carla_map.get_waypoint(carla.Location(*pose.location))
        offset = waypoint.transform.location - carla.Location(*pose.location)
        assert math.hypot(offset.x, offset.y) < 0.1
        assert offset.z == pytest.approx(-0.3, abs=0.03)
        assert math.cos(math.radians(waypoint.transform.rotation.yaw - pose.rotation.yaw)) > 0.9999
        pitch = math.remainder(waypoint.transform.rotation.pitch - pose.rotation.pitch, 360.0)
        assert pitch == pytest.approx(0.0, abs=0.2)
        assert not waypoint.is_junction


def test_lights_take_turns_by_their_controllers_and_stand_where_the_file_says(towns: dict[str, Town]) -> None:
    sites = {site.opendrive_id: site for site in towns["T"].traffic_lights}
    assert {key: (site.group, site.phase) for key, site in sites.items()} == {
        "11": (50, 0),
        "12": (50, 1),
        "13": (50, 0),
    }
    west = sites["13"]
    assert west.pose.location == pytest.approx((-18.0, 4.2, 0.0))
    assert west.pose.rotation.yaw == pytest.approx(-180.0) or west.pose.rotation.yaw == pytest.approx(180.0)
    assert west.stop_lane_yaw_deg == pytest.approx(0.0)
    assert west.arm_m == pytest.approx(2.45)  # from the pole to the middle of the lane
    assert [placement.kind for placement in towns["T"].placements] == ["sign_speed_30"] * 3
    assert set(towns["T"].speed_limits_kmh.values()) == {40}


def test_parameters_are_heeded(towns: dict[str, Town]) -> None:
    text = _TEXTS["T"]
    usual = towns["T"]
    plain = town_from_opendrive(
        text,
        name="plain",
        generation=GenerationParameters(
            wall_height=0.0, additional_width=0.0, enable_mesh_visibility=False, enable_pedestrian_navigation=False
        ),
    )
    assert all(barrier.center.z - barrier.extent.z == pytest.approx(0.15) for barrier in usual.barriers)
    assert (len(usual.barriers) > 0, plain.barriers) == (True, ())
    assert (usual.shows_surfaces, plain.shows_surfaces) == (True, False)
    assert (len(usual.navigation_mesh) > 1000, plain.navigation_mesh) == (True, b"")
    coarse = town_from_opendrive(_TEXTS["hill"], name="coarse", generation=GenerationParameters(vertex_distance=8.0))
    assert sum(len(s.triangles) for s in coarse.surfaces) < sum(len(s.triangles) for s in towns["hill"].surfaces)
    long = town_from_opendrive(_TEXTS["hill"], name="long", generation=GenerationParameters(max_road_length=20.0))
    assert max(float(np.ptp(s.positions[:, 0])) for s in long.surfaces if s.tag == _ROAD) < 45.0


def test_equal_texts_give_equal_towns(towns: dict[str, Town]) -> None:
    again = town_from_opendrive(_TEXTS["T on a slope"], name="OpenDriveMap")
    first = towns["T on a slope"]
    for name in (
        "spawn_points",
        "placements",
        "traffic_lights",
        "barriers",
        "navigation_mesh",
        "bounds_min",
        "bounds_max",
    ):
        assert getattr(again, name) == getattr(first, name)
    for a, b in zip(again.surfaces, first.surfaces, strict=True):
        assert a.positions.tobytes() == b.positions.tobytes()
        assert a.triangles.tobytes() == b.triangles.tobytes()


def test_what_is_no_map_is_refused() -> None:
    with pytest.raises(RoadError, match="expected <OpenDRIVE>"):
        town_from_opendrive("<html></html>", name="x")
