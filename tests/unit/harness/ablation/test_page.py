from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from harness.ablation.answers import answers
from harness.ablation.page import write_page
from harness.ablation.plan import Factor, default_factors, parse_factor, plan_cells
from harness.ablation.results import Run, RunResult
from harness.training.config import TrainConfig

CLASSES = ("Roads", "Car", "Poles", "Train")


def page_of(
    folder: Path, baseline: TrainConfig, factors: tuple[Factor, ...], result_of: Any, seeds: tuple[int, ...]
) -> str:
    runs = [Run(cell=cell, result=result_of(cell)) for cell in plan_cells(baseline, factors, seeds=seeds)]
    path = write_page(
        folder,
        runs,
        factors,
        answers(runs, factors),
        class_names=CLASSES,
        recording="streets <b>",
        environment={"device": "a & b"},
    )
    return path.read_text()


def test_the_page_holds_everything_and_fetches_nothing(tmp_path: Path, baseline: TrainConfig, score: Any) -> None:
    factors = default_factors(baseline)
    page = page_of(tmp_path, baseline, factors, lambda cell: score(car=0.6 + 0.01 * cell.config.seed), (0, 1))
    assert page.count("data:image/png;base64,") == 7  # six questions, and all classes
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "What do skip connections do at boundaries?" in page
    assert "no difference beyond the spread of seeds" in page
    assert page.count(">skip_connections=false<") == 2
    assert "Ablation on streets &lt;b&gt;" in page
    assert "a &amp; b" in page
    assert "pooled counts" in page
    assert 'class="notice"' not in page


def test_what_is_missing_and_what_one_seed_means_stand_first(tmp_path: Path, baseline: TrainConfig, score: Any) -> None:
    page = page_of(
        tmp_path,
        baseline,
        (parse_factor("size=20x16", baseline),),
        lambda cell: RunResult(status="failed", message="too <large>") if cell.factor == "size" else score(),
        (0,),
    )
    notices = re.search(r'<ul class="notice">.*?</ul>', page, re.DOTALL)
    assert notices is not None
    assert "Incomplete: 1 of 2 runs have no result" in notices[0]
    assert "There is one seed" in notices[0]
    assert "too &lt;large&gt;" in page


@pytest.mark.parametrize("status", ["failed", "not run"])
def test_a_page_can_be_written_when_nothing_finished(tmp_path: Path, baseline: TrainConfig, status: Any) -> None:
    factors = (parse_factor("base_channels=8", baseline),)
    page = page_of(tmp_path, baseline, factors, lambda cell: RunResult(status=status), (0,))
    assert "not measured, since no pair of runs finished" in page
