"""Lots and placements: on free ground, clear of one another, of the road and of where walkers walk."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.blocks import blocks_of
from sim_scenarios.embedded_simulator.road.navigation_mesh import Area
from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.placing import FOOTPRINTS, TREES
from sim_scenarios.embedded_simulator.road.polygons import Rectangle, contains
from sim_scenarios.embedded_simulator.road.town import PLACEMENT_KINDS, Lot, Placement, Town
from sim_scenarios.embedded_simulator.road.walkways import walk_polygons


def _lot_rectangle(lot: Lot) -> Rectangle:
    return Rectangle(lot.center.x, lot.center.y, math.radians(lot.yaw_deg), 0.5 * lot.depth_m, 0.5 * lot.width_m)


def _footprint(placement: Placement) -> Rectangle:
    half_x, half_y = FOOTPRINTS[placement.kind]
    scale = 1.0 if placement.kind in TREES else placement.scale
    yaw = math.radians(placement.yaw_deg)
    return Rectangle(placement.location.x, placement.location.y, yaw, half_x * scale, half_y * scale)


def _rim(rectangle: Rectangle) -> np.ndarray:
    """Points (16, 2) around a rectangle, a centimetre inside it."""
    corners = rectangle.grown(-0.01).corners()
    return np.concatenate([corners + t * (np.roll(corners, -1, axis=0) - corners) for t in (0.0, 0.25, 0.5, 0.75)])


def _overlapping(rectangles: list[Rectangle]) -> list[tuple[int, int]]:
    reach = np.array([math.hypot(r.half_length, r.half_width) for r in rectangles])
    centers = np.array([[r.x, r.y] for r in rectangles])
    pairs = []
    for i, rectangle in enumerate(rectangles):
        distance = np.linalg.norm(centers[i + 1 :] - centers[i], axis=1)
        for j in np.flatnonzero(distance < reach[i] + reach[i + 1 :]) + i + 1:
            if rectangle.grown(-1e-4).overlaps(rectangles[j]):
                pairs.append((i, int(j)))
    return pairs


def test_footprints_are_known_for_every_kind_and_no_other() -> None:
    assert set(FOOTPRINTS) == set(PLACEMENT_KINDS)


def test_lots_line_every_street_and_differ(town: Town) -> None:
    assert len(town.lots) > 150
    styles = Counter(lot.style for lot in town.lots)
    assert set(styles) == {"house", "shop", "apartment", "office", "tower", "warehouse"}
    assert len({lot.seed for lot in town.lots}) == len(town.lots)
    assert max(lot.storeys for lot in town.lots) >= 15
    assert min(min(lot.depth_m, lot.width_m) for lot in town.lots) > 4.0


def test_lots_lie_inside_their_blocks_and_face_a_street(town: Town, network: Network) -> None:
    blocks = blocks_of(network)
    outside = next(block for block in blocks if block.is_outside)
    for lot in town.lots:
        rim = _rim(_lot_rectangle(lot))
        homes = [block for block in blocks if not block.is_outside and contains(block.outline, rim).all()]
        if not homes:
            assert not contains(outside.outline, rim).any()
        yaw = math.radians(lot.yaw_deg)
        front = np.array(lot.center[:2]) + (0.5 * lot.depth_m + 9.0) * np.array([math.cos(yaw), math.sin(yaw)])
        assert not any(contains(block.outline, front[None])[0] for block in homes)


def test_nothing_stands_in_anything_else(town: Town) -> None:
    rectangles = [_lot_rectangle(lot) for lot in town.lots] + [_footprint(p) for p in town.placements]
    overlapping = _overlapping(rectangles)
    rails = {len(town.lots) + i for i, p in enumerate(town.placements) if p.kind == "guard_rail"}
    # Neighbouring rails touch at their posts.
    assert [pair for pair in overlapping if not set(pair) <= rails] == []


def test_only_cars_and_roadworks_stand_on_the_road_and_only_in_bays(town: Town, network: Network) -> None:
    road = np.concatenate([s.positions[s.triangles][:, :, :2] for s in town.surfaces if s.tag == 1]).astype(float)
    low, high = road.min(axis=1), road.max(axis=1)
    for placement in town.placements:
        point = np.array(placement.location[:2])
        near = road[np.all((low < point) & (high > point), axis=1)]
        is_on_road = any(contains(triangle, point[None])[0] for triangle in near)
        if is_on_road:
            assert placement.kind.startswith("parked_") or placement.kind in ("cone", "barrier", "manhole", "drain")
            assert placement.location.z == 0.0
        else:
            assert placement.location.z > 0.15 - 1e-6
    lanes = [(street, street.path) for street in network.streets if street.profile.parking_m > 0.0]
    assert lanes
    for placement in town.placements:
        if not placement.kind.startswith("parked_") or placement.location.z > 0.0:
            continue
        assert placement.kind != "parked_bicycle"
        corners = _footprint(placement).corners()
        distance = min(_distance_to_path(path.at(np.linspace(0, path.length, 400))[0], corners) for _, path in lanes)
        assert distance > 3.5  # the half width of the driving lanes of these streets


def _distance_to_path(line: np.ndarray, points: np.ndarray) -> float:
    return float(np.min(np.linalg.norm(line[:, None] - points[None], axis=2)))


def test_the_footways_are_free(town: Town, network: Network) -> None:
    footways = [
        np.array([corner[:2] for corner in polygon.corners])
        for polygon in walk_polygons(network, blocks_of(network))
        if polygon.area is Area.SIDEWALK
    ]
    middles = np.array([polygon.mean(axis=0) for polygon in footways])
    spans = np.array([np.linalg.norm(polygon - polygon.mean(axis=0), axis=1).max() for polygon in footways])
    blocking = []
    for placement in town.placements:
        corners = _rim(_footprint(placement))
        distance = np.linalg.norm(middles - np.array(placement.location[:2]), axis=1)
        for i in np.flatnonzero(distance < spans + 4.0):
            if contains(footways[i], corners).any():
                blocking.append((placement.kind, placement.location))
    assert blocking == []


def test_lamps_light_the_street_from_both_sides(town: Town, network: Network) -> None:
    lamps = np.array([p.location[:2] for p in town.placements if p.kind == "street_lamp"])
    for street in network.streets:
        middle = street.path.at(np.linspace(20.0, street.length - 20.0, 12))[0]
        gaps = np.linalg.norm(middle[:, None] - lamps[None], axis=2).min(axis=1)
        assert gaps.max() < 24.0
    arms = 0
    for placement in town.placements:
        if placement.kind == "street_lamp" and placement.scale == 1.0:
            yaw = math.radians(placement.yaw_deg)
            head = np.array(placement.location[:2]) + 2.0 * np.array([math.cos(yaw), math.sin(yaw)])
            arms += any(
                _distance_to_path(street.path.at(np.linspace(0, street.length, 200))[0], head[None])
                < street.profile.carriageway_m + street.profile.parking_m
                for street in network.streets
            )
    assert arms == sum(p.kind == "street_lamp" and p.scale == 1.0 for p in town.placements)


def test_there_is_something_of_nearly_every_kind(town: Town) -> None:
    kinds = Counter(p.kind for p in town.placements)
    assert set(PLACEMENT_KINDS) - set(kinds) == {"sign_speed_90", "train_carriage"}
    assert kinds["tree_broadleaf"] + kinds["tree_round"] + kinds["tree_conifer"] > 500
    assert sum(count for kind, count in kinds.items() if kind.startswith("parked_")) > 50


def test_guard_rails_follow_the_outside_of_a_curve(town: Town) -> None:
    rails = [p for p in town.placements if p.kind == "guard_rail"]
    assert len(rails) > 20
    assert len({round(p.yaw_deg) for p in rails}) > 15


@pytest.mark.parametrize("kind", ["sign_stop", "sign_yield"])
def test_priority_signs_face_the_drivers_who_must_wait(town: Town, network: Network, kind: str) -> None:
    for placement in (p for p in town.placements if p.kind == kind):
        point = np.array(placement.location[:2])
        arms = [(j, arm) for j in network.junctions for arm in j.arms]
        _, arm = min(arms, key=lambda pair: float(np.linalg.norm(pair[1].point(5.8, -4.0) - point)))
        assert math.cos(math.radians(placement.yaw_deg) - arm.yaw) == pytest.approx(1.0, abs=1e-6)
