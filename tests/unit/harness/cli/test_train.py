"""The options of ``harness train`` become its settings; what a run came to is said at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import harness
from harness.cli.train import train
from harness.cli.train_options import train_config
from harness.errors import UsageError
from harness.training.config import TrainConfig
from tests.unit.harness.training.conftest import write_recording

OWN = ("recording", "added", "output", "resume", "overwrite", "seed")


def config_of(*arguments: str) -> TrainConfig:
    """The settings that `harness train RECORDING -o OUTPUT arguments` would use."""
    given = train.make_context("train", ["recording", "-o", "out", *arguments]).params
    return train_config({name: value for name, value in given.items() if name not in OWN}, seed=given["seed"])


def test_without_options_the_settings_are_the_defaults() -> None:
    assert config_of() == TrainConfig()
    assert config_of().resolved().net_options["base_channels"] == 32


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ("--loss cross-entropy+0.5*dice", {"loss": "cross-entropy+0.5*dice"}),
        ("--optimizer sgd --momentum 0.95", {"optimizer": "sgd", "momentum": 0.95}),
        ("--schedule poly --warmup 0.2", {"schedule": "poly", "warmup_fraction": 0.2}),
        ("--clip-norm 5 --accumulate 4", {"clip_norm": 5.0, "accumulate": 4}),
        ("--ema 0.999 --patience 7", {"ema_decay": 0.999, "patience": 7}),
        ("--compile off --corrupt skip", {"compile": "off", "corrupt": "skip"}),
        ("--scale-jitter 0.5 --color-jitter 0 --no-flip", {"scale_jitter": 0.5, "color_jitter": 0.0, "flip": False}),
        ("--track wandb --track mlflow", {"track": ("wandb", "mlflow")}),
        ("--crop 64x32 --size 320x180", {"crop": (64, 32), "size": (320, 180)}),
        ("--seed 3", {"seed": 3}),
        ("--net unet:depth=2", {"net_options": {"depth": 2}}),
        ("--base-channels 16 --no-skip-connections", {"net_options": {"base_channels": 16, "skip_connections": False}}),
        ("--net segnet --base-channels 8", {"net": "segnet", "net_options": {"base_channels": 8}}),
        ("--net unet:depth=2 --upsampling bilinear", {"net_options": {"depth": 2, "upsampling": "bilinear"}}),
    ],
)
def test_an_option_is_a_setting(arguments: str, settings: dict[str, object]) -> None:
    assert config_of(*arguments.split()) == TrainConfig(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--net segnet --depth 3", "segnet has no option 'depth'"),
        ("--net unet:depth=2 --depth 3", "depth stands twice"),
        ("--net unett", "did you mean 'unet'"),
        ("--loss dise", "did you mean 'dice'"),
        ("--batch-size 6 --accumulate 4", "accumulate is 4; it must be a divisor of batch_size, 6"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(arguments: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        config_of(*arguments.split())


def test_a_run_says_what_it_came_to(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "r", {"a": "train", "b": "val"})
    arguments = "--net unet:depth=1 --base-channels 2 --batch-size 4 --epochs 5 --patience 1 --learning-rate 1e-12"
    result = CliRunner().invoke(
        harness, ["train", str(recording), "-o", str(tmp_path / "run"), "--device", "cpu", *arguments.split()]
    )
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("epoch   1  loss ")
    assert "note: stopped after epoch 2, since mIoU no longer rose" in lines
    assert any("6 training frames (memory), cpu, " in line for line in lines)
    assert lines[-1].startswith("mIoU 0.")
    assert lines[-1].endswith(f"run folder: {tmp_path / 'run'}")


def test_only_the_first_of_several_processes_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.cli.train import _is_first_process

    monkeypatch.delenv("RANK", raising=False)
    assert _is_first_process()
    monkeypatch.setenv("RANK", "0")
    assert _is_first_process()
    monkeypatch.setenv("RANK", "1")
    assert not _is_first_process()
