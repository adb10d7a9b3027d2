"""``carla.Map``, waypoints, landmarks and junctions: computed by the client from the server's OpenDRIVE text."""

from __future__ import annotations

from pathlib import Path

import carla
import pytest


@pytest.fixture(scope="module")
def town(world: carla.World) -> carla.Map:
    return world.get_map()


def test_text_and_name(town: carla.Map, tmp_path: Path) -> None:
    text = town.to_opendrive()
    town.save_to_disk(str(tmp_path / "town.xodr"))
    assert (tmp_path / "town.xodr").read_text().rstrip() == text.rstrip()
    town.cook_in_memory_map(str(tmp_path / "town.bin"))
    again = carla.Map("again", text)
    assert len(again.get_topology()) == len(town.get_topology())
    assert town.name.split("/")[-1].startswith("Town")


def test_spawn_points_lie_in_lanes(town: carla.Map) -> None:
    points = town.get_spawn_points()
    assert len(points) >= 100
    for pose in points:
        lane = town.get_waypoint(pose.location, project_to_road=True, lane_type=carla.LaneType.Driving)
        assert lane.transform.location.distance(pose.location) < 1.5


def test_every_lane_leads_on(town: carla.Map) -> None:
    for _, leave in town.get_topology():
        assert leave.next(2.0), f"the lane at {leave.transform.location} ends nowhere"


def test_waypoints(town: carla.Map) -> None:
    waypoints = town.generate_waypoints(10.0)
    assert len({waypoint.id for waypoint in waypoints}) == len(waypoints)
    for waypoint in waypoints[:: max(1, len(waypoints) // 50)]:
        same = town.get_waypoint_xodr(waypoint.road_id, waypoint.lane_id, waypoint.s)
        assert same.transform.location.distance(waypoint.transform.location) < 0.01
        assert (same.section_id, same.lane_type) == (waypoint.section_id, waypoint.lane_type)
        assert waypoint.lane_width > 1.5
        assert waypoint.is_rht in (True, False)
        assert waypoint.left_lane_marking is not None
        assert waypoint.right_lane_marking is not None
        assert waypoint.lane_change is not None
        for ahead in waypoint.next(3.0):
            assert 1.0 < ahead.transform.location.distance(waypoint.transform.location) < 4.0
        for behind in waypoint.previous(3.0):
            assert 1.0 < behind.transform.location.distance(waypoint.transform.location) < 4.0


def test_lanes_can_be_walked_to_their_ends(town: carla.Map) -> None:
    here, _ = max(town.get_topology(), key=lambda pair: pair[0].transform.location.distance(pair[1].transform.location))
    inside = here.next(10.0)[0]
    assert all(w.lane_id == here.lane_id for w in inside.next_until_lane_end(5.0))
    assert all(w.road_id == here.road_id for w in inside.previous_until_lane_start(5.0)[:-1])


def test_neighbouring_lanes_touch(town: carla.Map) -> None:
    pairs = [(w, w.get_right_lane()) for w in town.generate_waypoints(20.0) if not w.is_junction]
    beside = [(one, other) for one, other in pairs if other is not None and other.lane_type == one.lane_type]
    for one, other in beside:
        gap = one.transform.location.distance(other.transform.location)
        assert gap == pytest.approx(0.5 * (one.lane_width + other.lane_width), abs=0.2)
        assert other.get_left_lane().lane_id == one.lane_id


def test_junctions_have_lanes(town: carla.Map) -> None:
    inside = [w for w in town.generate_waypoints(5.0) if w.is_junction]
    assert inside
    assert all(w.is_intersection for w in inside[:5])
    junction = inside[0].get_junction()
    assert junction.id == inside[0].junction_id
    assert junction.bounding_box.extent.x > 1.0
    for start, end in junction.get_waypoints(carla.LaneType.Driving):
        assert start.transform.location.distance(end.transform.location) > 1.0


def test_landmarks_stand_at_the_road(town: carla.Map) -> None:
    marks = town.get_all_landmarks()
    assert {mark.type for mark in marks} >= {"1000001", "274"}
    for mark in marks:
        assert town.get_all_landmarks_from_id(mark.id)
        assert mark.type in [same.type for same in town.get_all_landmarks_of_type(mark.type)]
        assert mark.waypoint is None  # it is asked for without one
        assert mark.get_lane_validities() is not None
        assert mark.s >= 0.0
        assert isinstance(mark.name + mark.country + mark.text + mark.unit + mark.sub_type, str)
        assert mark.orientation in carla.LandmarkOrientation.values.values()
        assert mark.road_id >= 0
        assert mark.is_dynamic == (mark.type == "1000001")
        numbers = (mark.t, mark.z_offset, mark.h_offset, mark.height, mark.width, mark.pitch, mark.roll, mark.value)
        assert all(isinstance(number, float) for number in numbers)
        assert town.get_landmark_group(mark) is not None


def test_landmarks_are_seen_from_the_lane(town: carla.Map) -> None:
    seen = [mark for w in town.generate_waypoints(30.0)[:60] for mark in w.get_landmarks(80.0)]
    assert seen
    assert all(mark.distance >= 0.0 for mark in seen)
    assert all(mark.transform.location.distance(mark.waypoint.transform.location) < 40.0 for mark in seen)
    kind = seen[0].type
    assert any(w.get_landmarks_of_type(80.0, kind) for w in town.generate_waypoints(30.0)[:60])


def test_marks_on_the_road(town: carla.Map) -> None:
    marks = town.get_all_road_marks()
    for mark in marks[:3]:
        assert town.get_all_road_marks_of_type(mark.type)
        assert town.get_road_marks_from_id(mark.id)
    assert town.get_all_road_marks_of_type("no such mark") == []
    assert town.get_road_marks_from_id("no such id") == []


def test_crosswalks_are_closed_polygons(town: carla.Map) -> None:
    corners = town.get_crosswalks()
    assert len(corners) >= 5
    assert len(corners) % 5 == 0


def test_places_on_the_globe_and_back(town: carla.Map) -> None:
    for place in (carla.Location(), carla.Location(100.0, -50.0, 3.0)):
        geo = town.transform_to_geolocation(place)
        back = town.geolocation_to_transform(geo)
        assert back.distance(place) < 0.5
    assert town.get_waypoint(carla.Location(1e5, 1e5, 0.0), project_to_road=False) is None
