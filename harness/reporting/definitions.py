"""What the words of a report mean, in sentences: the same on its page and in ``report.json``."""

from __future__ import annotations

from harness.scoring.statistics.bootstrap import Bootstrap

_DEFINITIONS = {
    "drop_points": "percentage points of IoU lost against the reference, over the frames of the scenarios that are "
    "complete under both; negative where the condition does better",
    "retention": "IoU / IoU of the reference, on the same frames",
    "axis": "weather: reference weather at the same size; size: same weather at the largest size of the view; both",
    "cd": "corruption degradation (Kamann & Rother 2020): sum of 1 - IoU / that of the reference model, same frames",
    "rcd": "relative corruption degradation: sum of IoU lost since the reference weather / that of the reference model",
    "limit": "value of the swept field at which IoU first falls below the target, from the sweep's own weather "
    "outwards, interpolated linearly, on the frames that all scored values have; holds: yes where it never does, "
    "unknown where a value without a score comes first",
    "frames": "of each repeat in the summary; in comparisons a frame counts once, whose repeats are summed",
    "miou_spread": "largest minus smallest mIoU of the repeats",
}


def definitions(bootstrap: Bootstrap) -> dict[str, str]:
    """What the report adds to the measures of the score, by name.

    Args:
        bootstrap: how its intervals were made.
    """
    return {**_DEFINITIONS, "interval": _interval(bootstrap), "significant": _significant(bootstrap)}


def _interval(bootstrap: Bootstrap) -> str:
    if not bootstrap.resamples:
        return "none was made"
    made = (
        f"{bootstrap.level * 100:g} % percentile bootstrap, {bootstrap.resamples} resamples of {bootstrap.unit}, "
        f"seed {bootstrap.seed}"
    )
    if bootstrap.unit == "scenarios":
        return (
            f"{made}: how other drives would score. It needs many of them: with a few it is too narrow, with one none"
        )
    return (
        f"{made}. Frames of one drive are alike, and are taken for independent here: intervals are too narrow for the "
        "question how other drives would score, which --resample scenarios asks"
    )


def _significant(bootstrap: Bootstrap) -> str:
    return (
        "the interval of the difference, with the same draws for both sides, excludes 0; not corrected for the number "
        f"of comparisons: about {(1 - bootstrap.level) * 100:.3g} of 100 comparisons of equals are called so"
    )
