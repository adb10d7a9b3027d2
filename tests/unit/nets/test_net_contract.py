"""What every net promises, as one abstract set of tests: a new net adds a subclass at the end of this file."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nets import build_net, net_options

NUM_CLASSES = 4

SIZES = ((64, 64), (33, 47), (1, 1), (5, 70))
"""(height, width): a multiple of every stride, odd, smaller than the stride, thin."""


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Nets of four channels give several threads more to wait for than to compute, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class NetContract:
    """Subclass it, name the net, and give options that make it small enough for a test."""

    name: ClassVar[str]
    options: ClassVar[dict[str, Any]]
    learning_rate: ClassVar[float] = 1e-2
    compiles_slowly: ClassVar[bool] = False
    """Ten seconds and more."""

    @pytest.fixture
    def net(self) -> nn.Module:
        torch.manual_seed(7)
        return build_net(self.name, NUM_CLASSES, **self.options)

    @pytest.mark.parametrize(("height", "width"), SIZES)
    def test_logits_have_the_size_of_the_image(self, net: nn.Module, height: int, width: int) -> None:
        with torch.inference_mode():
            assert net.eval()(torch.zeros(2, 3, height, width)).shape == (2, NUM_CLASSES, height, width)

    def test_padding_repeats_the_edge_up_to_the_stride(self, net: nn.Module) -> None:
        stride = int(net.stride)  # type: ignore[arg-type]
        image = four_pictures()[0][:1, :, : 2 * stride - 3, : 2 * stride - 1]
        repeated = torch.cat((image, image[..., -1:, :].expand(-1, -1, 3, -1)), dim=2)
        repeated = torch.cat((repeated, repeated[..., -1:]), dim=3)
        net.eval()
        with torch.inference_mode():
            expected = net(repeated)[..., : 2 * stride - 3, : 2 * stride - 1]
            torch.testing.assert_close(net(image), expected, rtol=1e-4, atol=1e-4)

    def test_deep_supervision_is_for_training_only(self, net: nn.Module) -> None:
        images = torch.zeros(2, 3, 33, 47)
        weights = net.auxiliary_weights
        assert isinstance(weights, tuple)
        assert all(weight > 0 for weight in weights)
        assert isinstance(net.train()(images), tuple if weights else Tensor)
        assert [tuple(logits.shape) for logits in outputs(net, images)] == [(2, NUM_CLASSES, 33, 47)] * (
            1 + len(weights)
        )
        assert isinstance(net.eval()(images), Tensor)

    def test_the_gradient_reaches_every_parameter(self, net: nn.Module) -> None:
        loss_of(net).backward()  # type: ignore[no-untyped-call]
        unreached = [name for name, p in net.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)]
        assert unreached == []

    def test_it_can_learn_four_pictures_by_heart(self, net: nn.Module) -> None:
        images, labels = four_pictures()
        optimizer = torch.optim.AdamW(net.parameters(), lr=self.learning_rate)
        reached = 0.0
        for step in range(200):
            optimizer.zero_grad()
            loss_of(net).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if step % 10 == 9 and (reached := accuracy(outputs(net, images)[0], labels)) > 0.95:
                break
        assert reached > 0.95

    def test_evaluation_is_deterministic_and_changes_nothing(self, net: nn.Module) -> None:
        images, _ = four_pictures()
        before = copy.deepcopy(net.state_dict())
        net.eval()
        with torch.inference_mode():
            assert torch.equal(net(images), net(images))
        assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())

    def test_a_batch_of_one_gives_what_it_gives_within_a_batch(self, net: nn.Module) -> None:
        images, _ = four_pictures()
        net.eval()
        with torch.inference_mode():
            torch.testing.assert_close(net(images[2:3]), net(images)[2:3], rtol=1e-4, atol=1e-4)

    def test_channels_last_changes_the_speed_and_not_the_result(self, net: nn.Module) -> None:
        images, _ = four_pictures()
        net.eval()
        with torch.inference_mode():
            expected = net(images)
            net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            logits = net(images.contiguous(memory_format=torch.channels_last))
        torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)

    def test_bfloat16_stays_finite(self, net: nn.Module) -> None:
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(net)
        loss.backward()  # type: ignore[no-untyped-call]
        assert bool(torch.isfinite(loss))
        assert all(bool(torch.isfinite(p.grad).all()) for p in net.parameters() if p.grad is not None)

    def test_it_exports_to_a_graph_that_computes_the_same(self, net: nn.Module) -> None:
        images, _ = four_pictures()
        exported = torch.export.export(net.eval(), (images,)).module()
        with torch.inference_mode():
            torch.testing.assert_close(exported(images), net(images), rtol=1e-4, atol=1e-4)

    def test_fewer_base_channels_make_it_smaller(self) -> None:
        with torch.device("meta"):
            default, half = (
                sum(p.numel() for p in build_net(self.name, NUM_CLASSES, base_channels=width).parameters())
                for width in (net_options(self.name)["base_channels"], net_options(self.name)["base_channels"] // 2)
            )
        assert 3 * half < default

    def test_its_state_is_all_that_it_knows(self, net: nn.Module) -> None:
        """A net of another seed that is given the state computes the same, batch statistics included."""
        images, _ = four_pictures()
        outputs(net.train(), images)
        other = build_net(self.name, NUM_CLASSES, **self.options)
        other.load_state_dict(net.state_dict())
        with torch.inference_mode():
            assert torch.equal(other.eval()(images), net.eval()(images))

    def test_the_same_seed_gives_the_same_net(self, net: nn.Module) -> None:
        torch.manual_seed(7)
        again = build_net(self.name, NUM_CLASSES, **self.options).state_dict()
        assert all(torch.equal(value, again[name]) for name, value in net.state_dict().items())


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    """TorchDynamo counts compilations of one line of code over all nets, and gives up at some number."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def four_pictures() -> tuple[Tensor, Tensor]:
    """``(4, 3, 64, 64)`` noisy images of coloured rectangles and their ``(4, 64, 64)`` int64 labels."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.zeros(4, 64, 64, dtype=torch.int64)
    for picture, (top, left) in enumerate(((5, 6), (20, 32), (27, 3), (11, 40))):
        labels[picture, top : top + 26, left : left + 20] = 1
        labels[picture, top + 10 : top + 20, left + 10 : left + 24] = 2
        labels[picture, 55:] = 3
    colors = torch.tensor([[-1.0, 0.2, 0.5], [1.0, -0.5, 0.0], [0.1, 1.0, -1.0], [0.6, 0.6, 0.6]])
    images = colors[labels].permute(0, 3, 1, 2)
    return images + 0.1 * torch.randn(images.shape, generator=generator), labels


def outputs(net: nn.Module, images: Tensor) -> tuple[Tensor, ...]:
    """Return the logits, and behind them those of auxiliary heads, if there are any."""
    result = net(images)
    return result if isinstance(result, tuple) else (result,)


def loss_of(net: nn.Module) -> Tensor:
    """Return the training loss of the four pictures, auxiliary heads included."""
    images, labels = four_pictures()
    weights = (1.0, *net.auxiliary_weights)  # type: ignore[misc]
    losses = [functional.cross_entropy(logits.float(), labels) for logits in outputs(net.train(), images)]
    return torch.stack([weight * loss for weight, loss in zip(weights, losses, strict=True)]).sum()


def accuracy(logits: Tensor, labels: Tensor) -> float:
    return float((logits.argmax(dim=1) == labels).float().mean())


def assert_compiles(net: nn.Module, *, backend: str) -> None:
    """Compile a copy as one graph, and compare its loss and gradients with the net's own."""
    compiled = copy.deepcopy(net)
    compiled.compile(fullgraph=True, backend=backend)
    losses = []
    for each in (net, compiled):
        torch.manual_seed(3)  # for nets with dropout
        losses.append(loss_of(each))
        losses[-1].backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-4, atol=1e-4)
    for (name, expected), gradient in zip(net.named_parameters(), compiled.parameters(), strict=True):
        torch.testing.assert_close(
            gradient.grad, expected.grad, rtol=1e-3, atol=1e-4, msg=lambda m, n=name: f"{n}: {m}"
        )


@pytest.mark.slow  # half a minute of the C++ compiler
@pytest.mark.skipif(shutil.which("g++") is None, reason="TorchInductor writes C++ for the CPU and needs a compiler")
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")  # torch's own use
def test_inductor_compiles_a_net_and_it_trains_the_same(
    fresh_compiler: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch.manual_seed(7)
    assert_compiles(build_net("unet", NUM_CLASSES, base_channels=4, depth=1), backend="inductor")


class TestUNet(NetContract):
    name = "unet"
    options: ClassVar[dict[str, Any]] = {"base_channels": 4, "depth": 3}


class TestUNetBilinear(NetContract):
    name = "unet"
    options: ClassVar[dict[str, Any]] = {"base_channels": 4, "depth": 2, "upsampling": "bilinear"}


class TestUNetWithoutSkipConnections(NetContract):
    name = "unet"
    options: ClassVar[dict[str, Any]] = {"base_channels": 8, "depth": 2, "skip_connections": False}


class TestSegNet(NetContract):
    name = "segnet"
    options: ClassVar[dict[str, Any]] = {"base_channels": 8}


class TestDeepLabV3Plus(NetContract):
    name = "deeplabv3plus"
    options: ClassVar[dict[str, Any]] = {"base_channels": 4}
    compiles_slowly = True


class TestRegSeg(NetContract):
    name = "regseg"
    options: ClassVar[dict[str, Any]] = {"base_channels": 8}  # with 4, squeeze-excitation has one number that may be 0
    compiles_slowly = True


class TestDDRNet(NetContract):
    name = "ddrnet"
    options: ClassVar[dict[str, Any]] = {"base_channels": 4}
    compiles_slowly = True


class TestSegFormer(NetContract):
    name = "segformer"
    options: ClassVar[dict[str, Any]] = {"base_channels": 4}
    learning_rate = 3e-3


@pytest.mark.parametrize(
    "contract",
    [
        pytest.param(contract, id=contract.__name__, marks=[pytest.mark.slow] if contract.compiles_slowly else [])
        for contract in NetContract.__subclasses__()
    ],
)
def test_compiled_it_trains_the_same(contract: type[NetContract], fresh_compiler: None) -> None:
    """In one graph, forward and backward, without a C++ compiler: that is what TorchInductor would get."""
    torch.manual_seed(7)
    assert_compiles(build_net(contract.name, NUM_CLASSES, **contract.options), backend="aot_eager")
