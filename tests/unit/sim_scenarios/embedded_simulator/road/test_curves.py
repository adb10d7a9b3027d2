from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.road.curves import Path, Piece, RoadError, path_through, turn_between, wrap

S_BEND = path_through([(0, 0), (50, 0), (80, 40), (150, 40)], [30.0, 25.0])


def _end(path: Path) -> tuple[float, float, float]:
    return path.pose(path.length)


@settings(deadline=None)
@given(
    x=st.floats(-500, 500),
    y=st.floats(-500, 500),
    yaw=st.floats(-3.1, 3.1),
    length=st.floats(0.5, 200),
    radius=st.floats(5, 300),
    side=st.sampled_from([-1, 0, 1]),
)
def test_walking_along_a_piece_covers_its_length(
    x: float, y: float, yaw: float, length: float, radius: float, side: int
) -> None:
    piece = Piece(x, y, yaw, length, side / radius)
    points, _ = piece.at(np.linspace(0.0, length, 400))
    walked = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
    # Chords are shorter than arcs by at most a (step / radius)^2 / 24 share.
    assert walked == pytest.approx(length, rel=1e-2 if length > radius else 1e-3)
    assert points[0] == pytest.approx([x, y])


def test_positive_curvature_turns_from_x_towards_y() -> None:
    quarter = Piece(0.0, 0.0, 0.0, 0.5 * math.pi * 10.0, 0.1)
    points, yaws = quarter.at(np.array([quarter.length]))
    assert points[0] == pytest.approx([10.0, 10.0])
    assert yaws[0] == pytest.approx(0.5 * math.pi)


def test_pieces_of_a_rounded_polyline_join_in_place_and_heading() -> None:
    for before, after in itertools.pairwise(S_BEND.pieces):
        points, yaws = before.at(np.array([before.length]))
        assert points[0] == pytest.approx([after.x, after.y], abs=1e-9)
        assert wrap(yaws[0] - after.yaw) == pytest.approx(0.0, abs=1e-9)
    assert _end(S_BEND)[:2] == pytest.approx((150, 40))


def test_pose_and_at_agree_everywhere() -> None:
    stations = np.linspace(-5.0, S_BEND.length + 5.0, 97)
    points, yaws = S_BEND.at(stations)
    poses = np.array([S_BEND.pose(float(s)) for s in stations])
    np.testing.assert_allclose(poses[:, :2], points, atol=1e-9)
    np.testing.assert_allclose(poses[:, 2], yaws, atol=1e-9)


def test_offset_lies_to_the_right_at_the_given_distance() -> None:
    stations = np.linspace(0.0, S_BEND.length, 50)
    points, yaws = S_BEND.at(stations)
    relative = S_BEND.offset(stations, 3.5) - points
    np.testing.assert_allclose(np.linalg.norm(relative, axis=1), 3.5)
    ahead = np.stack([np.cos(yaws), np.sin(yaws)], axis=1)
    np.testing.assert_allclose(np.sum(relative * ahead, axis=1), 0.0, atol=1e-9)
    # Right of east is south, and south is +y.
    assert S_BEND.offset(0.0, 3.5)[0] == pytest.approx([0.0, 3.5])


@settings(deadline=None)
@given(low=st.floats(0.0, 60.0), span=st.floats(1.0, 60.0), share=st.floats(0.0, 1.0))
def test_a_trimmed_path_is_the_same_curve(low: float, span: float, share: float) -> None:
    part = S_BEND.trimmed(low, low + span)
    assert part.length == pytest.approx(span, abs=1e-5)
    assert part.pose(share * span) == pytest.approx(S_BEND.pose(low + share * span), abs=1e-5)


def test_stations_hold_ends_joints_and_extras_and_keep_the_steps() -> None:
    stations = S_BEND.stations(line_step_m=16.0, arc_step_m=2.0, also=(1.0, 4.0))
    assert stations[0] == 0.0
    assert stations[-1] == S_BEND.length
    assert np.all(np.diff(stations) > 1e-3)
    for s in (*S_BEND.starts, 1.0, 4.0):
        assert np.min(np.abs(stations - s)) < 1e-3
    for low, high in itertools.pairwise(stations):
        limit = 16.0 if S_BEND.curvature_at(0.5 * (low + high)) == 0.0 else 2.0
        assert high - low <= limit + 1e-6


def test_roundings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(RoadError, match="more than there is"):
        path_through([(0, 0), (10, 0), (10, 10)], [30.0])


@settings(deadline=None)
@given(ahead=st.floats(5, 60), aside=st.floats(5, 60), turn=st.floats(0.4, 2.6), side=st.sampled_from([-1.0, 1.0]))
def test_a_turn_starts_and_ends_as_asked(ahead: float, aside: float, turn: float, side: float) -> None:
    corner = np.array([ahead, 0.0])
    end_yaw = side * turn
    end = corner + aside * np.array([math.cos(end_yaw), math.sin(end_yaw)])
    path = turn_between(np.zeros(2), 0.0, end, end_yaw)
    assert path.pose(0.0) == pytest.approx((0.0, 0.0, 0.0), abs=1e-7)
    x, y, yaw = _end(path)
    assert (x, y) == pytest.approx(tuple(end), abs=1e-6)
    assert wrap(yaw - end_yaw) == pytest.approx(0.0, abs=1e-6)


def test_a_shift_between_parallel_headings_is_two_arcs() -> None:
    path = turn_between(np.zeros(2), 0.0, np.array([20.0, 3.5]), 0.0)
    assert [math.copysign(1.0, piece.curvature) for piece in path.pieces] == [1.0, -1.0]
    x, y, yaw = _end(path)
    assert (x, y, yaw) == pytest.approx((20.0, 3.5, 0.0), abs=1e-9)


def test_a_turn_that_would_lead_backwards_is_refused() -> None:
    with pytest.raises(RoadError, match="no single turn"):
        turn_between(np.zeros(2), 0.0, np.array([-20.0, 10.0]), 0.5 * math.pi)


def test_a_parallel_path_is_the_offset_of_every_point() -> None:
    path = path_through([(0.0, 0.0), (60.0, 0.0), (60.0, 80.0), (140.0, 80.0)], [20.0, 25.0])
    for right in (-9.0, 7.5):
        parallel = path.shifted(right)
        for share in np.linspace(0.0, 1.0, 40):
            piece = int(np.searchsorted(path.starts, share * path.length, side="right")) - 1
            into = (share * path.length - path.starts[piece]) / path.pieces[piece].length
            s = parallel.starts[piece] + into * parallel.pieces[piece].length
            assert parallel.at(s)[0][0] == pytest.approx(path.offset(share * path.length, right)[0], abs=1e-9)
    with pytest.raises(RoadError, match="has no parallel"):
        path.shifted(21.0)


def test_a_reversed_path_runs_through_the_same_points() -> None:
    path = path_through([(0.0, 0.0), (60.0, 0.0), (60.0, 80.0)], [20.0])
    back = path.reversed()
    s = np.linspace(0.0, path.length, 50)
    assert back.at(path.length - s)[0] == pytest.approx(path.at(s)[0], abs=1e-9)
    turn = back.at(path.length - s)[1] - path.at(s)[1]
    assert np.cos(turn) == pytest.approx(-1.0)
    assert back.reversed().offset(s, 2.0) == pytest.approx(path.offset(s, 2.0), abs=1e-9)
