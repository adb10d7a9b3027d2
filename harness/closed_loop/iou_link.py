"""iou_vs_driving.csv: what a point of IoU is worth on the road.

Decisions:

- **A point of the table is a policy under one weather at one size;** what correlates are its single episodes, of which
  there are more, and each of which was driven by its own masks.
- **The correlations are those of one policy over all its weathers and sizes,** and stand in each of its rows. They are
  no proof of a cause: fog worsens the mask and the grip alike.
- **The loss is against the policy ``truth``,** the same driver on the simulator's own tags, in the same scenario,
  weather, size and repeat: what is left is the mask's. It is no point itself: an IoU of 1 by construction would bend
  every curve.
- **The limit takes for granted only that a better mask does not drive worse:** completion is fitted by rising steps
  (isotonic regression), and the limit lies in the middle between the last IoU whose step is under the target and the
  first whose is not.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.closed_loop.drive_summary import CONDITION, DONE, mean_interval, mean_there
from harness.closed_loop.episode_log import KEY_COLUMNS
from harness.scoring.statistics.bootstrap import Bootstrap
from harness.scoring.statistics.correlation import pearson, spearman
from harness.scoring.statistics.isotonic import isotonic

Floats = npt.NDArray[np.float64]

TRUTH = "truth"
"""The policy that losses are taken against."""
IOU = "iou_road_lines"
"""The IoU that driving is held against."""
TARGET_COMPLETION = 90.0
"""Percent of the route."""
MEANS = (
    "iou_road", "iou_lines", "iou_road_lines", "lateral_error_mean_m", "lateral_error_p95_m", "completion",
    "driving_score_2_1",
)  # fmt: skip
LOSSES = ("completion", "driving_score_2_1", "success")


@dataclass(frozen=True, kw_only=True, slots=True)
class IouLink:
    """How IoU and driving go together over the episodes of one policy; NaN where that cannot be said."""

    correlation_episodes: int
    """With an IoU and a completion."""
    pearson_completion: float
    spearman_completion: float
    pearson_driving_score_2_1: float
    spearman_driving_score_2_1: float
    pearson_lateral_error_mean_m: float
    spearman_lateral_error_mean_m: float
    target_completion: float
    """Percent of the route."""
    completion_limit_iou: float
    """IoU under which completion falls below the target; NaN: it never does; inf: at every IoU that occurred."""


def iou_vs_driving(
    episodes: pd.DataFrame, *, target_completion: float = TARGET_COMPLETION, bootstrap: Bootstrap | None = None
) -> pd.DataFrame:
    """A row for each policy with masks x weather x size x field of view, in the order of the episodes.

    Args:
        episodes: columns of ``metrics.tables.episode_row`` and ``status``; only those that are done count.
        target_completion: percent of the route that is asked for.
        bootstrap: how the intervals of the losses are made; 1,000 resamples of 95 % by default.

    Returns:
        The means of each condition; ``success_rate``, 0..1; ``loss_*`` with ``_low`` and ``_high`` in points of 100,
        positive where it drives worse than ``truth``, and ``loss_episodes``, how many pairs; the fields of `IouLink`.
    """
    how = bootstrap or Bootstrap()
    done = episodes[episodes["status"] == DONE]
    links = link_summary(episodes, target_completion=target_completion)
    rows: list[dict[str, Any]] = []
    for condition, part in done.groupby(list(CONDITION), sort=False):
        named = dict(zip(CONDITION, condition, strict=True))
        if named["policy"] in links and part[IOU].notna().any():
            rows.append(named | _means(part) | _losses(part, done, how) | asdict(links[named["policy"]]))
    table: pd.DataFrame = pd.DataFrame(rows, columns=list(_columns()))
    return table


def link_summary(episodes: pd.DataFrame, *, target_completion: float = TARGET_COMPLETION) -> dict[str, IouLink]:
    """The link of each policy that drove by masks, ``truth`` left out, by name."""
    seeing = episodes[(episodes["status"] == DONE) & episodes[IOU].notna() & (episodes["policy"] != TRUTH)]
    return {str(policy): _link(part, target_completion) for policy, part in seeing.groupby("policy", sort=False)}


def completion_limit(ious: Floats, completions: Floats, target: float) -> float:
    """The IoU under which completion falls below a target.

    Args:
        ious: of N episodes, ``(N,)``.
        completions: of the same, in percent.
        target: percent.

    Returns:
        NaN where the fitted completion is never below it, inf where it always is.
    """
    places, fitted = isotonic(ious, completions)
    below = int(np.count_nonzero(fitted < target))
    if below == 0:
        return float("nan")
    return float((places[below - 1] + places[below]) / 2) if below < len(places) else float("inf")


def _columns() -> tuple[str, ...]:
    """The columns in order."""
    losses = (f"loss_{name}{end}" for name in LOSSES for end in ("", "_low", "_high"))
    link = tuple(IouLink.__dataclass_fields__)
    return (*CONDITION, "episodes", *MEANS, "success_rate", "loss_episodes", *losses, *link)


def _means(part: pd.DataFrame) -> dict[str, float]:
    return {
        "episodes": len(part),
        **{name: mean_there(part[name]) for name in MEANS},
        "success_rate": mean_there(part["success"]),
    }


def _losses(part: pd.DataFrame, done: pd.DataFrame, bootstrap: Bootstrap) -> dict[str, float]:
    """How much worse than ``truth`` in the same episodes; NaN where it did not drive them."""
    same = [name for name in KEY_COLUMNS if name != "policy"]
    columns = [*same, *LOSSES]
    pairs = part[columns].merge(done.loc[done["policy"] == TRUTH, columns], on=same, suffixes=("", "_truth"))
    found: dict[str, float] = {"loss_episodes": len(pairs)}
    for name in LOSSES:
        points = 100.0 if name == "success" else 1.0
        losses = points * (pairs[f"{name}_truth"].to_numpy(np.float64) - pairs[name].to_numpy(np.float64))
        found[f"loss_{name}"] = float(losses.mean()) if len(losses) else float("nan")
        found[f"loss_{name}_low"], found[f"loss_{name}_high"] = mean_interval(losses, bootstrap)
    return found


def _link(part: pd.DataFrame, target: float) -> IouLink:
    ious, completions = part[IOU].to_numpy(np.float64), part["completion"].to_numpy(np.float64)
    scores = part["driving_score_2_1"].to_numpy(np.float64)
    errors = part["lateral_error_mean_m"].to_numpy(np.float64)
    moved = ~np.isnan(errors)
    return IouLink(
        correlation_episodes=len(part),
        pearson_completion=pearson(ious, completions),
        spearman_completion=spearman(ious, completions),
        pearson_driving_score_2_1=pearson(ious, scores),
        spearman_driving_score_2_1=spearman(ious, scores),
        pearson_lateral_error_mean_m=pearson(ious[moved], errors[moved]),
        spearman_lateral_error_mean_m=spearman(ious[moved], errors[moved]),
        target_completion=target,
        completion_limit_iou=completion_limit(ious, completions, target),
    )
