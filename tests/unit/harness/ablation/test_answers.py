from __future__ import annotations

import math
from typing import Any

import pytest

from harness.ablation.answers import answers, comparisons
from harness.ablation.plan import Factor, default_factors, parse_factor, plan_cells
from harness.ablation.results import Run, RunResult
from harness.training.config import TrainConfig


def told(factor_text: str, baseline: TrainConfig, results: dict[str, RunResult], seeds: tuple[int, ...]) -> list[str]:
    factor = parse_factor(factor_text, baseline)
    cells = plan_cells(baseline, (factor,), seeds=seeds)
    runs = [Run(cell=cell, result=results[cell.name]) for cell in cells]
    (answer,) = answers(runs, (factor,))
    return list(answer.sentences)


def test_skip_connections_are_judged_at_boundaries(baseline: TrainConfig, score: Any) -> None:
    sentences = told(
        "skip_connections=false",
        baseline,
        {
            "baseline-seed0": score(boundary=0.50, poles=0.5, cost=4.0),
            "baseline-seed1": score(boundary=0.52, poles=0.5, cost=4.0),
            "skip_connections=false-seed0": score(boundary=0.30, poles=0.1, cost=2.0),
            "skip_connections=false-seed1": score(boundary=0.28, poles=0.1, cost=2.0),
        },
        (0, 1),
    )
    assert sentences == [
        "With skip connections, boundary IoU rises by 0.220, from 0.290 to 0.510 (spread 0.020); "
        "mIoU rises by 0.133, from 0.533 to 0.667 (spread 0.000); at 2 times the parameters, 2 times the "
        "operations, 2 times the latency, 2 times the training time.",
        "The classes whose boundary IoU changes most: Poles +0.200.",
    ]


def test_class_weights_are_judged_by_the_rare_classes_and_name_them(baseline: TrainConfig, score: Any) -> None:
    sentences = told(
        "class_weights=median-frequency",
        baseline,
        {
            "baseline-seed0": score(poles=0.30),
            "baseline-seed1": score(poles=0.34),
            "class_weights=median-frequency-seed0": score(poles=0.33),
            "class_weights=median-frequency-seed1": score(poles=0.35),
        },
        (0, 1),
    )
    assert sentences[0].startswith(
        "With class_weights median-frequency instead of none, mean IoU of rare classes shows no difference beyond the "
        "spread of seeds (+0.020, spread 0.040); mIoU shows no difference"
    )
    assert sentences[-1] == "Rare, with less than 1% of the training pixels and in the scored frames: Poles."


def test_one_seed_is_said_to_be_one(baseline: TrainConfig, score: Any) -> None:
    sentences = told(
        "augment=false", baseline, {"baseline-seed0": score(car=0.7), "augment=false-seed0": score(car=0.4)}, (0,)
    )
    assert sentences[0].startswith("With augmentation, mIoU rises by 0.100, from 0.533 to 0.633 (one seed, so what")


def test_a_question_without_a_finished_pair_says_so(baseline: TrainConfig, score: Any) -> None:
    failed = RunResult(status="failed", message="too little memory")
    sentences = told("augment=false", baseline, {"baseline-seed0": score(), "augment=false-seed0": failed}, (0,))
    assert sentences == ["With augmentation: not measured, since no pair of runs finished."]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("true", "false"), [("false", "true")]),
        (("false", "true"), [("false", "true")]),
        (("320x180", "160x90", "640x360"), [("160x90", "320x180"), ("320x180", "640x360")]),
        (("16", "8", "32"), [("8", "16"), ("16", "32")]),
        (("cross-entropy", "focal"), [("cross-entropy", "focal")]),
        (("0.001", "1e-05"), [("1e-05", "0.001")]),
    ],
)
def test_more_is_compared_with_less_and_words_with_the_baseline(
    values: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert comparisons(Factor(name="any", values=values)) == expected


def test_every_default_question_is_answered_from_the_numbers(baseline: TrainConfig, score: Any) -> None:
    factors = default_factors(baseline)
    cells = plan_cells(baseline, factors, seeds=(0, 1))
    runs = [Run(cell=cell, result=score(road=0.5 + 0.1 * (cell.factor == "baseline"))) for cell in cells]
    found = answers(runs, factors)
    assert [answer.question.title for answer in found] == [
        "What do skip connections do at boundaries?",
        "What does class weighting do for rare classes?",
        "What does the loss change?",
        "What does resolution buy?",
        "What does a larger model buy for its cost?",
        "What does augmentation do?",
    ]
    assert all("mIoU rises by 0.033" in answer.sentences[0] for answer in found if len(answer.factor.values) == 2)
    assert all("nan" not in sentence for answer in found for sentence in answer.sentences)


def test_a_class_that_is_nowhere_is_not_named(baseline: TrainConfig, score: Any) -> None:
    sentences = told(
        "augment=false", baseline, {"baseline-seed0": score(), "augment=false-seed0": score(car=0.1)}, (0,)
    )
    assert sentences[1] == "The classes whose IoU changes most: Car +0.500."
    assert math.isnan(score().classes[3].iou)
