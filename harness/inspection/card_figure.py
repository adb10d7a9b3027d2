"""The data card's figure: class shares and brightness by weather, and where the drives went, as PNG bytes.

Decisions: matplotlib without a display and without ``pyplot``; classes in their own colours, with names, since colours
alone tell few of them apart; splits by colour and line style; equal data give equal bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from harness.inspection.class_shares import ClassShares
from harness.inspection.paths import DrivenPath

_DPI = 120
_WIDTH_INCHES = 13.0
_PLANS_INCHES = 4.8
_LEGEND_COLUMNS = 8
_NAMES_PER_COLUMN = 20
_MAX_NAMES = 2 * _NAMES_PER_COLUMN
_MAX_NAMED_CLASSES = 22
_SMALL_SHARE = 0.0005
"""Classes below this are drawn together: a hundredth of a line's width cannot be seen."""
_OTHER = "#d8d8d8"
SPLIT_COLOURS = {"train": "#0c4a6e", "val": "#c46200", "test": "#4c8b3f"}
_SPLIT_STYLES = {"train": "-", "val": "--", "test": "-"}
_MAX_TABLES = 3
_MAX_TOWNS = 3
_NEAR = 0.08
"""Starts within this part of a plan's extent share one label."""


def card_figure(
    tables: Sequence[ClassShares], paths: Sequence[DrivenPath], brightness: Mapping[str, npt.NDArray[np.float64]]
) -> bytes:
    """Draw the figure.

    Args:
        tables: Shares by weather, for each tag table; the first `_MAX_TABLES` are drawn.
        paths: Of the drives; may be empty, where there are no poses.
        brightness: For each weather, the share of pixels in equal steps from black to white.
    """
    tables = tables[:_MAX_TABLES]
    plans = _by_town(paths)
    heights = [_shares_inches(table) for table in tables] + [_PLANS_INCHES] * bool(plans)
    figure = Figure(figsize=(_WIDTH_INCHES, sum(heights)), layout="constrained")
    rows = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for row, table in zip(rows, tables, strict=False):
        _draw_shares(row, table, brightness)
        brightness = {}  # beside the first table only
    if plans:
        _draw_plans(rows[-1], plans)
    return _png(figure)


def _shares_inches(table: ClassShares) -> float:
    legend_rows = -(-min(len(table.present), _MAX_NAMED_CLASSES + 1) // _LEGEND_COLUMNS)
    return max(1.5, 0.9 + 0.36 * len(table.by_weather.groups)) + 0.3 + 0.2 * legend_rows


def _by_town(paths: Sequence[DrivenPath]) -> dict[str, list[DrivenPath]]:
    towns: dict[str, list[DrivenPath]] = {}
    for path in paths:
        towns.setdefault(path.town, []).append(path)
    return dict(list(towns.items())[:_MAX_TOWNS])


def _draw_shares(row: SubFigure, classes: ClassShares, brightness: Mapping[str, npt.NDArray[np.float64]]) -> None:
    """Stacked bars, one for each weather, the most frequent class first; brightness beside them; names below."""
    columns = row.subplots(1, 2, width_ratios=(2.6, 1.0), squeeze=False)[0] if brightness else [row.add_subplot()]
    handles = _draw_bars(columns[0], classes)
    if brightness:
        _draw_brightness(columns[1], brightness)
    if handles:
        row.legend(
            handles=handles, loc="outside lower left", ncols=_LEGEND_COLUMNS, frameon=False, fontsize=8.5,
            handlelength=1.2, handleheight=1.0, labelspacing=0.35, columnspacing=1.6,
        )  # fmt: skip


def _draw_bars(axes: Axes, classes: ClassShares) -> list[Patch]:
    shares, labels = classes.by_weather, classes.labels
    places = np.arange(len(shares.groups))
    thickness = min(0.78, 0.3 + 0.16 * len(shares.groups))  # one weather alone is a bar, not a wall
    left = np.zeros(len(shares.groups))
    named = [each for each in classes.present if classes.overall.labelled[0, each] >= _SMALL_SHARE]
    named = named[:_MAX_NAMED_CLASSES]
    legend = []
    for number in named:
        label, widths = labels.classes[number], shares.labelled[:, number]
        colour = "#{:02x}{:02x}{:02x}".format(*label.color)
        axes.barh(places, widths, thickness, left=left, color=colour, edgecolor="white", linewidth=0.4)
        share = classes.overall.labelled[0, number]
        legend.append(Patch(facecolor=colour, edgecolor="#888888", label=f"{_plain(label.name)}  {share:.1%}"))
        left += widths
    if len(named) < len(classes.present):
        rest = shares.labelled.sum(axis=1) - left
        axes.barh(places, rest, thickness, left=left, color=_OTHER, edgecolor="white", linewidth=0.4)
        legend.append(Patch(facecolor=_OTHER, edgecolor="#888888", label=f"{len(classes.present) - len(named)} others"))
    if not legend:
        axes.text(0.5, 0.5, "no labelled pixels", transform=axes.transAxes, ha="center", va="center", color="#777777")
    axes.set_yticks(places, [_plain(name) for name in shares.groups], fontsize=9)
    axes.set_ylim(len(places) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xticks(np.linspace(0, 1, 6), [f"{share:.0%}" for share in np.linspace(0, 1, 6)], fontsize=9)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_title(f"Share of labelled pixels ({_plain(labels.name)})", loc="left", fontsize=11)
    return legend


def _draw_plans(row: SubFigure, plans: Mapping[str, Sequence[DrivenPath]]) -> None:
    """A plan of each town; beside a single one there is room for the names."""
    columns = row.subplots(1, max(2, len(plans)), squeeze=False)[0]
    for axes, (town, paths) in zip(columns, plans.items(), strict=False):
        _draw_plan(axes, town, paths)
    if len(plans) == 1:
        _write_names(columns[1], next(iter(plans.values())))


def _write_names(axes: Axes, paths: Sequence[DrivenPath]) -> None:
    axes.set_axis_off()
    for place, path in enumerate(paths[:_MAX_NAMES]):
        column, line = divmod(place, _NAMES_PER_COLUMN)
        axes.text(
            0.02 + 0.5 * column, 1.0 - (line + 0.5) / _NAMES_PER_COLUMN, f"{path.number}  {_plain(path.scenario)}",
            transform=axes.transAxes, va="center", fontsize=8.5, color=SPLIT_COLOURS[path.split],
        )  # fmt: skip
    if len(paths) > _MAX_NAMES:
        axes.set_title(f"the first {_MAX_NAMES} of {len(paths)}", loc="left", fontsize=9)


def _draw_plan(axes: Axes, town: str, paths: Sequence[DrivenPath]) -> None:
    """The drives from above, x to the right; CARLA's y grows to the right of x, so downwards here."""
    for path in paths:
        colour = SPLIT_COLOURS[path.split]
        axes.plot(*path.places.T, _SPLIT_STYLES[path.split], color=colour, linewidth=1.8, alpha=0.8)
        axes.plot(*path.places[0], "o", color=colour, markersize=5)
    for starting in _by_start(paths):
        axes.annotate(
            _numbers(starting), starting[0].places[0], xytext=(4, 4), textcoords="offset points",
            fontsize=8, fontweight="bold", color=SPLIT_COLOURS[starting[0].split],
        )  # fmt: skip
    places = np.concatenate([path.places for path in paths])
    lowest, highest = places.min(axis=0), places.max(axis=0)
    longest = max(10.0, float((highest - lowest).max()))
    middle, half = (lowest + highest) / 2, np.maximum(highest - lowest, 0.5 * longest) / 2 + 0.08 * longest
    axes.set_aspect("equal", anchor="NW")
    axes.set_xlim(middle[0] - half[0], middle[0] + half[0])
    axes.set_ylim(middle[1] + half[1], middle[1] - half[1])
    axes.grid(color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_xlabel("x [m]", fontsize=9)
    axes.set_ylabel("y [m]", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.set_title(_plain(f"Drives in {town}" if town else "Drives"), loc="left", fontsize=11)
    splits = [split for split in SPLIT_COLOURS if any(path.split == split for path in paths)]
    handles = [axes.plot([], [], _SPLIT_STYLES[split], color=SPLIT_COLOURS[split], label=split)[0] for split in splits]
    axes.legend(handles=handles, fontsize=8.5, loc="best", framealpha=0.85, edgecolor="none")


def _by_start(paths: Sequence[DrivenPath]) -> list[list[DrivenPath]]:
    """Paths that begin in one place together, since their numbers would cover each other."""
    places = np.concatenate([path.places for path in paths])
    near_m = max(1.0, _NEAR * float(np.ptp(places, axis=0).max()))
    found: list[list[DrivenPath]] = []
    for path in paths:
        for starting in found:
            if np.linalg.norm(path.places[0] - starting[0].places[0]) < near_m:
                starting.append(path)
                break
        else:
            found.append([path])
    return found


def _numbers(paths: Sequence[DrivenPath]) -> str:
    numbers = [str(path.number) for path in paths]
    return ", ".join(numbers) if len(numbers) <= 3 else f"{numbers[0]} … {numbers[-1]}"


def _draw_brightness(axes: Axes, brightness: Mapping[str, npt.NDArray[np.float64]]) -> None:
    """One small hill for each weather, all at one scale."""
    highest = max(float(shares.max()) for shares in brightness.values())
    for place, shares in enumerate(brightness.values()):
        levels = (np.arange(len(shares)) + 0.5) / len(shares) * 255
        # A square root keeps the hills of a day visible beside the spike of a night.
        heights = np.sqrt(shares / highest) * 0.9
        axes.fill_between(levels, place - heights, place, color="#5b7083", linewidth=0, step="mid")
        axes.axhline(place, color="#bbbbbb", linewidth=0.6)
        axes.plot([float(shares @ levels)] * 2, [place, place - 0.35], color="#c46200", linewidth=2)
    axes.set_yticks(range(len(brightness)), [_plain(name) for name in brightness], fontsize=9)
    axes.set_ylim(len(brightness) - 0.8, -1.05)
    axes.set_xlim(0, 255)
    axes.set_xticks([0, 64, 128, 192, 255])
    axes.tick_params(axis="x", labelsize=8)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("luma; height: root of the count, stroke: mean", fontsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title("Brightness", loc="left", fontsize=11)


def _plain(text: str) -> str:
    """Text that matplotlib does not take for a formula, and that is short enough for an axis."""
    words = text or "–"
    words = words if len(words) <= 34 else f"{words[:33]}…"
    return words.replace("$", r"\$")


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DPI, metadata={"Software": None})
    return content.getvalue()
