"""One episode as rows of the tables: episodes.csv, ticks.parquet and infractions.csv.

Decisions:

- **What was not measured is NaN, never 0**: a share of no ticks, an IoU of no mask, a time to no collision.
- **The columns are these functions' alone**; whoever writes or draws a table takes them as they come.
- Lateral and heading error, the shares of the road's use, mean speed and comfort are over the ticks that count (see
  :mod:`ego_track`); errors are absolute values there, and signed, at every tick, in ticks.parquet.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.closed_loop.episode_log import KEY_COLUMNS, EpisodeLog
from harness.closed_loop.metrics.driving_score import completion_percent, driving_scores, is_success, kinds_of
from harness.closed_loop.metrics.ego_track import driven_m, mean_of, percentile_95_of
from harness.closed_loop.metrics.infractions import stretches
from harness.closed_loop.metrics.measures import EpisodeMeasures, measure
from harness.closed_loop.metrics.prediction_quality import decision_quality, episode_quality
from harness.closed_loop.policy import DriverState

Row: TypeAlias = dict[str, float | int | str | bool]

INFRACTION_COLUMNS = (*KEY_COLUMNS, "tick", "kind", "x", "y", "what")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EpisodeTables:
    """The rows of one episode."""

    row: Row
    """Of episodes.csv."""
    ticks: pd.DataFrame
    """Of ticks.parquet."""
    infractions: pd.DataFrame
    """Of infractions.csv."""


def episode_tables(log: EpisodeLog) -> EpisodeTables:
    """All rows of an episode, measured once."""
    found = measure(log)
    return EpisodeTables(row=_row(log, found), ticks=_ticks(log, found), infractions=_infractions(log, found))


def episode_row(log: EpisodeLog) -> Row:
    """The row of an episode in episodes.csv."""
    return _row(log, measure(log))


def tick_table(log: EpisodeLog) -> pd.DataFrame:
    """The T rows of an episode in ticks.parquet: key columns as categories, measures as float32."""
    return _ticks(log, measure(log))


def infraction_table(log: EpisodeLog) -> pd.DataFrame:
    """The rows of an episode in infractions.csv, by tick; none, with all columns, where it went well."""
    return _infractions(log, measure(log))


def _row(log: EpisodeLog, found: EpisodeMeasures) -> Row:
    return {
        **asdict(log.key),
        "group": str(log.scenario.get("group", "")),
        "town": str(log.server.get("town", "")),
        "seed": int(log.scenario.get("seed", 0)),
        "ending": log.ending,
        "reason": log.reason,
        **_outcome(log, found),
        **_lane_keeping(found),
        "comfort_share": found.comfort.share,
        "max_abs_jerk": found.comfort.max_abs_jerk,
        "max_abs_lateral_acceleration": found.comfort.max_abs_lateral_acceleration,
        "min_ttc_s": _least(found.ttc_s),
        "mean_speed_mps": mean_of(found.track.speeds[found.track.counted]),
        **_driver(log),
        **_quality(log),
    }


def _outcome(log: EpisodeLog, found: EpisodeMeasures) -> Row:
    """How far it got, what it did wrong and what that makes."""
    counts = kinds_of(found.infractions)
    completion = completion_percent(log)
    share = found.use.outside_lanes_share
    scores = driving_scores(completion, counts, share)
    return {
        "success": is_success(log, counts, share),
        "completed": log.reason == "goal",
        "duration_s": log.duration_s,
        "route_length_m": float(log.route_s_m[-1]),
        "driven_m": driven_m(found.track),
        "completion": completion,
        "driving_score_1_0": scores.leaderboard_1_0,
        "driving_score_2_0": scores.leaderboard_2_0,
        "driving_score_2_1": scores.leaderboard_2_1,
        "collisions_pedestrian": counts["collision pedestrian"],
        "collisions_vehicle": counts["collision vehicle"],
        "collisions_static": counts["collision static"],
        "red_lights": counts["red light"],
        "stop_signs": counts["stop sign"],
        "lane_invasions": counts["lane invasion"] + counts["solid lane invasion"],
        "solid_lane_invasions": counts["solid lane invasion"],
        "outside_lanes_share": share,
    }


def _lane_keeping(found: EpisodeMeasures) -> Row:
    counted = found.track.counted
    lateral, heading = (np.abs(each[counted]) for each in (found.error.lateral_m, found.error.heading_deg))
    return {
        "off_road_share": mean_of(found.use.off_road[counted].astype(np.float64)),
        "wheels_off_road_share": mean_of(found.use.wheels_off_road[counted].astype(np.float64)),
        "wrong_way_share": mean_of(found.use.wrong_way[counted].astype(np.float64)),
        "lateral_error_mean_m": mean_of(lateral),
        "lateral_error_p95_m": percentile_95_of(lateral),
        "heading_error_mean_deg": mean_of(heading),
        "heading_error_p95_deg": percentile_95_of(heading),
    }


def _driver(log: EpisodeLog) -> Row:
    """What the driver said of itself; decisions without an explanation count as driving."""
    safe = log.states == DriverState.SAFE_STOP
    return {
        "safe_stops": len(stretches(safe)),
        "safe_stop_share": mean_of(safe.astype(np.float64)),
        "emergency_brakes": len(stretches(log.states == DriverState.EMERGENCY_BRAKING)),
        "decisions": len(log.decision_ticks),
    }


def _quality(log: EpisodeLog) -> Row:
    quality = episode_quality(log)
    return {
        "iou_road": float(quality.road[0]),
        "iou_lines": float(quality.lines[0]),
        "iou_road_lines": float(quality.road_lines[0]),
        "miou": float(quality.mean[0]),
    }


def _ticks(log: EpisodeLog, found: EpisodeMeasures) -> pd.DataFrame:
    quality = decision_quality(log)
    hazards = np.where(np.isfinite(log.hazards[:, 0]), log.hazards[:, 0], np.nan)
    columns: dict[str, npt.NDArray[Any]] = {
        "x": log.actor_transforms[:, 0, 0],
        "y": log.actor_transforms[:, 0, 1],
        "speed": found.track.speeds,
        "lateral_error_m": found.error.lateral_m,
        "heading_error_deg": found.error.heading_deg,
        "steer": log.controls[:, 1],
        "throttle": log.controls[:, 0],
        "brake": log.controls[:, 2],
        "route_progress_m": log.route_progress_m,
        "ttc_s": found.ttc_s,
        "state": _at_decisions(log, log.states),
        "hazard_distance_m": _at_decisions(log, hazards),
        "iou_road": _at_decisions(log, quality.road),
        "iou_lines": _at_decisions(log, quality.lines),
        "miou": _at_decisions(log, quality.mean),
    }
    keys = {name: _constant(value, log.num_ticks) for name, value in asdict(log.key).items()}
    ticks = {"tick": np.arange(log.num_ticks, dtype=np.int32)}
    measured = {name: values.astype(np.float32) for name, values in columns.items()}
    table: pd.DataFrame = pd.DataFrame(keys | ticks | measured)
    return table


def _at_decisions(log: EpisodeLog, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """(T,) of (D,): NaN at ticks without a decision."""
    spread = np.full(log.num_ticks, np.nan, np.float32)
    spread[log.decision_ticks] = values
    return spread


def _constant(value: Any, length: int) -> pd.Categorical:
    """A column with one value, which costs one byte a row."""
    return pd.Categorical.from_codes(np.zeros(length, np.int8), categories=pd.Index([value]))


def _infractions(log: EpisodeLog, found: EpisodeMeasures) -> pd.DataFrame:
    rows = [asdict(log.key) | asdict(each) for each in found.infractions]
    table: pd.DataFrame = pd.DataFrame(rows, columns=list(INFRACTION_COLUMNS))
    return table


def _least(values: npt.NDArray[np.float64]) -> float:
    """The least one that is there; NaN without any."""
    there = values[~np.isnan(values)]
    return float(there.min()) if there.size else float("nan")
