"""Driving score and success, as CARLA's Leaderboard and Bench2Drive define them.

``score = R * P``: route completion R in percent, penalty P in 0..1 for the infractions on the way. The mean over routes
is the benchmark's number.

- **Leaderboard 1.0 and 2.0** multiply factors: leaderboard/utils/statistics_manager.py of the branches leaderboard-1.0
  and leaderboard-2.0, and of Bench2Drive. They differ in infractions that these scenarios do not have (scenario
  time-outs, emergency vehicles, minimum speed), so here they agree.
- **Leaderboard 2.1** divides by one plus a sum, so that further infractions cost less and less: the same file of the
  branch leaderboard-2.1.
- In all of them the share of the way outside the route's lanes is taken off by ``1 - p``.

Success is Bench2Drive's (tools/merge_reoute_json.py): the goal was reached without any of these infractions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.metrics.infractions import Infraction

FACTORS: Mapping[str, float] = {
    "collision pedestrian": 0.50,
    "collision vehicle": 0.60,
    "collision static": 0.65,
    "red light": 0.70,
    "stop sign": 0.80,
}
"""Leaderboard 1.0 and 2.0."""
COEFFICIENTS: Mapping[str, float] = {
    "collision pedestrian": 1.00,
    "collision vehicle": 0.70,
    "collision static": 0.60,
    "red light": 0.40,
    "stop sign": 0.25,
}
"""Leaderboard 2.1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DrivingScores:
    """One episode's, 0..100 each."""

    leaderboard_1_0: float
    leaderboard_2_0: float
    leaderboard_2_1: float


def completion_percent(log: EpisodeLog) -> float:
    """How much of the route was driven, 0..100; 100 at the goal, whose radius begins before the last point."""
    if log.reason == "goal":
        return 100.0
    return min(100.0, max(0.0, 100.0 * float(log.route_progress_m[-1]) / float(log.route_s_m[-1])))


def driving_scores(completion: float, counts: Mapping[str, int], outside_share: float) -> DrivingScores:
    """The three scores.

    Args:
        completion: R, 0..100.
        counts: infractions of each kind; kinds that cost nothing are ignored.
        outside_share: of the completed way, what was outside the route's lanes, 0..1.
    """
    product = 1.0 - outside_share
    for kind, factor in FACTORS.items():
        product *= factor ** counts.get(kind, 0)
    weighted = sum(coefficient * counts.get(kind, 0) for kind, coefficient in COEFFICIENTS.items())
    return DrivingScores(
        leaderboard_1_0=completion * product,
        leaderboard_2_0=completion * product,
        leaderboard_2_1=completion * (1.0 - outside_share) / (1.0 + weighted),
    )


def is_success(log: EpisodeLog, counts: Mapping[str, int], outside_share: float) -> bool:
    """Whether the goal was reached without an infraction that costs points."""
    return log.reason == "goal" and outside_share == 0 and not any(counts.get(kind, 0) for kind in FACTORS)


def kinds_of(found: Iterable[Infraction]) -> Counter[str]:
    """How many infractions there are of each kind."""
    return Counter(each.kind for each in found)
