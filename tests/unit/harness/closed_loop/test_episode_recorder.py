"""What an episode log is made of: counts, lines of equal length, and nothing from after the end."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.labels import CARLA_29, CITYSCAPES_19, lookup_table
from harness.carla_client.drive_log import DriveLog, LoggedActor
from harness.carla_client.ego_events import Collision, LaneInvasion
from harness.carla_client.ego_instruments import CastBox, EgoReading
from harness.carla_client.road_facts import RoadFacts
from harness.carla_client.route_plan import Command, RoutePlan
from harness.carla_client.route_progress import RoutePlace
from harness.closed_loop.episode_log import NUM_CENTER_POINTS, EpisodeKey, EpisodeLog
from harness.closed_loop.episode_recorder import EpisodeEnd, EpisodeRecorder, EpisodeSetting, resampled
from harness.closed_loop.policy import DriverState, Explanation
from sim_scenarios.weather import PRESETS
from sim_scenarios.weather_timeline import WeatherTimeline

WARMUP, TICKS = 3, 10
PLAN = RoutePlan(
    points=np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]),
    yaws_deg=np.zeros(2),
    s_m=np.array([0.0, 1.0]),
    lane_widths_m=np.full(2, 3.5),
    commands=np.full(2, Command.FOLLOW, np.uint8),
    junctions=np.zeros(2, np.bool_),
    lanes=np.zeros((2, 3), np.int32),
)
BOXES = [
    CastBox(blueprint=name, half_extents_m=(2.0, 1.0, 0.8), center_m=(0.0, 0.0, 0.8))
    for name in ("vehicle.tesla.model3", "walker.pedestrian.0001")
]


def a_recorder() -> EpisodeRecorder:
    key = EpisodeKey(scenario="a", weather="ClearNoon", width=6, height=4, fov=90.0, policy="p", repeat=1)
    timeline = WeatherTimeline.constant(PRESETS["ClearNoon"])
    return EpisodeRecorder(
        EpisodeSetting(
            key=key, scenario={"name": "a"}, timeline=timeline, rules={}, server={}, plan=PLAN, tag_set=CARLA_29
        )
    )


def a_reading(tick: int) -> EgoReading:
    return EgoReading(
        pose=(float(tick), 0.0, 0.0, 0.0, 0.0, 0.0),
        velocity=(float(tick), 0.0, 0.0),
        speed=float(tick),
        yaw_rate=0.1,
        control=(0.5, 0.0, 0.0),
        speed_limit=13.9,
        road=RoadFacts(
            lane_center=(0.0, 1.0, 2.0),
            lane_width_m=3.5,
            lane=(1, 0, -1),
            in_junction=False,
            lane_types=(2, 2, 2, 2, 32),
        ),
        route=RoutePlace(s_m=float(tick), progress_m=float(tick), distance_m=0.0),
        light_states=(0,),
    )


def a_drive_log() -> DriveLog:
    rows = WARMUP + TICKS
    numbers = np.arange(rows, dtype=np.float32)
    return DriveLog(
        scenario={}, town="t", server_version="0.9.16", fixed_delta_seconds=0.05, seed=0, warmup_ticks=WARMUP,
        record_every_n=1, actors=tuple(LoggedActor(blueprint=box.blueprint, attributes={}) for box in BOXES), ego=0,
        traffic_light_ids=("7",), frames=np.arange(rows, dtype=np.int64) + 777,
        spawn_transforms=np.zeros((2, 6), np.float32),
        transforms=np.broadcast_to(numbers[:, None, None], (rows, 2, 6)).copy(), speeds=np.zeros((rows, 2), np.float32),
        controls=np.broadcast_to(numbers[:, None, None] / 100, (rows, 2, 3)).astype(np.float32),
        vehicle_lights=np.zeros((rows, 2), np.uint32), traffic_lights=np.zeros((rows, 1), np.uint8),
    )  # fmt: skip


def finished(recorder: EpisodeRecorder, *, last_tick: int, **events: Any) -> EpisodeLog:
    for tick in range(TICKS):
        recorder.add_tick(a_reading(tick))
    return recorder.finish(
        EpisodeEnd(tick=last_tick, reason="collision"),
        a_drive_log(),
        policy={"name": "p"},
        boxes=BOXES,
        stop_lines=(),
        collisions=events.get("collisions", ()),
        lane_invasions=events.get("lane_invasions", ()),
    )


def test_nothing_from_after_the_end_is_logged() -> None:
    recorder = a_recorder()
    for tick in range(0, TICKS, 2):
        recorder.add_decision(tick, None, None)
    log = finished(
        recorder,
        last_tick=6,
        collisions=[Collision(tick=tick, other="static.pole", other_column=-1, impulse=1.0) for tick in (6, 7)],
        lane_invasions=[LaneInvasion(tick=tick, markings=("Solid",)) for tick in (-1, 0, 8)],
    )
    assert log.num_ticks == 7
    assert [each.tick for each in log.collisions] == [6]
    assert [each.tick for each in log.lane_invasions] == [0]
    assert log.decision_ticks.tolist() == [0, 2, 4], "a decision in the last tick came to nothing"
    np.testing.assert_array_equal(log.velocities[:, 0], np.arange(7))
    np.testing.assert_array_equal(log.actor_transforms[:, 0, 0], WARMUP + np.arange(7))
    np.testing.assert_allclose(log.controls[:, 0], (WARMUP + np.arange(7)) / 100)
    assert [actor.kind for actor in log.actors] == ["vehicle", "walker"]


def test_a_policy_without_explanations_leaves_empty_ones() -> None:
    recorder = a_recorder()
    recorder.add_decision(0, None, np.zeros((4, 6), np.uint8))
    log = finished(recorder, last_tick=3)
    assert np.isnan(log.center_lines).all()
    assert log.hazards.tolist() == [[np.inf, -1.0]]
    assert (log.mask_digests[0], log.classes, log.counts.shape) == (0, (), (1, 0, 3))


@given(st.integers(0, 2**32 - 1))
def test_masks_are_counted_against_translated_tags(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tags = rng.integers(0, CARLA_29.num_classes, (4, 6)).astype(np.uint8)
    mask = rng.integers(0, CITYSCAPES_19.num_classes, (4, 6)).astype(np.uint8)
    recorder = a_recorder()
    recorder.know_classes(CITYSCAPES_19)
    recorder.add_decision(0, Explanation(mask=mask, state=DriverState.SAFE_STOP), tags)
    log = finished(recorder, last_tick=3)
    truth = lookup_table(CARLA_29, CITYSCAPES_19)[tags]
    scored = truth != 255
    for each in range(CITYSCAPES_19.num_classes):
        said, is_it = (mask == each) & scored, (truth == each) & scored
        expected = [(said & is_it).sum(), (said & ~is_it).sum(), (~said & is_it).sum()]
        assert log.counts[0, each].tolist() == expected
    assert log.mask_digests[0] == int(hashlib.sha256(mask.tobytes()).hexdigest()[:16], 16)
    assert log.states.tolist() == [DriverState.SAFE_STOP]
    assert log.classes == CITYSCAPES_19.names


def test_a_line_is_resampled_evenly_along_itself() -> None:
    corner = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 13.0]], np.float32)
    points = resampled(corner)
    assert points.shape == (NUM_CENTER_POINTS, 2)
    np.testing.assert_allclose(points[[0, 10, -1]], corner, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(np.diff(points, axis=0), axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize(
    "line", [[], [[1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0]], [[0.0, 0.0], [np.nan, 1.0]], [[0.0, 0.0], [np.inf, 1.0]]]
)
def test_what_is_no_line_is_none(line: list[list[float]]) -> None:
    assert np.isnan(resampled(np.array(line, np.float32).reshape(-1, 2))).all()


def test_a_cut_drive_log_counts_from_zero() -> None:
    log = a_drive_log().until(5)
    assert log.frames.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(log.transforms, a_drive_log().transforms[:5])
