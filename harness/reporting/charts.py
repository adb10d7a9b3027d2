"""Line charts as data that a template prints as SVG: text that can be selected, sharp at any size, light and dark.

Decisions: a chart is drawn for a column of 320 to 480 px, the narrowest screen included, and there are several of them
rather than a large one. Each line has a colour, a shape of its marks and its name at its end, so that nothing depends
on colour alone; colours come from the style sheet. Knows numbers and names, no tables.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.ticker import MaxNLocator

WIDTH, HEIGHT = 412, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 32, 126, 10, 42
_LINE_HEIGHT = 14
"""Least distance of two names at the ends of lines [px]."""
_NAME_LENGTH = 16
"""Characters of a name that fit beside a line's end."""
NUM_STYLES = 6
"""Lines beside the main one that the style sheet can tell apart."""

_SHAPES = (
    "m-3.2,0a3.2,3.2 0 1,0 6.4,0a3.2,3.2 0 1,0 -6.4,0",  # disc
    "m-3,-3h6v6h-6z",  # square
    "m0,-4l3.8,6.6h-7.6z",  # triangle
    "m0,-4l4,4l-4,4l-4,-4z",  # diamond
    "m0,4l3.8,-6.6h-7.6z",  # triangle, point down
    "m-4,-1.2h2.8v-2.8h2.4v2.8h2.8v2.4h-2.8v2.8h-2.4v-2.8h-2.8z",  # cross
    "m-2,-4h4v8h-4z",  # bar
)


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line of a chart; where a value is NaN the line is broken."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    lows: Sequence[float] = ()
    """Lower ends of intervals, as many as values, or none."""
    highs: Sequence[float] = ()
    is_main: bool = False
    """Drawn thick, in the colour of text."""
    has_marks: bool = True


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A place on an axis."""

    place: float
    """[px] from the left or from the top."""
    text: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line as it is drawn."""

    style: str
    """Class in the style sheet: ``main`` or ``series0`` and so on."""
    path: str
    marks: str
    band: str
    name: str
    """As much as fits."""
    title: str
    """The whole name."""
    end_x: float
    end_y: float
    name_y: float


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A line chart, ready to be printed."""

    title: str
    text: str
    """What is to be seen, for those who cannot see it."""
    x_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    limits: tuple[Tick, ...] = ()
    """Places on the horizontal axis that are marked over the whole height."""
    target: Tick | None = None
    """A height that is marked over the whole width."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def line_chart(
    series: Sequence[Series],
    *,
    title: str,
    text: str,
    x_title: str,
    limits: Sequence[float] = (),
    target: float | None = None,
) -> Chart:
    """A chart of shares (0..1) against some number.

    Args:
        series: at least one; no more than :data:`NUM_STYLES` beside the main one.
        title: printed above.
        text: what is to be seen, in words.
        x_title: name and unit of the horizontal axis.
        limits: numbers of the horizontal axis to mark.
        target: share to mark.
    """
    numbers = [float(x) for each in series for x in each.xs]
    low, high = min(numbers), max(numbers)
    if low == high:
        low, high = low - 0.5, high + 0.5
    x_ticks = MaxNLocator(5, steps=[1, 2, 2.5, 3, 5, 10]).tick_values(low, high)
    styles = iter(range(len(series)))
    drawn = [
        _line(each, "main" if each.is_main else f"series{next(styles) % NUM_STYLES}", low, high, shape)
        for shape, each in enumerate(series)
    ]
    return Chart(
        title=title,
        text=text,
        x_title=x_title,
        x_ticks=tuple(
            Tick(place=_x(value, low, high), text=_number(value)) for value in x_ticks if low <= value <= high
        ),
        y_ticks=tuple(Tick(place=_y(value), text=f"{value:.1f}") for value in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        lines=_spread(drawn),
        limits=tuple(Tick(place=_x(value, low, high), text=_number(float(f"{value:.3g}"))) for value in limits),
        target=None if target is None else Tick(place=_y(target), text=f"{target:.2f}"),
    )


def _line(series: Series, style: str, low: float, high: float, shape: int) -> Line:
    points = [
        (_x(x, low, high), _y(y)) if math.isfinite(y) else None for x, y in zip(series.xs, series.ys, strict=True)
    ]
    there = [point for point in points if point is not None]
    end_x, end_y = there[-1] if there else (float(_LEFT), float(HEIGHT - _BOTTOM))
    mark = _SHAPES[shape % len(_SHAPES)]
    short = series.name if len(series.name) <= _NAME_LENGTH else f"{series.name[: _NAME_LENGTH - 1]}…"
    return Line(
        style=style,
        path=_path(points),
        marks="".join(f"M{x:.1f},{y:.1f}{mark}" for x, y in there) if series.has_marks else "",
        band=_band(series, low, high),
        name=short if there else "",
        title=series.name,
        end_x=end_x,
        end_y=end_y,
        name_y=end_y,
    )


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    """A line through the points, broken where one is missing."""
    words, command = [], "M"
    for point in points:
        if point is not None:
            words.append(f"{command}{point[0]:.1f},{point[1]:.1f}")
        command = "M" if point is None else "L"
    return "".join(words)


def _band(series: Series, low: float, high: float) -> str:
    """The area between the ends of intervals; values without one are stepped over."""
    ends = [
        (x, bottom, top)
        for x, bottom, top in zip(series.xs, series.lows, series.highs, strict=False)
        if math.isfinite(bottom) and math.isfinite(top)
    ]
    if len(ends) < 2:
        return ""
    there = [(_x(x, low, high), _y(top)) for x, _, top in ends]
    back = [(_x(x, low, high), _y(bottom)) for x, bottom, _ in reversed(ends)]
    return f"{_path([*there, *back])}Z"


def _spread(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines with their names moved up or down until none lies on another."""
    order = sorted(range(len(lines)), key=lambda index: lines[index].end_y)
    wanted = np.array([lines[index].end_y for index in order])
    steps = _LINE_HEIGHT * np.arange(len(order))
    places = np.maximum.accumulate(wanted - steps) + steps
    # What was pushed down past the axis comes back up, and takes those above it along.
    ceiling = HEIGHT - _BOTTOM - steps[::-1]
    places = np.minimum(places, ceiling)
    moved = {index: float(place) for index, place in zip(order, places, strict=True)}
    return tuple(replace(line, name_y=moved[index]) for index, line in enumerate(lines))


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (value - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _number(value: float) -> str:
    return f"{round(float(value), 6):g}".replace("-", "−")
