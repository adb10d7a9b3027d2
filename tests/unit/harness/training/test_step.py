"""One optimiser step: it never waits for the device, and its parts add up to the whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import nets
from harness.run_dir import RunDir
from harness.training import loop
from harness.training.checkpoint import load_tensors
from harness.training.config import TrainConfig
from harness.training.loop import train
from harness.training.state import TrainingState

pytestmark = pytest.mark.usefixtures("without_pictures")

TINY = TrainConfig(
    net_options={"base_channels": 4, "depth": 2},
    epochs=2,
    batch_size=4,
    learning_rate=2e-2,
    crop=(32, 24),
    device="cpu",
    precision="float32",
)


def with_settings(**settings: Any) -> TrainConfig:
    return TrainConfig.from_json({**TINY.to_json(), **settings})


class NoWaiting(TorchDispatchMode):
    """Fails on operations whose result the host needs before it can go on; a CPU would do them without a word."""

    WAITING = ("_local_scalar_dense", "item", "is_nonzero", "nonzero", "masked_select", "equal", "_unique2")

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        by_mask = func.overloadpacket.__name__.startswith("index") and any(
            isinstance(index, Tensor) and index.dtype == torch.bool for index in tree_leaves(args[1:])
        )
        waits = by_mask or func.overloadpacket.__name__ in self.WAITING
        assert not waits, f"{func} waits for the device"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x.sum().item(),
        lambda x: float(x.max()),
        lambda x: bool((x > 0).any()),
        lambda x: x[x > 0],
        lambda x: x.nonzero(),
    ],
)
def test_the_test_below_would_notice(ask: Callable[[Tensor], object]) -> None:
    with NoWaiting(), pytest.raises(AssertionError, match="waits for the device"):
        ask(torch.ones(3))


SETTINGS = [
    {"precision": "bfloat16", "scale_jitter": 0.5},
    {"optimizer": "sgd", "accumulate": 2, "ema_decay": 0.99},
    *({"loss": name, "class_weights": "median-frequency"} for name in ("focal", "dice", "lovasz", "ohem", "boundary")),
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_step_never_waits_for_the_device(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    monkeypatch.setattr(loop, "_step", watched(loop._step, NoWaiting))
    train(with_settings(epochs=1, **settings), recording, tmp_path / "run")


@contextmanager
def synchronisation_is_an_error() -> Any:
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
@pytest.mark.parametrize("settings", [*SETTINGS, {"precision": "float16"}, {"compile": "off"}], ids=str)
def test_a_step_never_waits_for_the_gpu(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    monkeypatch.setattr(loop, "_step", watched(loop._step, synchronisation_is_an_error))
    summary = train(with_settings(device="cuda", **settings), recording, tmp_path / "run")
    assert summary.storage == "GPU memory"


def watched(step: Callable[..., Any], watch: Callable[[], AbstractContextManager[object]]) -> Callable[..., Any]:
    """``step`` under ``watch`` from the third one on; buffers are made and algorithms chosen in the first ones."""

    def run(setting: Any, state: TrainingState, *arguments: Any) -> Any:
        if state.step < 2:
            return step(setting, state, *arguments)
        with watch():
            return step(setting, state, *arguments)

    return run


class PlainNet(nn.Module):
    """Three convolutions without batch norm, whose parts of a batch know nothing of each other."""

    stride = 1
    auxiliary_weights: tuple[float, ...] = ()

    def __init__(self, num_classes: int, *, base_channels: int = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, base_channels, 3, padding=1), nn.ReLU(), nn.Conv2d(base_channels, 8, 1))
        self.head = nn.Conv2d(8, num_classes, 1)

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        logits: Tensor = self.head(self.body(images))
        return logits


class SupervisedNet(PlainNet):
    """The same with an output for training only."""

    auxiliary_weights = (0.4,)

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes)
        self.auxiliary = nn.Conv2d(8, num_classes, 1)

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        features = self.body(images)
        logits: Tensor = self.head(features)
        return (logits, self.auxiliary(features)) if self.training else logits


@pytest.fixture(autouse=True)
def _more_nets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(nets.NETS, "plain", PlainNet)
    monkeypatch.setitem(nets.NETS, "supervised", SupervisedNet)


def weights_of(run: Path) -> dict[str, Tensor]:
    return load_tensors(RunDir(run).weights("last"))[1]


@pytest.mark.parametrize("settings", [{"class_weights": "median-frequency"}, {"loss": "focal", "optimizer": "sgd"}])
def test_the_parts_of_a_step_make_the_step_of_the_whole(
    recording: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    config = {"net": "plain", "net_options": {}, "batch_size": 8, "scale_jitter": 1.0, "epochs": 4, **settings}
    for parts in (1, 2, 4):
        train(with_settings(accumulate=parts, **config), recording, tmp_path / str(parts))
    whole = weights_of(tmp_path / "1")
    for parts in (2, 4):
        divided = weights_of(tmp_path / str(parts))
        assert all(torch.allclose(whole[name], divided[name], atol=2e-4) for name in whole)
    # The unlabelled pixels are not spread evenly over the parts, so that their plain mean would be another loss.
    other = weights_of(train(with_settings(**{**config, "batch_size": 4}), recording, tmp_path / "other").run)
    assert not all(torch.allclose(whole[name], other[name], atol=2e-4) for name in whole)


def test_auxiliary_outputs_are_supervised_in_training_only(recording: Path, tmp_path: Path) -> None:
    run = train(with_settings(net="supervised", net_options={}, epochs=4), recording, tmp_path / "run").run
    start = loop.initial_state(
        with_settings(net="supervised", net_options={}), device=torch.device("cpu"), precision="float32"
    )
    assert not torch.allclose(weights_of(run)["auxiliary.weight"], start.net.state_dict()["auxiliary.weight"])
