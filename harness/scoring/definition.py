"""What the measures of an evaluation mean, in sentences that are printed and stored with the numbers.

A number without its definition cannot be compared with another one: the IoU of a paper may be a mean over images, may
count absent classes as 0, or may have been taken at another resolution.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.scoring.boundary import BOUNDARY_SHARE, boundary_width
from harness.scoring.plan import size_name
from harness.scoring.statistics.bootstrap import Bootstrap
from sim_scenarios.camera import Size

RATIOS = (
    "IoU = tp / (tp + fp + fn), precision = tp / (tp + fp), recall = tp / (tp + fn), F1 = 2 tp / (2 tp + fp + fn): "
    "pixels are counted over all frames together before anything is divided.",
    "A class in neither truth nor prediction has no IoU and is in no mean; one that is predicted but nowhere in the "
    "truth has IoU 0. mIoU and mean boundary IoU: plain means over the classes that have one; frequency-weighted IoU: "
    "weighted by labelled pixels.",
    "Pixels labelled 255 (what the label set does not have) are not scored, whatever is predicted there.",
)


def define(
    *, counted: str, sizes: Sequence[Size], input_size: Size | None, bootstrap: Bootstrap, num_units: int
) -> str:
    """The definition of the measures, one sentence a line.

    Args:
        counted: what was counted, as in "3 frames of 1 scenario of city (test)".
        sizes: (width, height) [px] of the frames.
        input_size: at which the net saw them; None at their own.
        bootstrap: how the intervals were made.
        num_units: how many frames or scenarios there were to draw from.
    """
    return "\n".join(
        [
            f"Counted: {counted}.",
            *RATIOS,
            _resolution(sizes, input_size),
            _boundary(sizes),
            _intervals(bootstrap, num_units),
        ]
    )


def _resolution(sizes: Sequence[Size], input_size: Size | None) -> str:
    scored = f"Scored at the size of the labels, {', '.join(map(size_name, sizes))}"
    if input_size is None:
        return f"{scored}, which is what the net saw."
    return f"{scored}; the net saw {size_name(input_size)}, and each pixel takes the class of its nearest."


def _boundary(sizes: Sequence[Size]) -> str:
    widths = ", ".join(f"{boundary_width(height, width)} px at {size_name((width, height))}" for width, height in sizes)
    return (
        "Boundary IoU (Cheng et al. 2021): IoU of the pixels of a class that are near its border, in truth and "
        f"prediction: at most {BOUNDARY_SHARE:.0%} of the diagonal, {widths}. The image's edge, and the rim of pixels "
        "that are not scored, are borders."
    )


def _intervals(bootstrap: Bootstrap, num_units: int) -> str:
    if bootstrap.resamples == 0:
        return "No intervals: nothing was resampled."
    if num_units < 2:
        return f"No intervals: that takes two or more {bootstrap.unit} to draw from."
    how = (
        f"Intervals: {bootstrap.level * 100:g} %, percentile bootstrap, {bootstrap.resamples} resamples of "
        f"{bootstrap.unit}, seed {bootstrap.seed}; resamples without a class say nothing of it."
    )
    if bootstrap.unit == "frames":
        return (
            f"{how} Frames of one drive are alike, so these are too narrow for other drives: --resample scenarios "
            "draws whole drives instead."
        )
    return f"{how} A scenario is drawn with all its frames and weathers; a few scenarios give rough intervals."
