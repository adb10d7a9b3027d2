"""Settings: out of range is said before anything starts, and JSON gives them back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from datasets.labels import CARLA_29, CITYSCAPES_19, Grouping, LabelClass, LabelSet
from harness.errors import UsageError
from harness.training.config import TrainConfig
from nets import net_options


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"epochs": 0}, "epochs is 0; it must be at least 1"),
        ({"batch_size": 1}, "batch_size is 1; it must be at least 2, since batch norm"),
        ({"learning_rate": 0.0}, r"learning_rate is 0\.0; it must be above 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"warmup_fraction": 0.6}, r"warmup_fraction is 0\.6; it must be 0 to 0\.5"),
        ({"clip_norm": 0.0}, "clip_norm"),
        ({"scale_jitter": 2.0}, "scale_jitter"),
        ({"color_jitter": -0.1}, "color_jitter"),
        ({"seed": -1}, "seed is -1"),
        ({"workers": -1}, "workers"),
        ({"cache": "disk"}, "cache is 'disk'; it must be auto or gpu or ram or none"),
        ({"crop": (0, 5)}, r"crop is \(0, 5\); it must be None or \(width, height\)"),
        ({"size": (5,)}, "size is"),
        ({"class_weights": "median"}, "class_weights is 'median'; it must be none or median-frequency or inverse"),
        ({"class_weights_beta": 1.0}, r"class_weights_beta is 1\.0; it must be None, or 0 to below 1"),
        ({"loss": "dise"}, "did you mean 'dice'"),
        ({"optimizer": "adam"}, "optimizer is 'adam'; it must be adamw or sgd"),
        ({"momentum": 1.0}, r"momentum is 1\.0; it must be 0 or more and below 1"),
        ({"schedule": "step"}, "schedule is 'step'; it must be cosine or poly"),
        ({"accumulate": 0}, "accumulate is 0; it must be a divisor of batch_size, 8, that leaves 2 or more frames"),
        ({"accumulate": 3}, "accumulate is 3; it must be a divisor of batch_size, 8"),
        ({"accumulate": 8}, "accumulate is 8; it must be a divisor of batch_size, 8"),
        ({"ema_decay": 1.0}, r"ema_decay is 1\.0; it must be None, or above 0 and below 1"),
        ({"compile": "yes"}, "compile is 'yes'; it must be auto or on or off"),
        ({"patience": 0}, "patience is 0; it must be None, or at least 1"),
        ({"corrupt": "zero"}, "corrupt is 'zero'; it must be raise or skip"),
        ({"precision": "fp16"}, "precision is 'fp16'; it must be one of auto, float32"),
    ],
)
def test_a_value_out_of_range_is_named_with_the_rule(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TrainConfig(**setting)


DRIVABLE = LabelSet(
    name="drivable",
    classes=(LabelClass(name="road", color=(1, 2, 3)), LabelClass(name="rest", color=(4, 5, 6))),
    grouping=Grouping(source=CARLA_29, class_ids=(255, 0, *[1] * 27)),
)


@pytest.mark.parametrize(
    "config",
    [
        TrainConfig(),
        TrainConfig(crop=(256, 160)),
        TrainConfig(size=(320, 180), net_options={"depth": 2}),
        TrainConfig(label_set=CITYSCAPES_19),
        TrainConfig(label_set=DRIVABLE),
        TrainConfig(loss="cross-entropy+0.5*dice", ema_decay=0.99, patience=3, track=("mlflow", "wandb")),
    ],
)
def test_json_gives_it_back(config: TrainConfig) -> None:
    assert TrainConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_built_in_label_sets_are_stored_by_name_and_ones_own_whole() -> None:
    assert TrainConfig(label_set=CITYSCAPES_19).to_json()["label_set"] == "cityscapes19"
    assert TrainConfig(label_set=DRIVABLE).to_json()["label_set"] == DRIVABLE.to_json()
    assert TrainConfig.from_json({"label_set": "carla29"}) == TrainConfig()


@pytest.mark.parametrize("stored", ["carla28", {"name": "mine"}])
def test_a_stored_label_set_that_is_not_one(stored: object) -> None:
    with pytest.raises(UsageError, match="label set"):
        TrainConfig.from_json({"label_set": stored})


def test_another_grouping_under_the_same_name_is_a_difference() -> None:
    other = replace(DRIVABLE, grouping=Grouping(source=CARLA_29, class_ids=(255, 0, 0, *[1] * 26)))
    assert len(TrainConfig(label_set=DRIVABLE).differences(TrainConfig(label_set=other))) == 1


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(UsageError, match="unknown settings epoch; known are"):
        TrainConfig.from_json({"epoch": 3})


def test_resolving_writes_out_the_options_of_the_net() -> None:
    config = TrainConfig(net_options={"depth": 2}).resolved()
    assert config.net_options["depth"] == 2
    assert config.net_options.keys() == net_options("unet").keys()
    assert config.resolved() == config
    with pytest.raises(UsageError, match="did you mean 'unet'"):
        TrainConfig(net="unnet").resolved()


def test_differences_are_told_one_by_one() -> None:
    config = TrainConfig(crop=(8, 4))
    assert config.differences(config) == []
    assert config.differences(TrainConfig(crop=(8, 4), epochs=31, seed=2)) == ["epochs: 30 -> 31", "seed: 0 -> 2"]
