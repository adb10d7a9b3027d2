"""The figures of an ablation, as PNG bytes: one for each question, and one of all classes.

Every run is a dot, so that the spread of seeds can be seen; a bar marks their mean. Colours as in
:mod:`harness.reporting.figures`; nothing depends on colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from harness.ablation.answers import COSTS, MEASURES, Answer, class_measure, comparisons, in_order
from harness.ablation.effects import Measure, effect_of
from harness.ablation.plan import Factor
from harness.ablation.results import Run
from harness.reporting.figures import plain, to_png

_DOT, _MEAN = "#0c4a6e", "#e66100"
_PANEL_INCHES = 3.6
_HEIGHT_INCHES = 2.6
_ROW_INCHES = 0.38
"""For each value of a setting."""
_LARGEST_CHANGE = 0.3
"""Changes of this size and more have all of the colour."""


def question_figure(runs: Sequence[Run], answer: Answer) -> bytes:
    """The measures of one question by value, and, where it is about cost, its first measure over that."""
    factor, question = answer.factor, answer.question
    compared = _compared(runs, factor)
    panels: list[Callable[[Axes], None]] = [
        lambda axes, key=key: _by_value(axes, compared, factor, *MEASURES[key])  # type: ignore[misc]
        for key in question.measures[: 2 if question.has_costs else 3]
    ]
    if question.has_costs:
        panels.append(lambda axes: _over_cost(axes, compared, factor, *MEASURES[question.measures[0]]))
    height = max(_HEIGHT_INCHES, 1.1 + _ROW_INCHES * len(factor.values))
    figure = Figure(figsize=(_PANEL_INCHES * len(panels), height), layout="constrained")
    for number, draw in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), number)
        axes.grid(color="#dddddd", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
    return to_png(figure)


def class_figure(runs: Sequence[Run], factors: Sequence[Factor], class_names: Sequence[str]) -> bytes | None:
    """The change of every class's IoU in every comparison; None where no class was compared."""
    columns = [(factor, before, after) for factor in factors for before, after in comparisons(factor)]
    grid = np.array(
        [
            [
                _change(runs, factor.name, before, after, class_measure(index, "iou"))
                for factor, before, after in columns
            ]
            for index in range(len(class_names))
        ]
    )
    rows = [index for index in range(len(class_names)) if not np.isnan(grid[index]).all()]
    if not rows:
        return None
    names = [f"{plain(factor.name)}\n{_heading(factor, before, after)}" for factor, before, after in columns]
    size = (2.6 + 0.62 * len(columns), 2.4 + 0.27 * len(rows))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor("#eeeeee")
    shown = np.ma.masked_invalid(grid[rows])
    picture = axes.imshow(shown, cmap="PuOr_r", vmin=-_LARGEST_CHANGE, vmax=_LARGEST_CHANGE, aspect="auto")
    for (row, column), value in np.ndenumerate(grid[rows]):
        is_dark = abs(value) > 0.7 * _LARGEST_CHANGE
        text = "–" if math.isnan(value) else f"{round(value, 2) + 0.0:+.2f}"  # never -0.00
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color="white" if is_dark else "black")
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(range(len(rows)), [plain(class_names[index]) for index in rows], fontsize=9)
    axes.tick_params(length=0)
    figure.colorbar(picture, ax=axes, label="change of IoU", fraction=0.05, pad=0.02)
    return to_png(figure)


def _compared(runs: Sequence[Run], factor: Factor) -> list[Run]:
    """Finished runs for which there are others that differ in the factor alone."""

    def others(run: Run) -> frozenset[tuple[str, str]]:
        return frozenset(item for item in run.cell.settings.items() if item[0] != factor.name)

    values: dict[frozenset[tuple[str, str]], set[str]] = {}
    for run in runs:
        values.setdefault(others(run), set()).add(run.cell.settings[factor.name])
    return [run for run in runs if run.result.status == "done" and len(values[others(run)]) > 1]


def _by_value(axes: Axes, runs: Sequence[Run], factor: Factor, name: str, measure: Measure) -> None:
    values = in_order(factor)
    for place, value in enumerate(values):
        found = [measure(run.result) for run in runs if run.cell.settings[factor.name] == value]
        found = [number for number in found if not math.isnan(number)]
        if found:
            mean = float(np.mean(found))
            axes.plot(found, [place] * len(found), "o", color=_DOT, alpha=0.6, markersize=5)
            axes.plot([mean] * 2, [place - 0.25, place + 0.25], color=_MEAN, linewidth=2)
            offset = (6, 5)
            axes.annotate(f"{mean:.3f}", (mean, place), xytext=offset, textcoords="offset points", fontsize=8)
    axes.set_yticks(range(len(values)), [_short(factor, value) for value in values], fontsize=8)
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.margins(x=0.2)
    axes.tick_params(axis="x", labelsize=8)
    axes.set_title(name, fontsize=10, loc="left")


def _over_cost(axes: Axes, runs: Sequence[Run], factor: Factor, name: str, measure: Measure) -> None:
    points = []
    for value in factor.values:
        here = [run.result for run in runs if run.cell.settings[factor.name] == value]
        pairs = [(COSTS["operations"](result), measure(result)) for result in here if not math.isnan(measure(result))]
        if pairs:
            axes.plot(*zip(*pairs, strict=True), "o", color=_DOT, alpha=0.6, markersize=5)
            points.append((*np.mean(pairs, axis=0), value))
    for x, y, value in sorted(points):
        label = _short(factor, value)
        axes.annotate(label, (x, y), xytext=(0, 7), textcoords="offset points", fontsize=8, ha="center")
    if points:
        if factor.name != "net":  # nets are no steps of one ladder
            axes.plot([x for x, _, _ in sorted(points)], [y for _, y, _ in sorted(points)], color=_MEAN, linewidth=1.2)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.3g}"))
        axes.minorticks_off()
    axes.margins(x=0.25, y=0.2)
    axes.tick_params(labelsize=8)
    axes.set_xlabel("GFLOP an image (logarithmic)", fontsize=9)
    axes.set_title(f"{name} for its cost", fontsize=10, loc="left")


def _short(factor: Factor, value: str) -> str:
    """A value as a label: a net without its options where its name alone tells it from the others."""
    name = value.partition(":")[0]
    is_enough = factor.name == "net" and [each.partition(":")[0] for each in factor.values].count(name) == 1
    return plain(name if is_enough else value)


def _heading(factor: Factor, before: str, after: str) -> str:
    """What a column of the table of classes compares."""
    arrow = f"{_short(factor, before)} → {_short(factor, after)}"
    return _short(factor, after) if factor.name == "net" else plain(arrow)


def _change(runs: Sequence[Run], factor: str, before: str, after: str, measure: Measure) -> float:
    effect = effect_of(runs, factor, before, after, measure)
    return math.nan if effect is None else effect.change
