"""What the numbers of the page mean, each in a sentence with its source."""

from __future__ import annotations

from harness.scoring.statistics.bootstrap import Bootstrap

_MEASURES = {
    "completion": "share of the route that was driven, the farthest point counting, in percent; 100 where the goal was "
    "reached",
    "driving score": "completion R times penalty P of the infractions, 0..100, of one episode; tables have the mean. "
    "1.0 and 2.0: P is the product of 0.50 for each collision with a pedestrian, 0.60 vehicle, 0.65 static, 0.70 red "
    "light, 0.80 stop sign (leaderboard/utils/statistics_manager.py, branches leaderboard-1.0 and leaderboard-2.0). "
    "2.1: P = 1 / (1 + sum of 1.00, 0.70, 0.60, 0.40, 0.25 for each of these; branch leaderboard-2.1). In all of them "
    "the share p of the way outside the route's lanes takes off 1 - p",
    "success": "the goal was reached without any infraction that costs points (Bench2Drive, "
    "tools/merge_reoute_json.py)",
    "lateral error": "distance of the ego from the middle of its route [m]; p95: the 95th percentile of its ticks, "
    "averaged over episodes in the tables of means",
    "lane invasion": "markings crossed as CARLA's lane invasion sensor says; costs no points",
    "off road": "share of the ticks, from the first that moves, with no road under the ego's origin",
    "wrong way": "share of the same ticks with a heading of over 90 degrees against the lane's, junctions left out",
    "comfort": "share of windows of 20 ticks in which jerk, accelerations and turning stay inside Bench2Drive's limits "
    "(|jerk| 8.37 m/s³, |lateral acceleration| 4.89 m/s², and four more)",
    "min TTC": "least time until the ego and a vehicle or walker touch, if both go on as they are [s]; empty where it "
    "was never under 4 s",
    "safe stop": "the driver stopped because what it saw made no sense; counted once for each stretch",
    "IoU": "intersection over union of the masks that were driven by, against the simulator's tags, pixels pooled over "
    "an episode; road+lines: the mean of that of the road and that of the lane markings, which classes these are is "
    "the policy's to say",
    "limit": "IoU under which completion, fitted by isotonic regression over single episodes (Barlow et al. 1972), "
    "falls below its target",
    "correlation": "Pearson's r of the values and Spearman's ρ of their ranks, over the single episodes of a policy",
    "loss": "the value of the policy truth minus that of the policy, over pairs of the same scenario, weather, size "
    "and repeat",
}


def definitions(bootstrap: Bootstrap) -> dict[str, str]:
    """By name.

    Args:
        bootstrap: how the page's own intervals were made.
    """
    level = f"{bootstrap.level * 100:g} %"
    return {
        **_MEASURES,
        "interval": f"{level}: of a rate, Wilson's (1927); of a score or a loss, a percentile bootstrap over episodes "
        f"(Efron 1979), {bootstrap.resamples} resamples, seed {bootstrap.seed}. Episodes of one scenario are alike, so "
        "that intervals are too narrow for the question how other scenarios would go",
        "significant": f"the {level} interval of the difference excludes 0; not corrected for the number of "
        "comparisons",
    }
