from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.metrics.ego_track import ego_track
from harness.closed_loop.metrics.road_use import ROAD, RoadUse, road_use
from tests.unit.harness.closed_loop.made_logs import make_log

LANE_TYPES = {
    "NONE": 1, "Driving": 2, "Stop": 4, "Shoulder": 8, "Biking": 16, "Sidewalk": 32, "Border": 64, "Restricted": 128,
    "Parking": 256, "Bidirectional": 512, "Median": 1024, "Special1": 2048, "Special2": 4096, "Special3": 8192,
    "RoadWorks": 16384, "Tram": 32768, "Rail": 65536, "Entry": 131072, "Exit": 262144, "OffRamp": 524288,
    "OnRamp": 1048576,
}  # fmt: skip
FOR_CARS = {"Driving", "Parking", "Bidirectional", "Entry", "Exit", "OffRamp", "OnRamp"}


def use_of(log: EpisodeLog, **changes: np.ndarray) -> RoadUse:
    changed = replace(log, **changes)
    return road_use(changed, ego_track(changed))


@pytest.mark.parametrize(("name", "value"), LANE_TYPES.items())
def test_a_road_is_where_cars_may_drive(name: str, value: int) -> None:
    log = make_log(moves=[{"ticks": 2, "speed": 1.0}])
    found = use_of(log, on_lane_types=np.full((2, 5), value, np.int32))
    assert found.off_road.tolist() == [name not in FOR_CARS] * 2
    assert found.wheels_off_road.tolist() == [name not in FOR_CARS] * 2


def test_the_values_are_carlas() -> None:
    carla = pytest.importorskip("carla")
    assert LANE_TYPES.items() <= {name: int(value) for name, value in carla.LaneType.names.items()}.items()
    assert sum(LANE_TYPES[name] for name in FOR_CARS) == ROAD


@pytest.mark.parametrize("corner", [1, 2, 3, 4])
def test_one_corner_is_enough_for_the_wheels(corner: int) -> None:
    types = np.full((2, 5), 2, np.int32)
    types[1, corner] = 32
    found = use_of(make_log(moves=[{"ticks": 2, "speed": 1.0}]), on_lane_types=types)
    assert found.off_road.tolist() == [False, False]
    assert found.wheels_off_road.tolist() == [False, True]


def test_between_the_lanes_of_a_junction_is_road_but_outside_leaderboards_lanes() -> None:
    log = make_log(start=(0.0, 3.0, 0.0), moves=[{"ticks": 11, "speed": 1.0}])
    inside, outside = (use_of(log, in_junction=np.full(11, flag)) for flag in (True, False))
    assert not inside.off_road.any()
    assert not inside.wheels_off_road.any()
    assert outside.off_road.all()
    assert inside.outside_lanes_share == outside.outside_lanes_share == 1.0
    far = make_log(start=(0.0, 5.5, 0.0), moves=[{"ticks": 11, "speed": 1.0}])
    assert use_of(far, in_junction=np.ones(11, np.bool_)).off_road.all()


@pytest.mark.parametrize(("yaw", "wrong", "outside"), [(80, False, False), (100, True, False), (130, True, True)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_which_way_is_wrong(yaw: float, wrong: bool, outside: bool, sign: int) -> None:
    log = make_log(start=(10.0, 0.0, sign * yaw), moves=[{"ticks": 2, "speed": 0.0}])
    found = use_of(log)
    assert (found.wrong_way.all(), found.outside_lanes.all()) == (wrong, outside)
    lanes = log.lane_centers.copy()
    lanes[:, 2] = 360.0 * sign  # the same direction
    assert use_of(log, lane_centers=lanes).wrong_way.all() == wrong
    junction = use_of(log, in_junction=np.ones(2, np.bool_))
    assert not junction.wrong_way.any()
    assert not junction.outside_lanes.any()


def test_the_share_is_of_the_way_not_of_the_time() -> None:
    log = make_log(moves=[{"ticks": 20, "speed": 10.0}, {"ticks": 80, "speed": 0.0}], sidesteps=[(11, 100, 3.0)])
    found = use_of(log)
    assert found.outside_lanes_m == pytest.approx(5.0, abs=0.02)
    assert found.outside_lanes_share == pytest.approx(0.5, abs=0.002)
    assert use_of(make_log(start=(0.0, 3.0, 0.0), moves=[{"ticks": 5, "speed": 0.0}])).outside_lanes_share == 0.0
