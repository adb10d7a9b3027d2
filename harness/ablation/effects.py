"""What a setting does: the difference between runs that are alike in all else, and whether seeds alone do as much.

The *spread of seeds* is the largest difference between two runs that differ in nothing but their seed, on either side
of the comparison. A mean difference that is not larger is called none: three seeds cannot show less. With one seed the
spread is not known, and is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.ablation.plan import Cell
from harness.ablation.results import Run, RunResult

_Settings = frozenset[tuple[str, str]]

Measure = Callable[[RunResult], float]
"""A number of a finished run; NaN where it does not exist."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The mean difference of one measure between two values of a factor, over pairs of runs alike in all else."""

    before: float
    """Mean of the measure with the one value."""

    after: float
    """Mean with the other."""

    spread: float
    """Spread of seeds; NaN where there is one seed."""

    pairs: int
    """How many pairs of runs were compared."""

    @property
    def change(self) -> float:
        """From before to after."""
        return self.after - self.before

    @property
    def is_more_than_seeds_do(self) -> bool:
        """Whether the change is larger than the spread of seeds; True where that is not known."""
        return math.isnan(self.spread) or abs(self.change) > self.spread


def effect_of(runs: Sequence[Run], factor: str, before: str, after: str, measure: Measure) -> Effect | None:
    """Compare the runs with ``factor`` at ``after`` with those that have ``before`` there and are alike in all else.

    Returns:
        None where no pair of finished runs has the measure.
    """
    found = {_key(run.cell): measure(run.result) for run in runs if run.result.status == "done"}
    pairs: dict[_Settings, list[tuple[float, float]]] = {}
    for run in runs:
        if run.cell.settings[factor] == after:
            pair = tuple(found.get(_key(run.cell, {factor: value}), math.nan) for value in (before, after))
            if not any(map(math.isnan, pair)):
                others = frozenset(item for item in run.cell.settings.items() if item[0] != factor)
                pairs.setdefault(others, []).append((pair[0], pair[1]))
    if not pairs:
        return None
    table = np.array([pair for group in pairs.values() for pair in group])
    several = [np.ptp(group, axis=0).max() for group in pairs.values() if len(group) > 1]
    return Effect(
        before=float(table[:, 0].mean()),
        after=float(table[:, 1].mean()),
        spread=float(max(several, default=math.nan)),
        pairs=len(table),
    )


def _key(cell: Cell, changes: Mapping[str, str] | None = None) -> tuple[_Settings, int]:
    """What tells runs apart: the value of each factor, some of them changed, and the seed."""
    return frozenset({**cell.settings, **(changes or {})}.items()), cell.config.seed
