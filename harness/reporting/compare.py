"""``harness compare``: two nets, of one score folder or of two, on the frames that both have seen.

Frames are the same where scenario, tick and ground truth are: two scores of one recording's drives (``--drives``) can
be compared, two scores that drove anew only where their drives came out alike. The digests of the labels decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from harness.errors import UsageError
from harness.reporting.comparison import COMPARISON_COLUMNS, comparison_block
from harness.reporting.frames import Frames, FrameTable, aligned
from harness.reporting.intervals import Intervals, Side
from harness.reporting.source import Condition, ScoreData, read_score
from harness.reporting.tables import table_of
from harness.scoring.statistics.bootstrap import Bootstrap

View = tuple[str, int, int, float]
"""Weather, width [px], height [px], fov [deg]."""
Truths = dict[View, dict[str, frozenset[str]]]
"""Digests of the labels, by view and scenario, of the scenarios that are complete."""
Plan = dict[View, list[str]]
"""Planned scenarios by view."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One net of one score folder."""

    folder: Path
    model: str | None = None
    """Its name in the tables; None where the folder has only one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """What a comparison found."""

    table: pd.DataFrame
    """Columns as `COMPARISON_COLUMNS`."""
    class_names: tuple[str, ...]
    """In id order."""
    absent: frozenset[str]
    """Classes that are nowhere in the truth of what was compared."""
    notices: tuple[str, ...]
    """What a reader must know before believing a number."""


def compare(a: Scored, b: Scored, *, bootstrap: Bootstrap) -> Comparison:
    """Compare b with a under every weather and size that both were scored under.

    Raises:
        DataError: a folder is not a whole score.
        UsageError: a net that is not there, other classes, or no frame in common.
    """
    data_a = read_score(a.folder)
    data_b = data_a if b.folder == a.folder else read_score(b.folder)
    models = _model(data_a, a.model), _model(data_b, b.model)
    if data_a is data_b and models[0] == models[1]:
        raise UsageError(f"both sides are {models[0]!r} of {a.folder}: name two models, as FOLDER:MODEL")
    _check_labels(data_a, data_b)
    names = list(dict.fromkeys([*data_a.scenario_names, *data_b.scenario_names]))
    frames_a = FrameTable(data_a, names)
    frames_b = frames_a if data_a is data_b else FrameTable(data_b, names)
    truths = _truths(data_a, models[0]), _truths(data_b, models[1])
    pairs: dict[View, list[Frames]] = {}
    same = {view: _same(truths[0][view], truths[1][view]) for view in truths[0] if view in truths[1]}
    for view in same:
        common = frozenset(names.index(name) for name in same[view])
        side_a = frames_a.complete(Condition(models[0], *view)).of_scenarios(common)
        side_b = frames_b.complete(Condition(models[1], *view)).of_scenarios(common)
        pairs[view] = aligned(side_a, side_b)
    pairs = {view: pair for view, pair in pairs.items() if len(pair[0].keys)}
    if not pairs:
        raise UsageError(_nothing_in_common(a, b, truths))
    shown = models if models[0] != models[1] else (f"{a.folder}:{models[0]}", f"{b.folder}:{models[1]}")
    intervals = Intervals(bootstrap)
    table = table_of(
        (
            comparison_block(
                Condition(models[0], *view), shown, Side(("a", view), side_a), Side(("b", view), side_b), intervals,
                data_a.class_names,
            )
            for view, (side_a, side_b) in pairs.items()
        ),
        COMPARISON_COLUMNS,
    )  # fmt: skip
    truth = np.sum([side_a.total[:, [0, 2]].sum(axis=1) for side_a, _ in pairs.values()], axis=0)
    return Comparison(
        table=table,
        class_names=tuple(data_a.class_names),
        absent=frozenset(name for name, pixels in zip(data_a.class_names, truth, strict=True) if not pixels),
        notices=tuple(_notices((_planned(data_a, models[0]), _planned(data_b, models[1])), same)),
    )


def _model(data: ScoreData, wanted: str | None) -> str:
    if wanted is None and len(data.models) == 1:
        return data.models[0]
    if wanted is None:
        raise UsageError(
            f"{data.folder} has several models: name one as {data.folder}:{data.models[0]}; {_known(data)}"
        )
    if wanted not in data.models:
        raise UsageError(f"{data.folder} has no model {wanted!r}; {_known(data)}")
    return wanted


def _known(data: ScoreData) -> str:
    return f"there are: {', '.join(data.models)}"


def _check_labels(a: ScoreData, b: ScoreData) -> None:
    if a.class_names != b.class_names:
        only_a, only_b = ([n for n in x.class_names if n not in y.class_names] for x, y in ((a, b), (b, a)))
        differing = ", ".join([*only_a, *only_b]) or "the same ones in another order"
        raise UsageError(
            f"{a.folder} and {b.folder} were scored with other classes ({differing}): their IoUs cannot be compared. "
            "Train and score both with the same --labels"
        )


def _truths(data: ScoreData, model: str) -> Truths:
    rows = data.scenarios[data.scenarios["model"] == model]
    found: Truths = {}
    for key, cells in rows.groupby(["weather", "width", "height", "fov", "scenario"], sort=False):
        weather, width, height, fov, scenario = key
        if (cells["status"] == "done").all():
            by_scenario = found.setdefault((str(weather), int(width), int(height), float(fov)), {})
            by_scenario[str(scenario)] = frozenset(cells["labels_digest"])
    return found


def _same(a: Mapping[str, frozenset[str]], b: Mapping[str, frozenset[str]]) -> list[str]:
    """Scenarios that both sides have, with the same ground truth."""
    return [name for name in a if a[name] == b.get(name)]


def _nothing_in_common(a: Scored, b: Scored, truths: tuple[Truths, Truths]) -> str:
    views = [view for view in truths[0] if view in truths[1]]
    if not views:
        there = (", ".join(dict.fromkeys(_view_name(view) for view in each)) or "nothing" for each in truths)
        return (
            f"{a.folder} and {b.folder} have no weather and size that both have scored completely; there are: "
            f"{' and '.join(there)}. Score both under the same"
        )
    if any(set(truths[0][view]) & set(truths[1][view]) for view in views):
        return (
            f"{a.folder} and {b.folder} have scenarios of the same names, but their ground truth differs "
            "(labels_digest in scenarios.csv): they show other drives, towns or cameras. Score both on the same "
            "drives, with --drives"
        )
    return (
        f"{a.folder} and {b.folder} have no scenario in common that both have scored completely: score the same suite"
    )


def _planned(data: ScoreData, model: str) -> Plan:
    rows = data.scenarios.loc[data.scenarios["model"] == model, ["weather", "width", "height", "fov", "scenario"]]
    found: Plan = {}
    for weather, width, height, fov, scenario in rows.drop_duplicates().itertuples(index=False, name=None):
        found.setdefault((str(weather), int(width), int(height), float(fov)), []).append(str(scenario))
    return found


def _notices(plans: tuple[Plan, Plan], compared: Mapping[View, list[str]]) -> list[str]:
    """What either side has planned and is not in the comparison, whatever the reason."""
    notices = []
    lonely = [view for plan, other in (plans, plans[::-1]) for view in plan if view not in other]
    if lonely:
        notices.append(f"only one side has {', '.join(dict.fromkeys(map(_view_name, lonely)))}: left out")
    for view in [view for view in plans[0] if view in plans[1]]:
        planned = dict.fromkeys([*plans[0][view], *plans[1][view]])
        others = [name for name in planned if name not in compared.get(view, ())]
        if others:
            notices.append(
                f"{_view_name(view)}: {', '.join(others)} left out; not complete on both sides, or the ground truth "
                "differs"
            )
    return notices


def _view_name(view: View) -> str:
    weather, width, height, fov = view
    return f"{weather} at {width}x{height}, fov {fov:g}"
