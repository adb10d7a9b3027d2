"""Charts of the page whose height is no share: any measure against any number, as lines or as points.

Lines are :func:`harness.reporting.charts.line_chart`'s, with an axis of their own; clouds of points have a template
beside this file. A number is a place by one rule for both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.ticker import MaxNLocator

from harness.reporting.charts import Chart, Series, Tick, line_chart

_STEPS = [1, 2, 2.5, 3, 5, 10]
_SHAPES = (
    "m-{r},0a{r},{r} 0 1,0 {d},0a{r},{r} 0 1,0 -{d},0z",
    "m-{r},-{r}h{d}v{d}h-{d}z",
    "m0,-{d}l{d},{d}l-{d},{d}l-{d},-{d}z",
)


@dataclass(frozen=True, kw_only=True)
class Points:
    """Points of one name."""

    name: str
    style: str
    """Class in the style sheet."""
    xs: Sequence[float]
    ys: Sequence[float]
    titles: Sequence[str]
    """What each says to a mouse."""
    shape: int = 0
    is_small: bool = False
    """Drawn faintly: single episodes behind their means."""


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One point, drawn."""

    path: str
    title: str


@dataclass(frozen=True, kw_only=True)
class DotGroup:
    """The points of one name, drawn."""

    name: str
    style: str
    is_small: bool
    dots: tuple[Dot, ...]
    legend: str
    """The symbol at the origin; empty where the group has no entry."""


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """A chart of points, ready to be printed."""

    title: str
    text: str
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    groups: tuple[DotGroup, ...]
    curve: str
    """A line through the points; may be empty."""
    curve_text: str
    limit: Tick | None
    target: Tick | None
    width: int = 412
    height: int = 300
    left: int = 44
    right: int = 400
    top: int = 14
    bottom: int = 254


def measure_chart(series: Sequence[Series], *, title: str, text: str, x_title: str, y_max: float) -> Chart:
    """A line chart of a measure from 0 to ``y_max`` (round it before) against some number."""
    scaled = [
        replace(
            each,
            ys=[y / y_max for y in each.ys],
            lows=[y / y_max for y in each.lows],
            highs=[y / y_max for y in each.highs],
        )
        for each in series
    ]
    chart = line_chart(scaled, title=title, text=text, x_title=x_title)
    height = chart.bottom - chart.top
    ticks = tuple(
        Tick(
            place=chart.bottom - value / y_max * height,
            text=f"{value:g}",
        )
        for value in _ticks(0.0, y_max)
    )
    return replace(chart, y_ticks=ticks)


def round_up(value: float) -> float:
    """A round number that is not smaller; 1 where there is none above 0."""
    if not math.isfinite(value) or value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if power * step >= value * (1 - 1e-9))


def cloud(
    groups: Sequence[Points],
    *,
    title: str,
    text: str,
    x_title: str,
    y_title: str,
    x_range: tuple[float, float],
    y_max: float,
    curve: Sequence[tuple[float, float]] = (),
    curve_text: str = "",
    limit: float | None = None,
    target: float | None = None,
) -> Cloud:
    """A chart of points.

    Args:
        groups: with a name of their own each; small ones have no entry in the legend.
        title: printed above.
        text: what is to be seen, in words.
        x_title: name and unit of the horizontal axis.
        y_title: name and unit of the vertical axis.
        x_range: ends of the horizontal axis.
        y_max: upper end of the vertical axis, which begins at 0.
        curve: points of a line to draw through.
        curve_text: what that line is.
        limit: number of the horizontal axis to mark.
        target: number of the vertical axis to mark.
    """
    low, high = x_range

    def x(value: float) -> float:
        return Cloud.left + (value - low) / (high - low) * (Cloud.right - Cloud.left)

    def y(value: float) -> float:
        return Cloud.bottom - value / y_max * (Cloud.bottom - Cloud.top)

    drawn = []
    for group in groups:
        shape = _shape(group.shape, 2.0 if group.is_small else 4.2)
        there = [
            Dot(path=f"M{x(a):.1f},{y(b):.1f}{shape}", title=words)
            for a, b, words in zip(group.xs, group.ys, group.titles, strict=True)
            if math.isfinite(a) and math.isfinite(b)
        ]
        legend = "" if group.is_small or not there else f"M8,8{shape}"
        drawn.append(
            DotGroup(name=group.name, style=group.style, is_small=group.is_small, dots=tuple(there), legend=legend)
        )
    line = "L".join(f"{x(a):.1f},{y(b):.1f}" for a, b in curve)
    return Cloud(
        title=title,
        text=text,
        x_title=x_title,
        y_title=y_title,
        x_ticks=tuple(Tick(place=x(value), text=f"{value:g}") for value in _ticks(low, high)),
        y_ticks=tuple(Tick(place=y(value), text=f"{value:g}") for value in _ticks(0.0, y_max)),
        groups=tuple(drawn),
        curve=f"M{line}" if line else "",
        curve_text=curve_text,
        limit=None if limit is None else Tick(place=x(limit), text=f"{limit:.3g}"),
        target=None if target is None else Tick(place=y(target), text=f"{target:g}"),
    )


def _shape(number: int, radius: float) -> str:
    template = _SHAPES[number % len(_SHAPES)]
    size = radius if "a{r}" in template else radius * (0.9 if "v{d}" in template else 0.62)
    return template.format(r=f"{size:.2f}", d=f"{2 * size:.2f}")


def _ticks(low: float, high: float) -> list[float]:
    values = [round(float(value), 9) for value in MaxNLocator(5, steps=_STEPS).tick_values(low, high)]
    return [value for value in values if low - 1e-9 <= value <= high + 1e-9]
