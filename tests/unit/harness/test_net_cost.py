from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.errors import CheckpointError
from harness.net_cost import MeasuredNet, build_on_meta, cost_rows, flop_per_image, named_net, num_parameters
from harness.net_speed import Workload
from harness.run_dir import RunDir
from harness.training.checkpoint import CheckpointInfo, save_checkpoint
from nets import NETS, NetError, build_net


def convolution_flop(net: torch.nn.Module, width: int, height: int) -> int:
    """A second count, by hooks: two operations for each weight of a convolution at each pixel that it is applied to."""
    total = 0

    def count(module: torch.nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        nonlocal total
        assert isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d)
        applied = inputs[0] if isinstance(module, torch.nn.ConvTranspose2d) else output
        total += 2 * module.weight.numel() * applied.shape[-2] * applied.shape[-1]

    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            module.register_forward_hook(count)
    with torch.inference_mode():
        net.eval()(torch.zeros(1, 3, height, width))
    return total


@pytest.mark.parametrize("name", ["unet", "segnet", "deeplabv3plus"])
def test_operations_are_those_of_the_convolutions(name: str) -> None:
    options = {"base_channels": 8}
    net = MeasuredNet(title=name, name=name, options=options, num_classes=5)
    flop = flop_per_image(net, width=64, height=48, task="inference")
    assert flop == convolution_flop(build_net(name, 5, **options), 64, 48)


@pytest.mark.parametrize("name", NETS)
def test_training_is_nearly_three_times_as_much(name: str) -> None:
    """Forward, and two gradients; only the picture itself needs none. Grouped convolutions are no exception."""
    net = MeasuredNet(title=name, name=name, options={"base_channels": 8}, num_classes=5)
    forward, training = (flop_per_image(net, width=128, height=96, task=t) for t in ("inference", "training"))
    assert 2.7 * forward < training < 3.3 * forward  # auxiliary outputs, which some nets have in training, are on top


def test_operations_grow_with_the_number_of_pixels() -> None:
    net = MeasuredNet(title="unet", name="unet", options={"base_channels": 4}, num_classes=3)
    small, large = (flop_per_image(net, width=side, height=side, task="inference") for side in (32, 64))
    assert large == 4 * small


@pytest.mark.parametrize("name", NETS)
def test_a_net_without_content_has_the_same_parameters(name: str) -> None:
    options = {"base_channels": 8}
    on_meta = build_on_meta(name, 5, options)
    assert num_parameters(on_meta) == num_parameters(build_net(name, 5, **options))
    assert all(parameter.is_meta for parameter in on_meta.parameters())


def test_a_net_is_named_in_its_notation() -> None:
    net = named_net("unet:depth=2:base_channels=32", num_classes=7)
    assert (net.title, net.num_classes, net.run) == ("unet:depth=2", 7, None)
    assert net.build().state_dict().keys() == build_net("unet", 7, depth=2).state_dict().keys()


@pytest.mark.parametrize("text", ["unett", "unet:width=3", "unet:depth=99"])
def test_a_net_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(NetError):
        named_net(text, num_classes=7)


def test_a_run_brings_its_own_net_classes_and_weights(tmp_path: Path) -> None:
    options = {"base_channels": 2, "depth": 1}
    weights = build_net("unet", 3, **options).state_dict()
    info = CheckpointInfo(net="unet", net_options=options, label_set="three", classes=("a", "b", "c"), epoch=1, step=1)
    save_checkpoint(RunDir.create(tmp_path / "run"), "best", info, weights)
    net = named_net(str(tmp_path / "run"), num_classes=29)
    assert (net.name, net.num_classes) == ("unet", 3)
    assert all(torch.equal(value, weights[name]) for name, value in net.build().state_dict().items())


def test_what_does_not_fit_into_memory_costs_its_row_alone() -> None:
    net = MeasuredNet(title="tiny", name="unet", options={"base_channels": 1, "depth": 1}, num_classes=2)
    small, huge = (
        Workload(task="inference", width=32, height=32, batch_size=n, device="cpu", precision="float32", calls=5)
        for n in (1, 10**11)  # a hundred billion images are 1.2 PB
    )
    rows = list(cost_rows([net], [huge, small], progress=lambda what, done, total: None))
    assert [bool(row["message"]) for row in rows] == [True, False]
    assert str(rows[0]["message"]).startswith("out of memory: ")
    assert rows[0]["images_per_s"] == ""
    assert float(rows[1]["images_per_s"]) > 0


def test_a_folder_that_is_called_like_a_net_is_not_in_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("unet").mkdir()
    assert named_net("unet", num_classes=7).run is None
    with pytest.raises(CheckpointError, match="not a training run"):
        named_net("./unet", num_classes=7)


def test_a_folder_must_be_a_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a training run"):
        named_net(str(tmp_path), num_classes=7)
