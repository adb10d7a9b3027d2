"""Collects what happens in an episode, and makes the ``EpisodeLog`` of it.

Decisions:

- Poses, controls and lights are taken from the drive log, so that both logs cannot disagree.
- An episode may be found to have ended some ticks ago, because messages of collisions take their time: all rows after
  the end are left out, and so are decisions from that tick on, which nothing came of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.labels import LabelSet, lookup_table
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.ego_events import Collision, LaneInvasion
from harness.carla_client.ego_instruments import CastBox, EgoReading
from harness.carla_client.observation import Image
from harness.carla_client.route_plan import RoutePlan
from harness.carla_client.stop_lines import LaneStop
from harness.closed_loop.episode_log import (
    NUM_CENTER_POINTS,
    ActorKind,
    CollisionEvent,
    EpisodeActor,
    EpisodeKey,
    EpisodeLog,
    LaneInvasionEvent,
    Reason,
    StopLine,
)
from harness.closed_loop.policy import Explanation
from harness.scoring.confusion import ConfusionMatrix
from sim_scenarios.weather_timeline import WeatherTimeline

_KINDS: dict[str, ActorKind] = {"vehicle": "vehicle", "walker": "walker"}


@dataclass(frozen=True, kw_only=True, slots=True)
class EpisodeEnd:
    """How an episode ended."""

    tick: int
    """The last one."""
    reason: Reason
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EpisodeSetting:
    """What is known of an episode before its first tick."""

    key: EpisodeKey
    scenario: dict[str, Any]
    timeline: WeatherTimeline
    """With times."""
    rules: dict[str, Any]
    server: dict[str, Any]
    plan: RoutePlan
    tag_set: LabelSet
    """Of the server's tags."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Look:
    tick: int
    explanation: Explanation
    digest: int
    regions: npt.NDArray[np.int64]
    """(K, 3) tp, fp, fn."""


class EpisodeRecorder:
    """Of one episode."""

    def __init__(self, setting: EpisodeSetting) -> None:
        """Begin."""
        self._setting = setting
        self._readings: list[EgoReading] = []
        self._looks: list[_Look] = []
        self.label_set: LabelSet | None = None
        """Of the policy's masks."""
        self._class_of_tag: Image | None = None

    def know_classes(self, label_set: LabelSet | None) -> None:
        """The classes of the policy's masks, before its first decision; None: it has none.

        Raises:
            LabelError: the server's tags cannot be translated to them.
        """
        self.label_set = label_set
        self._class_of_tag = None if label_set is None else lookup_table(self._setting.tag_set, label_set)

    @property
    def key(self) -> EpisodeKey:
        """Which episode this is."""
        return self._setting.key

    @property
    def _num_classes(self) -> int:
        return 0 if self.label_set is None else self.label_set.num_classes

    def add_tick(self, reading: EgoReading) -> None:
        """The next tick, from 0 on."""
        self._readings.append(reading)

    def add_decision(self, tick: int, explanation: Explanation | None, tags: Image | None) -> None:
        """A decision at ``tick``.

        Args:
            tick: Of the picture.
            explanation: None: nothing is known of it.
            tags: (H, W) what the server says is in the picture; None: there was none.

        Raises:
            DataError: the mask has ids that no class has.
        """
        explanation = explanation or Explanation()
        mask, digest = explanation.mask, 0
        regions = np.zeros((self._num_classes, 3), np.int64)
        if mask is not None:
            mask = np.ascontiguousarray(mask)
            digest = int.from_bytes(hashlib.sha256(mask.data).digest()[:8], "big")
            if tags is not None and self._class_of_tag is not None:
                matrix = ConfusionMatrix(self._num_classes)
                matrix.update(self._class_of_tag[tags], mask)
                regions = matrix.regions
        self._looks.append(_Look(tick=tick, explanation=explanation, digest=digest, regions=regions))

    def finish(
        self,
        end: EpisodeEnd,
        drive_log: DriveLog,
        *,
        policy: dict[str, Any],
        boxes: Sequence[CastBox],
        stop_lines: Sequence[StopLine],
        collisions: Sequence[Collision],
        lane_invasions: Sequence[LaneInvasion],
    ) -> EpisodeLog:
        """The log of the episode up to its end.

        Args:
            end: Its last tick and why.
            drive_log: Of the same ticks and the warm-up.
            policy: What drove, as JSON.
            boxes: Of the cast, in the drive log's order.
            stop_lines: Of the town.
            collisions: Of the ego.
            lane_invasions: Of the ego.
        """
        setting, plan = self._setting, self._setting.plan
        rows = slice(drive_log.warmup_ticks, drive_log.warmup_ticks + end.tick + 1)
        readings = self._readings[: end.tick + 1]
        looks = [look for look in self._looks if look.tick < end.tick]
        return EpisodeLog(
            key=setting.key,
            scenario=setting.scenario,
            weather_keys=[{"at_s": float(key.at_s or 0.0)} | key.weather.model_dump() for key in setting.timeline.keys],
            policy=policy,
            rules=setting.rules,
            server=setting.server,
            fixed_delta_seconds=drive_log.fixed_delta_seconds,
            reason=end.reason,
            message=end.message,
            classes=() if self.label_set is None else self.label_set.names,
            actors=tuple(_actor(box) for box in boxes),
            stop_lines=tuple(stop_lines),
            collisions=tuple(_collision(each) for each in collisions if 0 <= each.tick <= end.tick),
            lane_invasions=tuple(
                LaneInvasionEvent(tick=each.tick, markings=each.markings)
                for each in lane_invasions
                if 0 <= each.tick <= end.tick
            ),
            route_points=plan.points,
            route_yaws_deg=plan.yaws_deg,
            route_s_m=plan.s_m,
            route_lane_widths_m=plan.lane_widths_m,
            route_commands=plan.commands,
            route_junctions=plan.junctions,
            controls=drive_log.controls[rows, drive_log.ego],
            actor_transforms=drive_log.transforms[rows],
            light_states=drive_log.traffic_lights[rows],
            **_of_ticks(readings),
            **_of_decisions(looks, self._num_classes),
        )


def stop_line(line: LaneStop) -> StopLine:
    """As the log has it."""
    return StopLine(kind=line.kind, x=line.x, y=line.y, yaw_deg=line.yaw_deg, width_m=line.width_m, light=line.light)


def _of_ticks(readings: Sequence[EgoReading]) -> dict[str, Any]:
    roads = [each.road for each in readings]
    return {
        "velocities": np.array([each.velocity for each in readings], np.float32),
        "yaw_rates": np.array([each.yaw_rate for each in readings], np.float32),
        "speed_limits": np.array([each.speed_limit for each in readings], np.float32),
        "route_progress_m": np.array([each.route.progress_m for each in readings], np.float32),
        "lane_centers": np.array([each.lane_center for each in roads], np.float32),
        "lane_widths_m": np.array([each.lane_width_m for each in roads], np.float32),
        "lanes": np.array([each.lane for each in roads], np.int32),
        "in_junction": np.array([each.in_junction for each in roads], np.bool_),
        "on_lane_types": np.array([each.lane_types for each in roads], np.int32),
    }


def _of_decisions(looks: Sequence[_Look], num_classes: int) -> Mapping[str, Any]:
    count = len(looks)
    told = [each.explanation for each in looks]
    return {
        "decision_ticks": np.array([each.tick for each in looks], np.int32),
        "center_lines": np.array([resampled(each.center_line) for each in told], np.float32).reshape(
            count, NUM_CENTER_POINTS, 2
        ),
        "corridor_widths_m": np.array([each.corridor_width_m for each in told], np.float32),
        "hazards": np.array([(each.hazard_distance_m, each.hazard_class) for each in told], np.float32).reshape(
            count, 2
        ),
        "states": np.array([int(each.state) for each in told], np.uint8),
        "target_speeds": np.array([each.target_speed for each in told], np.float32),
        "mask_digests": np.array([each.digest for each in looks], np.uint64),
        "counts": np.array([each.regions for each in looks], np.int64).reshape(count, num_classes, 3),
    }


def resampled(line: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A line (P, 2) [m] as ``NUM_CENTER_POINTS`` points from its begin to its end, evenly spaced; NaN if it is none."""
    points = np.asarray(line, np.float64).reshape(-1, 2)
    steps_m = np.linalg.norm(np.diff(points, axis=0), axis=1)
    if len(points) < 2 or not np.isfinite(points).all() or not steps_m.any():
        return np.full((NUM_CENTER_POINTS, 2), np.nan, np.float32)
    along_m = np.concatenate([[0.0], np.cumsum(steps_m)])
    at_m = np.linspace(0.0, along_m[-1], NUM_CENTER_POINTS)
    return np.stack([np.interp(at_m, along_m, points[:, axis]) for axis in (0, 1)], axis=1).astype(np.float32)


def _actor(box: CastBox) -> EpisodeActor:
    kind = _KINDS.get(box.blueprint.partition(".")[0], "static")
    return EpisodeActor(blueprint=box.blueprint, kind=kind, half_extents_m=box.half_extents_m, center_m=box.center_m)


def _collision(event: Collision) -> CollisionEvent:
    return CollisionEvent(tick=event.tick, other=event.other, other_actor=event.other_column, impulse=event.impulse)
