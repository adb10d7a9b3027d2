"""The few numbers that a reader takes away: how each policy does, and what the mask loses against the truth."""

from __future__ import annotations

import math

from harness.reporting.driving.outline import TRUTH
from harness.reporting.driving.pooled import Loss, PolicyResult
from harness.reporting.outline import interval_text
from harness.reporting.page import Headline, HeadlineGroup, signed

_RATE = (
    "Share of the episodes that reached the goal without a collision, a red light, a stop sign passed or a way outside "
    "their lanes; the interval is Wilson's. Over all scenarios, weathers, sizes and repeats."
)
_SCORE = (
    "Route completion in percent times the penalty of the infractions, mean over episodes, as CARLA's Leaderboard 2.1 "
    "has it; the interval is a percentile bootstrap over episodes."
)
_LOSS = (
    f"Mean over episodes that both have driven of the driving score of {TRUTH} minus that of the policy: the same "
    "driver in the same scenario, weather, size and repeat, so that what is lost is the mask's; the interval is a "
    "paired bootstrap over episodes."
)


def headlines(results: tuple[PolicyResult, ...], losses: tuple[Loss, ...]) -> tuple[HeadlineGroup, ...]:
    """The cards at the top, policy by policy; those that are held against another first."""
    loss_of = {loss.policy: loss for loss in losses}
    ordered = sorted(results, key=lambda result: result.policy not in loss_of)
    return tuple(
        HeadlineGroup(
            title=result.policy,
            cards=(
                _rate(result),
                _score(result),
                *((_loss(loss_of[result.policy]),) if result.policy in loss_of else ()),
            ),
        )
        for result in ordered
    )


def _rate(result: PolicyResult) -> Headline:
    rate = result.success_rate
    parts = [f"95 % interval {interval_text(100 * rate.low, 100 * rate.high, digits=0)} %" if result.done else ""]
    parts.append(f"{result.done} of {result.planned} episodes done")
    return Headline(
        label="Success rate",
        value="–" if math.isnan(rate.value) else f"{100 * rate.value:.0f} %",
        note="; ".join(part for part in parts if part),
        definition=_RATE,
    )


def _score(result: PolicyResult) -> Headline:
    score = result.driving_score
    ends = interval_text(score.low, score.high, digits=1)
    parts = [f"95 % interval {ends}" if ends else ""]
    parts.append("" if math.isnan(result.completion) else f"{result.completion:.0f} % of the routes completed")
    return Headline(
        label="Driving score",
        value="–" if math.isnan(score.value) else f"{score.value:.1f}",
        note="; ".join(part for part in parts if part),
        definition=_SCORE,
    )


def _loss(loss: Loss) -> Headline:
    score, rate = loss.driving_score, loss.success_rate
    ends = interval_text(-score.high, -score.low, digits=1)
    verdict = "significant" if score.low > 0 or score.high < 0 else "not significant"
    parts = ["of driving score", *([f"95 % interval {ends}", verdict] if ends else [])]
    parts.append(f"success {signed(f'{-rate.value:+.0f}')} points")
    parts.append(f"over {loss.pairs} pairs of episodes")
    return Headline(
        label=f"Against {loss.reference}",
        value=f"{signed(f'{-score.value:+.1f}')} points",
        note="; ".join(parts),
        definition=_LOSS,
    )
