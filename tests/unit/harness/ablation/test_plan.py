from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.ablation.plan import (
    BASELINE,
    Factor,
    default_factors,
    make_factor,
    parse_factor,
    plan_cells,
    value_text,
    with_value,
)
from harness.errors import UsageError
from harness.training.config import TrainConfig


def test_one_change_at_a_time_and_every_seed(baseline: TrainConfig) -> None:
    factors = (parse_factor("skip_connections=false", baseline), parse_factor("loss=focal,dice", baseline))
    cells = plan_cells(baseline, factors, seeds=(0, 7))
    assert [(cell.factor, cell.value, cell.config.seed) for cell in cells] == [
        (BASELINE, "", 0),
        (BASELINE, "", 7),
        ("skip_connections", "false", 0),
        ("skip_connections", "false", 7),
        ("loss", "focal", 0),
        ("loss", "focal", 7),
        ("loss", "dice", 0),
        ("loss", "dice", 7),
    ]
    assert [cell.config.net_options["skip_connections"] for cell in cells] == [True] * 2 + [False] * 2 + [True] * 4
    assert [cell.config.loss for cell in cells[4:]] == ["focal", "focal", "dice", "dice"]
    assert all(cell.settings.keys() == {"skip_connections", "loss"} for cell in cells)
    assert len({cell.name for cell in cells}) == len(cells)


def test_a_cell_differs_from_the_baseline_in_what_it_says_and_nothing_else(baseline: TrainConfig) -> None:
    for cell in plan_cells(baseline, default_factors(baseline), seeds=(0,)):
        lines = baseline.resolved().differences(cell.config)
        changed = {line.split(":")[0] for line in lines}
        expected = {name if hasattr(baseline, name) else "net_options" for name in cell.changed}
        assert changed == expected


def test_the_full_grid_has_every_combination_once(baseline: TrainConfig) -> None:
    factors = (parse_factor("augment=false", baseline), parse_factor("base_channels=2,8", baseline))
    cells = plan_cells(baseline, factors, seeds=(0, 1), full_grid=True)
    found = [(cell.config.augment, cell.config.net_options["base_channels"], cell.config.seed) for cell in cells]
    assert sorted(found) == sorted((a, c, s) for a in (True, False) for c in (4, 2, 8) for s in (0, 1))
    assert cells[-1].name == "augment=false,base_channels=8-seed1"


def test_the_default_is_the_six_questions(baseline: TrainConfig) -> None:
    factors = {factor.name: factor.values for factor in default_factors(baseline)}
    assert factors == {
        "skip_connections": ("true", "false"),
        "class_weights": ("none", "median-frequency", "inverse-sqrt"),
        "loss": ("cross-entropy", "focal", "cross-entropy+dice"),
        "size": ("40x32", "20x16"),
        "base_channels": ("4", "2", "8"),
        "augment": ("true", "false"),
    }


def test_a_net_without_skip_connections_is_asked_the_other_five() -> None:
    baseline = TrainConfig(net="segnet", net_options={"base_channels": 4}, size=(64, 64))
    assert [factor.name for factor in default_factors(baseline)] == [
        "class_weights", "loss", "size", "base_channels", "augment",
    ]  # fmt: skip


def test_frames_that_cannot_be_halved_are_not_asked_about_resolution(baseline: TrainConfig) -> None:
    assert "size" not in [factor.name for factor in default_factors(replace(baseline, size=(32, 24)))]


def test_the_baselines_value_comes_first_and_once(baseline: TrainConfig) -> None:
    assert make_factor("base_channels", ["8", "4", "8"], baseline) == Factor(name="base_channels", values=("4", "8"))
    assert parse_factor("base-channels=2", baseline).values == ("4", "2")


def test_nets_are_compared_in_their_notation(baseline: TrainConfig) -> None:
    factor = parse_factor("net=unet:depth=2:base_channels=4,segnet:base_channels=4", baseline)
    assert factor.values == ("unet:base_channels=4:depth=2", "segnet:base_channels=4")
    cells = plan_cells(baseline, (factor,), seeds=(0,))
    assert [cell.config.net for cell in cells] == ["unet", "segnet"]
    assert cells[1].name == "net=segnet_base_channels=4-seed0"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("epochs", "3", 3),
        ("learning_rate", "1e-3", 0.001),
        ("augment", "off", False),
        ("size", "64x48", (64, 48)),
        ("crop", "none", None),
        ("class_weights", "none", "none"),
        ("ema_decay", "0.99", 0.99),
        ("ema_decay", "none", None),
        ("optimizer", "sgd", "sgd"),
    ],
)
def test_values_have_the_type_of_their_field(baseline: TrainConfig, name: str, text: str, value: object) -> None:
    assert getattr(with_value(baseline, name, text), name) == value


@given(
    text=st.sampled_from(
        [("epochs", "5"), ("flip", "false"), ("size", "24x34"), ("depth", "3"), ("upsampling", "bilinear"),
         ("net", "segnet"), ("crop", "none"), ("clip_norm", "0.5")]
    )
)  # fmt: skip
def test_the_text_of_a_value_is_its_notation(text: tuple[str, str]) -> None:
    name, value = text
    assert value_text(with_value(TrainConfig(), name, value), name) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base_channels", "no values"),
        ("base_chanels=8", "did you mean 'base_channels'"),
        ("base_channels=wide", "wide"),
        ("augment=maybe", "true or false"),
        ("epochs=many", "whole number"),
        ("learning_rate=fast", "a number"),
        ("loss=crossentropy", "cross-entropy"),
        ("seed=1,2", "cannot be varied"),
        ("label_set=carla13", "cannot be varied"),
        ("net=unets", "unet"),
        ("base_channels=4", "has already"),
        ("epochs=0", "at least 1"),
    ],
)
def test_what_cannot_be_varied_is_refused(baseline: TrainConfig, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_factor(text, baseline)


def test_what_would_fail_in_its_run_is_refused_before_the_first(baseline: TrainConfig) -> None:
    with pytest.raises(UsageError, match=r"depth=9.*1 to 6"):
        plan_cells(baseline, (make_factor("depth", ["9"], baseline),), seeds=(0,))
    cropped = replace(baseline, crop=(32, 32))
    with pytest.raises(UsageError, match=r"size=20x16: the crop 32x32"):
        plan_cells(cropped, default_factors(cropped), seeds=(0,))


def test_seeds_and_factors_are_there_once(baseline: TrainConfig) -> None:
    factor = parse_factor("augment=false", baseline)
    with pytest.raises(UsageError, match="seed 1 is given twice"):
        plan_cells(baseline, (factor,), seeds=(1, 1))
    with pytest.raises(UsageError, match="factor augment is given twice"):
        plan_cells(baseline, (factor, factor), seeds=(1,))
    with pytest.raises(UsageError, match="no seed"):
        plan_cells(baseline, (factor,), seeds=())


def test_a_grid_of_nets_and_their_options_is_refused(baseline: TrainConfig) -> None:
    factors = (parse_factor("net=segnet:base_channels=4", baseline), parse_factor("depth=1", baseline))
    with pytest.raises(UsageError, match="cannot be combined"):
        plan_cells(baseline, factors, seeds=(0,), full_grid=True)
