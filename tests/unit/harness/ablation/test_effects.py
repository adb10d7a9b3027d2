from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from harness.ablation.effects import Effect, effect_of
from harness.ablation.plan import Cell, parse_factor, plan_cells
from harness.ablation.results import Run, RunResult
from harness.training.config import TrainConfig


def cost(result: RunResult) -> float:
    return result.gflop


def made(cells: tuple[Cell, ...], values: dict[str, float], score: Callable[..., RunResult]) -> list[Run]:
    return [Run(cell=cell, result=score(cost=values[cell.name])) for cell in cells]


def test_the_difference_of_means_and_the_spread_of_seeds(baseline: TrainConfig, score: Any) -> None:
    cells = plan_cells(baseline, (parse_factor("augment=false", baseline),), seeds=(0, 1))
    values = {"baseline-seed0": 5.0, "baseline-seed1": 6.0, "augment=false-seed0": 2.0, "augment=false-seed1": 2.5}
    effect = effect_of(made(cells, values, score), "augment", "true", "false", cost)
    assert effect == Effect(before=5.5, after=2.25, spread=1.0, pairs=2)
    assert effect.change == -3.25
    assert effect.is_more_than_seeds_do


def test_a_difference_within_the_spread_is_none(baseline: TrainConfig, score: Any) -> None:
    cells = plan_cells(baseline, (parse_factor("augment=false", baseline),), seeds=(0, 1))
    values = {"baseline-seed0": 5.0, "baseline-seed1": 5.1, "augment=false-seed0": 4.0, "augment=false-seed1": 5.5}
    effect = effect_of(made(cells, values, score), "augment", "true", "false", cost)
    assert effect is not None
    assert effect.spread == 1.5
    assert not effect.is_more_than_seeds_do


def test_one_seed_has_no_spread(baseline: TrainConfig, score: Any) -> None:
    cells = plan_cells(baseline, (parse_factor("augment=false", baseline),), seeds=(0,))
    effect = effect_of(
        made(cells, {"baseline-seed0": 5.0, "augment=false-seed0": 4.0}, score), "augment", "true", "false", cost
    )
    assert effect is not None
    assert math.isnan(effect.spread)
    assert effect.pairs == 1


def test_other_factors_do_not_come_between(baseline: TrainConfig, score: Any) -> None:
    """Each cell of one factor is compared with the baseline, never with a cell of the other factor."""
    factors = (parse_factor("augment=false", baseline), parse_factor("flip=false", baseline))
    cells = plan_cells(baseline, factors, seeds=(0,))
    values = {"baseline-seed0": 5.0, "augment=false-seed0": 4.0, "flip=false-seed0": 1.0}
    runs = made(cells, values, score)
    effects = [effect_of(runs, name, "true", "false", cost) for name in ("augment", "flip")]
    assert [effect.change for effect in effects if effect] == [-1.0, -4.0]
    assert [effect.pairs for effect in effects if effect] == [1, 1]


def test_in_a_grid_every_pair_alike_in_all_else_counts(baseline: TrainConfig, score: Any) -> None:
    """The value is 10 for augmentation plus the base channels: the effect of each does not see the other."""
    factors = (parse_factor("augment=false", baseline), parse_factor("base_channels=8", baseline))
    cells = plan_cells(baseline, factors, seeds=(0, 1), full_grid=True)
    runs = [
        Run(cell=c, result=score(cost=10.0 * c.config.augment + c.config.net_options["base_channels"])) for c in cells
    ]
    effect = effect_of(runs, "augment", "false", "true", cost)
    assert effect == Effect(before=6.0, after=16.0, spread=0.0, pairs=4)


@pytest.mark.parametrize("missing", ["baseline-seed1", "augment=false-seed1"])
def test_a_pair_needs_both_runs(baseline: TrainConfig, score: Any, missing: str) -> None:
    cells = plan_cells(baseline, (parse_factor("augment=false", baseline),), seeds=(0, 1))
    values = {"baseline-seed0": 5.0, "baseline-seed1": 9.0, "augment=false-seed0": 4.0, "augment=false-seed1": 0.0}
    runs = [
        Run(cell=run.cell, result=RunResult(status="failed") if run.cell.name == missing else run.result)
        for run in made(cells, values, score)
    ]
    effect = effect_of(runs, "augment", "true", "false", cost)
    assert effect is not None
    assert (effect.before, effect.after, effect.pairs) == (5.0, 4.0, 1)


def test_what_nobody_measured_has_no_effect(baseline: TrainConfig, score: Any) -> None:
    cells = plan_cells(baseline, (parse_factor("augment=false", baseline),), seeds=(0,))
    runs = made(cells, dict.fromkeys((cell.name for cell in cells), math.nan), lambda cost: score())
    assert effect_of(runs, "augment", "true", "false", lambda result: math.nan) is None
