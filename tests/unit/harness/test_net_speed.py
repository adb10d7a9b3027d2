from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor, nn

from harness.errors import UsageError
from harness.net_cost import MeasuredNet
from harness.net_speed import MIN_CALLS, Workload, device_name, measure, speed_of, timed

CPU = torch.device("cpu")
WORKLOAD = Workload(task="inference", width=32, height=24, batch_size=2, device="cpu", precision="float32", calls=6)


@dataclass
class SleepingCall:
    """Takes longer each time."""

    taken: list[float] = field(default_factory=list)

    def __call__(self) -> None:
        self.taken.append(0.002 * (len(self.taken) + 1))
        time.sleep(self.taken[-1])


def test_latencies_are_those_of_the_timed_calls_after_the_warm_up() -> None:
    call = SleepingCall()
    speed = timed(call, WORKLOAD, CPU)
    assert speed.calls == 6 == len(call.taken) - 3
    timed_ms = [1e3 * seconds for seconds in call.taken[3:]]
    assert speed.latency_ms >= (timed_ms[2] + timed_ms[3]) / 2
    assert speed.latency_ms < speed.latency_p95_ms
    assert speed.images_per_s <= 2 * 6 / (sum(timed_ms) / 1e3)


def test_a_slow_net_is_not_timed_for_ever_but_often_enough() -> None:
    call = SleepingCall()
    limited = Workload(task="inference", width=8, height=8, batch_size=1, calls=1000, seconds=0.0)
    assert timed(call, limited, CPU).calls == MIN_CALLS


class Watched(nn.Module):
    """A net that notes how it is called."""

    auxiliary_weights: tuple[float, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 1)
        self.seen: list[tuple[bool, bool, tuple[int, ...]]] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append((self.training, torch.is_grad_enabled(), tuple(images.shape)))
        logits: Tensor = self.convolution(images)
        return logits


@pytest.mark.parametrize("task", ["inference", "training"])
def test_inference_learns_nothing_and_a_training_step_does(task: str) -> None:
    net = Watched()
    before = net.convolution.weight.detach().clone()
    workload = Workload(task=task, width=8, height=6, batch_size=2, calls=5)  # type: ignore[arg-type]
    speed_of(net, workload, num_classes=4, device=CPU, precision="float32")
    is_training = task == "training"
    assert set(net.seen) == {(is_training, is_training, (2, 3, 6, 8))}
    assert torch.equal(net.convolution.weight, before) is not is_training


def test_a_child_process_measures_time_and_the_memory_of_the_net() -> None:
    """16 million parameters are 64 MiB; what is left of the process is not the net's."""
    measured = measure(Heavy(), WORKLOAD)
    assert measured.peak_memory_bytes is not None
    assert 64 < measured.peak_memory_bytes / 2**20 < 300
    assert measured.speed.calls == 6
    assert (measured.device, measured.precision, measured.threads) == ("cpu", "float32", torch.get_num_threads())
    assert measured.device_name == device_name(CPU) != ""


@dataclass(frozen=True)
class Heavy:
    num_classes: int = 4

    def build(self) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4096, 1), nn.Conv2d(4096, 4096, 1), nn.Conv2d(4096, 4, 1))


def test_an_error_of_the_child_is_ours() -> None:
    net = MeasuredNet(title="unet", name="unet", options={"base_channels": 2}, num_classes=3)
    wrong = Workload(task="inference", width=32, height=24, batch_size=1, device="cpu", precision="float16")
    with pytest.raises(UsageError, match="float16 needs a GPU"):
        measure(net, wrong)
