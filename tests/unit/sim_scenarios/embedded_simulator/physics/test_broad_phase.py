"""Who may meet: nobody who does is left out, whoever is far is, and chains of neighbours come along."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.physics.broad_phase import Meeting, Movers, find_meeting
from sim_scenarios.embedded_simulator.physics.footprints import Footprint, penetration
from sim_scenarios.embedded_simulator.physics.scenery_grid import Scenery

Way = tuple[tuple[float, float, float], tuple[float, float, float]]
"""x, y, yaw [deg] at both ends of a tick."""


def meet(
    ways: Sequence[Way],
    *,
    scenery: Sequence[Footprint] = (),
    hidden: Sequence[int] = (),
    heights: Sequence[float] | None = None,
    free: Sequence[bool] | None = None,
    groups: Sequence[int] | None = None,
) -> Meeting:
    """Cars of 4 m by 2 m by 1.5 m."""
    count = len(ways)
    z = np.zeros(count) if heights is None else np.array(heights)
    ends = [np.array([(way[end][0], way[end][1], 0.0, 0.0, way[end][2], 0.0) for way in ways]) for end in (0, 1)]
    for end in ends:
        end[:, 2] = z
    mask = np.zeros(len(scenery), np.bool_)
    mask[list(hidden)] = True
    return find_meeting(
        Movers(
            before=ends[0],
            after=ends[1],
            centers=np.tile((0.0, 0.0, 0.75), (count, 1)),
            extents=np.tile((2.0, 1.0, 0.75), (count, 1)),
            clearances=np.zeros(count),
            is_free=np.ones(count, np.bool_) if free is None else np.array(free),
            groups=np.arange(1, count + 1) if groups is None else np.array(groups),
        ),
        Scenery(scenery),
        mask,
        farthest_m=10.0,
    )


def at(x: float, y: float, yaw: float) -> Footprint:
    return Footprint.of(x=x, y=y, yaw_deg=yaw, half_length=2.0, half_width=1.0, bottom=0.0, top=1.5)


def wall(x: float, y: float = 0.0, *, bottom: float = 0.0) -> Footprint:
    return Footprint.of(x=x, y=y, yaw_deg=0.0, half_length=0.1, half_width=3.0, bottom=bottom, top=bottom + 2.0)


def standing(x: float, y: float = 0.0) -> Way:
    return (x, y, 0.0), (x, y, 0.0)


def along(way: Way, share: float) -> Footprint:
    (x0, y0, yaw0), (x1, y1, yaw1) = way
    turn = (yaw1 - yaw0 + 180.0) % 360.0 - 180.0
    return at(x0 + share * (x1 - x0), y0 + share * (y1 - y0), yaw0 + share * turn)


POSES = st.tuples(st.floats(-6, 6), st.floats(-6, 6), st.floats(-180, 180))
STEPS = st.tuples(st.floats(-3, 3), st.floats(-3, 3), st.floats(-20, 20))
WAYS = st.builds(lambda pose, step: (pose, tuple(a + b for a, b in zip(pose, step, strict=True))), POSES, STEPS)


@given(st.lists(WAYS, min_size=2, max_size=5), st.lists(POSES, max_size=3))
def test_whoever_overlaps_on_the_way_is_found(ways: list[Way], obstacles: list[tuple[float, float, float]]) -> None:
    """Against sampling: 41 instants of the tick."""
    boxes = [at(*pose) for pose in obstacles]
    meeting = meet(ways, scenery=boxes)
    for share in np.linspace(0.0, 1.0, 41):
        now = [along(way, share) for way in ways]
        for i, box in enumerate(now):
            for j in range(i):
                hit = penetration(box, now[j])
                assert hit is None or hit.depth_m < 0.006 or {i, j} <= set(meeting.bodies)
            for k, obstacle in enumerate(boxes):
                hit = penetration(box, obstacle)
                assert hit is None or hit.depth_m < 0.006 or (i in meeting.bodies and k in meeting.obstacles)


def test_parallel_lanes_do_not_meet() -> None:
    assert meet([((0, 0, 0), (2, 0, 0)), ((0, 2.2, 0), (2, 2.2, 0))]).bodies == []


def test_crossing_without_touching_is_proved_by_the_relative_way() -> None:
    """Both pass the same point within the tick, one after the other."""
    assert meet([((0, 0, 0), (5, 0, 0)), ((12, 8, -90), (12, 5, -90))]).bodies == []


def test_a_jump_is_not_driven() -> None:
    assert meet([((-8, 0, 0), (8, 0, 0)), standing(0)]).bodies == []


def test_bodies_at_rest_against_each_other_are_left_alone() -> None:
    assert meet([standing(0), standing(4)]).bodies == []
    assert meet([standing(0), standing(3.99)]).bodies == [0, 1]


def test_neighbours_of_a_struck_body_come_along() -> None:
    """The first hits the second at 40 m/s; the third stands where the second may fly, the fourth does not."""
    meeting = meet([((-6, 0, 0), (-4, 0, 0)), standing(-1), standing(5.5), standing(16)])
    assert meeting.bodies == [0, 1, 2]


def test_scenery_behind_a_struck_body_comes_along() -> None:
    assert meet([((-6, 0, 0), (-4, 0, 0)), standing(-1)], scenery=[wall(2), wall(30)]).obstacles == [0]


def test_hidden_scenery_is_not_there() -> None:
    way = ((0.0, 0.0, 0.0), (2.0, 0.0, 0.0))
    assert meet([way], scenery=[wall(3)]).bodies == [0]
    assert meet([way], scenery=[wall(3)], hidden=[0]).bodies == []


def test_levels_do_not_meet() -> None:
    ways = [((0.0, 0.0, 0.0), (2.0, 0.0, 0.0)), standing(4)]
    assert meet(ways, heights=[0.0, 0.0]).bodies == [0, 1]
    assert meet(ways, heights=[0.0, 6.0]).bodies == []
    assert meet(ways[:1], scenery=[wall(3, bottom=5.0)]).bodies == []


def test_levels_that_matter_to_others_are_said() -> None:
    """A lorry-high wall touches the lower car; the upper one, hit by a third, must pass over it."""
    ways = [((0.0, 0.0, 0.0), (2.0, 0.0, 0.0)), ((0.0, 0.0, 0.0), (2.0, 0.0, 0.0)), standing(4)]
    meeting = meet(ways, scenery=[wall(3)], heights=[0.0, 6.0, 6.0])
    assert (meeting.bodies, meeting.obstacles, meeting.passes) == ([0, 1, 2], [0], True)


def test_what_is_not_free_meets_only_what_is() -> None:
    ways = [((0.0, 0.0, 0.0), (2.0, 0.0, 0.0)), standing(4)]
    assert meet(ways, free=[False, False], scenery=[wall(3)]).bodies == []
    assert meet(ways, free=[False, True]).bodies == [0, 1]


def test_a_group_does_not_meet_itself() -> None:
    assert meet([((0.0, 0.0, 0.0), (2.0, 0.0, 0.0)), standing(4)], groups=[7, 7]).bodies == []


def test_a_box_beside_its_origin() -> None:
    """The middle of a box turns around the origin: half a turn moves a box that lies 3 m ahead to 3 m behind."""
    ends = [np.array([(0.0, 0.0, 0.0, 0.0, yaw, 0.0)]) for yaw in (0.0, 90.0)]
    meeting = find_meeting(
        Movers(
            before=ends[0],
            after=ends[1],
            centers=np.array([(3.0, 0.0, 0.75)]),
            extents=np.array([(0.5, 0.5, 0.75)]),
            clearances=np.zeros(1),
            is_free=np.ones(1, np.bool_),
            groups=np.ones(1, np.int64),
        ),
        Scenery([]),
        np.zeros(0, np.bool_),
        farthest_m=10.0,
    )
    x, y, yaw, *_, way_x, way_y, cos_yaw, sin_yaw, way, radius, turn = meeting.flat[0]
    assert (x, y, yaw, cos_yaw, sin_yaw) == pytest.approx((3.0, 0.0, 0.0, 1.0, 0.0))
    assert (x + way_x, y + way_y) == pytest.approx((0.0, 3.0))
    assert (way, radius, turn) == pytest.approx((math.hypot(3.0, 3.0), math.hypot(0.5, 0.5), radius * math.pi / 2.0))


def test_a_pitched_nose_reaches_higher_and_lower() -> None:
    pose = np.array([(0.0, 0.0, 10.0, 30.0, 0.0, 0.0)])
    meeting = find_meeting(
        Movers(
            before=pose.copy(),
            after=pose,
            centers=np.array([(0.0, 0.0, 0.75)]),
            extents=np.array([(2.0, 1.0, 0.75)]),
            clearances=np.array([0.15]),
            is_free=np.ones(1, np.bool_),
            groups=np.ones(1, np.int64),
        ),
        Scenery([]),
        np.zeros(0, np.bool_),
        farthest_m=10.0,
    )
    tilt = 2.0 * math.sin(math.radians(30.0))
    assert meeting.flat[0, 5:7] == pytest.approx((10.0 - tilt + 0.15, 11.5 + tilt))


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300])
def test_who_is_nowhere_drags_nobody_along(value: float) -> None:
    lost = ((value, 0.0, 0.0), (value, 0.0, 0.0))
    gone = ((0.0, 0.0, 0.0), (-value, 0.0, value))
    assert meet([lost, gone, standing(30)], scenery=[wall(60)]).bodies == []
