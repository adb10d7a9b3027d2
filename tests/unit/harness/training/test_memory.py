"""The estimate against what a step really takes, and the advice against the estimate."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from harness.errors import TrainingError
from harness.training import memory
from harness.training.distributed import Ranks
from harness.training.losses import build_loss
from harness.training.memory import (
    INPUT_BYTES_A_PIXEL,
    MARGIN,
    SMALLER,
    SMALLEST_PART,
    StepMemory,
    advice,
    check_fits,
    out_of_memory_named,
    step_bytes,
)
from nets import NETS, build_net

SCRIPT = Path(__file__).parent / "memory_of_a_step.py"
ROOT = Path(__file__).parents[4]
CPU = torch.device("cpu")
LOSS = build_loss("cross-entropy", num_classes=19, ignore_id=255, class_weights=None)


@pytest.fixture(scope="module")
def net() -> nn.Module:
    return build_net("unet", 19, base_channels=4)


def bytes_of(net: nn.Module, batch_size: int, *, loss: nn.Module = LOSS, **changes: Any) -> int:
    setting: dict[str, Any] = {"height": 64, "width": 96, "device": CPU, "precision": "float32"}
    return step_bytes(net, loss, batch_size=batch_size, **{**setting, **changes})


@pytest.mark.parametrize(("loss", "precision"), [("cross-entropy", "bfloat16"), ("lovasz+dice", "float32")])
def test_a_step_takes_what_was_estimated(loss: str, precision: str) -> None:
    """Without the allocator's habit of keeping freed blocks, which makes the process's size another measure."""
    arguments = [loss, precision, "2", "192", "256"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MALLOC_MMAP_THRESHOLD_": "100000"}
    printed = subprocess.run(
        [sys.executable, SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=True
    ).stdout
    estimated, grown = map(int, printed.split())
    assert 0.9 <= grown / (estimated / MARGIN) <= MARGIN


def test_it_is_linear_in_the_batch(net: nn.Module) -> None:
    two, four, eight = (bytes_of(net, frames) for frames in (2, 4, 8))
    assert eight - four == pytest.approx(2 * (four - two), rel=1e-3)
    assert four > 1.8 * two


def test_what_makes_a_step_larger(net: nn.Module) -> None:
    plain = bytes_of(net, 4)
    assert bytes_of(net, 4, width=192) == pytest.approx(2 * plain, rel=0.05)
    assert 0.5 * plain < bytes_of(net, 4, precision="bfloat16") < 0.8 * plain
    weights = sum(parameter.nbytes for parameter in net.parameters())
    assert plain - bytes_of(net, 4, num_moments=0) == pytest.approx(MARGIN * 2 * weights, abs=2)
    lovasz = build_loss("lovasz", num_classes=19, ignore_id=255, class_weights=torch.ones(19))
    assert bytes_of(net, 4, loss=lovasz) > 1.1 * plain


@pytest.mark.parametrize("name", NETS)
def test_any_net_can_be_asked(name: str) -> None:
    with torch.device("meta"):  # of the paper's width, but without the time that it takes to draw its weights
        net = build_net(name, 19).eval()
    loss = build_loss(
        "cross-entropy", num_classes=19, ignore_id=255, class_weights=None, auxiliary_weights=net.auxiliary_weights
    )
    weights = sum(parameter.nbytes for parameter in net.parameters())
    assert bytes_of(net, 2, loss=loss) > MARGIN * 3 * weights
    assert not net.training


def test_nothing_is_changed_by_asking(net: nn.Module) -> None:
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    random_state = torch.get_rng_state()
    bytes_of(net, 2)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())
    assert torch.equal(torch.get_rng_state(), random_state)


def fits(net: nn.Module, batch_size: int, accumulate: int = 1, ranks: Ranks | None = None) -> str:
    return check_fits(
        net, LOSS, batch_size=batch_size, accumulate=accumulate, ranks=ranks or Ranks(), height=64, width=96,
        device=CPU, precision="float32",
    )  # fmt: skip


def free_for(monkeypatch: pytest.MonkeyPatch, num_bytes: int) -> None:
    monkeypatch.setattr(memory, "free_ram_bytes", lambda: num_bytes)


def test_a_batch_that_fits_says_nothing(net: nn.Module) -> None:
    assert fits(net, 4) == SMALLER


def test_the_batch_that_is_named_fits_and_one_more_does_not(net: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    free_for(monkeypatch, bytes_of(net, 11) + 11 * 64 * 96 * INPUT_BYTES_A_PIXEL + 1000)
    with pytest.raises(TrainingError, match=r"A batch of 64 at 96x64 needs about .* GB are free") as caught:
        fits(net, 64)
    named = re.search(r"--batch-size (\d+) fits, or --accumulate (\d+) fits the same batch", str(caught.value))
    assert named is not None
    batch_size, accumulate = int(named[1]), int(named[2])
    assert batch_size == 11
    fits(net, batch_size)
    with pytest.raises(TrainingError):
        fits(net, batch_size + 1)
    assert 64 % accumulate == 0
    fits(net, 64, accumulate)
    with pytest.raises(TrainingError):
        fits(net, 64, accumulate // 2)


def test_processes_on_one_computer_share_its_memory(net: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    free_for(monkeypatch, bytes_of(net, 16) + 16 * 64 * 96 * INPUT_BYTES_A_PIXEL + 1000)
    fits(net, 16)
    fits(net, 16, ranks=Ranks(size=4, local_size=1))
    with pytest.raises(TrainingError, match="in each process"):
        fits(net, 64, ranks=Ranks(size=4, local_size=4))


def test_a_compiled_step_on_a_gpu_may_try(net: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal itself is replaced, because fake tensors of a GPU need a torch that was built for one."""
    monkeypatch.setattr(memory, "step_bytes", lambda *_, batch_size, **__: 1000 * batch_size)
    monkeypatch.setattr(memory, "_free_bytes", lambda *_: 12_000)
    setting: dict[str, Any] = {"accumulate": 1, "ranks": Ranks(), "height": 1, "width": 1, "precision": "bfloat16"}
    gpu = torch.device("cuda")
    remedy = check_fits(net, LOSS, batch_size=16, device=gpu, is_compiled=True, **setting)
    assert remedy.startswith("--batch-size 11 fits")
    assert check_fits(net, LOSS, batch_size=11, device=gpu, is_compiled=True, **setting) == SMALLER
    for device, is_compiled in ((gpu, False), (CPU, True)):
        with pytest.raises(TrainingError, match="--batch-size 11 fits"):
            check_fits(net, LOSS, batch_size=16, device=device, is_compiled=is_compiled, **setting)
    with (
        pytest.raises(TrainingError, match="--batch-size 11 fits"),
        out_of_memory_named(batch_size=16, height=1, width=1, remedy=remedy),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory.")


def test_nothing_fits(net: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    free_for(monkeypatch, 1_000_000)
    with pytest.raises(TrainingError, match="smaller --crop, --size or --base-channels"):
        fits(net, 2)


MEMORY = StepMemory(smallest=100, each_further=30, input_of_each=5)


def test_a_step_is_its_largest_part_and_the_input_of_all() -> None:
    assert MEMORY.bytes_of(2, 1) == 100 + 2 * 5
    assert MEMORY.bytes_of(4, 3) == 100 + 2 * 30 + 12 * 5


@pytest.mark.parametrize("accumulate", [1, 2, 7])
def test_the_largest_part_is_the_largest(accumulate: int) -> None:
    for free in range(90, 700):
        part = MEMORY.largest_part(free, accumulate)
        assert part == 0 or MEMORY.bytes_of(part, accumulate) <= free
        assert MEMORY.bytes_of(max(part + 1, SMALLEST_PART), accumulate) > free


def test_advice_is_for_all_processes_together() -> None:
    # Four frames in one go take 100 + 2 * 30 + 4 * 5 = 180.
    said = advice(MEMORY, 180, batch_size=24, accumulate=1, num_processes=2)
    assert said == "--batch-size 8 fits, or --accumulate 6 fits the same batch into it."


def test_an_accumulation_that_does_not_divide_the_batch_is_not_named() -> None:
    assert "--accumulate" not in advice(MEMORY, 200, batch_size=11, accumulate=1, num_processes=1)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has ..."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_torchs_errors_about_memory_are_named(error: RuntimeError) -> None:
    with pytest.raises(TrainingError, match="A batch of 8 at 64x48 needs more memory") as caught:  # noqa: SIM117
        with out_of_memory_named(batch_size=8, height=48, width=64):
            raise error
    assert "--accumulate" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_allocation_that_fails_is_named() -> None:
    with pytest.raises(TrainingError, match="allocate"), out_of_memory_named(batch_size=8, height=48, width=64):
        torch.empty(2**55)


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="size of tensor"), out_of_memory_named(batch_size=8, height=48, width=64):
        torch.ones(2) + torch.ones(3)
