"""Lines of the page: driving against fog, rain and sun, and how far from the middle of its lane each policy drove."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.reporting.charts import NUM_STYLES, Chart, Series, line_chart
from harness.reporting.driving.axes import measure_chart, round_up
from harness.reporting.driving.cells import policy_cell
from harness.reporting.driving.outline import MASK, DriveOutline, DriveSweep
from harness.reporting.driving.page import DriveSection
from harness.reporting.driving.raw_tables import ALL_GROUPS
from harness.reporting.page import Column, TablePart, number_cell

FAR_M = 0.5
"""Farther from the middle than this is counted in the table."""

_UNITS = {"sun_altitude_angle": "deg", "sun_azimuth_angle": "deg", "fog_distance": "m"}
"""Units of CARLA's weather parameters that are not 0..100 without one."""
_MEASURES = (
    ("driving_score_2_1", "Driving score", True),
    ("completion", "Route completion [%]", True),
    ("lateral_error_p95_m", "Lateral error, 95th percentile [m]", False),
)
_STEPS = 120
"""Points of a distribution's line."""


def sweep_section(outline: DriveOutline, summary: pd.DataFrame) -> DriveSection:
    """Curves of each sweep at the largest size."""
    charts = [chart for sweep in outline.sweeps for chart in _sweep_charts(outline, summary, sweep)]
    return DriveSection(
        anchor="sweeps",
        title="Fog, rain and sun",
        text="Driving against one number of the weather, all others fixed, at the largest size; a line for each "
        "policy. The band is the 95 % interval of the driving score, a percentile bootstrap over episodes.",
        charts=tuple(charts),
        when_empty="Nothing of the sweeps was driven yet.",
    )


def lateral_section(outline: DriveOutline, ticks: pd.DataFrame) -> DriveSection:
    """Distributions of the lateral error by policy, and by weather for the mask."""
    errors = {policy: _errors(ticks[ticks["policy"] == policy]) for policy in outline.policies}
    there = [values for values in errors.values() if len(values)]
    charts: tuple[Chart, ...] = ()
    if there:
        reach = round_up(float(np.quantile(np.concatenate(there), 0.99)))
        charts = (_distribution(errors, "Lateral error by policy", reach), *_by_weather(outline, ticks, reach))
    return DriveSection(
        anchor="lateral",
        title="Distance from the middle of the lane",
        text="Share of all ticks with a lateral error up to so many metres, the higher to the left the better; every "
        "tick counts the same, standing ones too. The errors of the other tables are over the ticks that the metrics "
        "count, episode by episode.",
        charts=charts,
        parts=(_quantile_part(outline, errors),) if there else (),
        when_empty="No tick has a lateral error.",
    )


def _sweep_charts(outline: DriveOutline, summary: pd.DataFrame, sweep: DriveSweep) -> list[Chart]:
    width, height, fov = outline.views[0]
    rows = summary[
        (summary["group"] == ALL_GROUPS)
        & (summary["width"] == width)
        & (summary["height"] == height)
        & (summary["fov"] == fov)
    ]
    tables = {
        policy: rows[rows["policy"] == policy].set_index("weather").reindex(list(sweep.weathers))
        for policy in outline.policies
    }
    unit = _UNITS.get(sweep.field)
    charts = []
    for column, title, is_percent in _MEASURES:
        has_band = f"{column}_low" in rows.columns
        series = [
            Series(
                name=policy,
                xs=sweep.values,
                ys=_numbers(table[column]),
                lows=_numbers(table[f"{column}_low"]) if has_band else (),
                highs=_numbers(table[f"{column}_high"]) if has_band else (),
            )
            for policy, table in tables.items()
        ]
        if all(np.isnan(each.ys).all() for each in series):
            continue
        name = f"{title} against {sweep.name}"
        highest = float(np.nanmax([np.nanmax(each.ys) for each in series if not np.isnan(each.ys).all()]))
        charts.append(
            measure_chart(
                series,
                title=name,
                text=f"{name}; the values are in the table of policies by weather and size.",
                x_title=f"{sweep.field} [{unit}]" if unit else sweep.field,
                y_max=100.0 if is_percent else round_up(highest),
            )
        )
    return charts


def _by_weather(outline: DriveOutline, ticks: pd.DataFrame, reach: float) -> tuple[Chart, ...]:
    """The mask's, in the weathers that stand for themselves, as many as can be told apart."""
    policy = MASK if MASK in outline.policies else outline.policies[0]
    swept = {weather for sweep in outline.sweeps for weather in sweep.weathers}
    named = [weather for weather in outline.weathers if weather not in swept][:NUM_STYLES]
    if len(named) < 2:
        return ()
    rows = ticks[ticks["policy"] == policy]
    errors = {weather: _errors(rows[rows["weather"] == weather]) for weather in named}
    return (_distribution(errors, f"Lateral error of {policy} by weather", reach),)


def _distribution(errors: dict[str, npt.NDArray[np.float64]], title: str, reach: float) -> Chart:
    places = np.linspace(0.0, reach, _STEPS)
    series = [
        Series(
            name=name,
            xs=places.tolist(),
            ys=(np.searchsorted(values, places, side="right") / len(values)).tolist()
            if len(values)
            else [float("nan")] * _STEPS,
            has_marks=False,
        )
        for name, values in errors.items()
    ]
    return line_chart(
        series,
        title=title,
        text=f"{title}: share of ticks up to a lateral error; quantiles are in the table of this section.",
        x_title="lateral error [m]",
    )


def _quantile_part(outline: DriveOutline, errors: dict[str, npt.NDArray[np.float64]]) -> TablePart:
    columns = (
        Column(name="policy"),
        *(
            Column(name=name, is_number=True)
            for name in ("mean [m]", "median [m]", "95th percentile [m]", "99th percentile [m]")
        ),
        Column(name=f"beyond {FAR_M:g} m [%]", is_number=True),
        Column(name="ticks", is_number=True),
    )
    rows = tuple(
        (
            policy_cell(outline, policy),
            number_cell(float(values.mean()), digits=2),
            *(number_cell(float(np.quantile(values, share)), digits=2) for share in (0.5, 0.95, 0.99)),
            number_cell(100 * float((values > FAR_M).mean()), digits=1),
            number_cell(len(values), digits=0),
        )
        for policy, values in errors.items()
        if len(values)
    )
    return TablePart(title="", columns=columns, rows=rows)


def _errors(ticks: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Absolute lateral errors [m], rising."""
    values = np.abs(ticks["lateral_error_m"].to_numpy(np.float64))
    ordered: npt.NDArray[np.float64] = np.sort(values[~np.isnan(values)])
    return ordered


def _numbers(column: pd.Series) -> list[float]:
    return [float(value) for value in column.astype(np.float64)]
