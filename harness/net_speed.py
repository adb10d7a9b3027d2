"""How fast a net is, and how much memory it takes: measured in a process of its own.

Decisions:

* **Each workload runs in a fresh process,** so that no figure depends on those before it: not on their memory, nor
  on what they have compiled. A workload that does not fit into memory costs its row, not the table.
* **Latency is the time until the answer is there:** the device is waited for after each call. Images a second come
  from calls without a wait between them, which on a GPU is faster; on a CPU it is the same, and not run twice.
* **Memory on a GPU** is what torch's allocator gave out at the most, weights included. **On a CPU** it is the highest
  resident set of the process less its resident set before the net was made, which Linux reports; elsewhere it is not
  measured. With ``torch.compile`` on a CPU it includes what the compiler took.

A training step here is forward, cross entropy, backward and AdamW on a batch that is there already; what a run adds
(augmentation, waiting for frames) is in its own ``metrics.csv``.
"""

from __future__ import annotations

import multiprocessing
import platform
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from torch import nn

from harness.training.compiled import choose_compiled, compile_failure_named
from harness.training.config import TrainConfig
from harness.training.device import Precision, autocast, choose_device, choose_precision
from harness.training.losses import build_loss
from harness.training.memory import is_about_memory
from harness.training.optimizer import build_optimizer
from harness.training.status import resident_bytes

Task = Literal["inference", "training"]

WARMUP_CALLS = 3
MIN_CALLS = 5
IGNORE_ID = 255


class BuildsNet(Protocol):
    """What makes the net in the process that measures; it is sent there."""

    @property
    def num_classes(self) -> int:
        """Output channels K."""

    def build(self) -> nn.Module:
        """Return the net on the CPU."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What the net is to do."""

    task: Task
    """``"inference"``: logits in eval mode; ``"training"``: a whole optimiser step."""

    width: int
    """[px]"""

    height: int
    """[px]"""

    batch_size: int
    """Images a call."""

    device: str = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``cuda:N``."""

    precision: str = "auto"
    """``auto``, ``float32``, ``bfloat16`` or ``float16``."""

    compile: bool = False
    """Whether the net goes through ``torch.compile`` first."""

    calls: int = 50
    """Timed calls at the most."""

    seconds: float = 10.0
    """No further call is timed after this, once there are ``MIN_CALLS``."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How fast the calls were."""

    latency_ms: float
    """Median of a call."""

    latency_p95_ms: float
    """95th percentile."""

    images_per_s: float
    """Without a wait between calls."""

    calls: int
    """How many were timed."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one workload took."""

    speed: Speed
    """How fast the calls were."""

    peak_memory_bytes: int | None
    """None where it cannot be measured."""

    memory_measure: str
    """In words, how."""

    device: str
    """``cpu`` or ``cuda:N``."""

    device_name: str
    """What its maker calls it."""

    precision: Precision
    """Of convolutions and matrix products."""

    threads: int
    """Of the CPU."""


def measure(net: BuildsNet, workload: Workload) -> Measured:
    """Run ``workload`` in a process of its own.

    Raises:
        UsageError: a device, precision or compiler that is not there.
        TrainingError: the compiler failed.
        MemoryError: the workload does not fit into memory.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(_measure_here, net, workload, torch.get_num_threads()).result()
        except BrokenProcessPool as error:
            raise MemoryError("the process that measured was killed, probably for want of memory") from error


def speed_of(
    net: nn.Module, workload: Workload, *, num_classes: int, device: torch.device, precision: Precision
) -> Speed:
    """Time ``workload`` in this process; ``net`` is moved to the device and left there, channels last."""
    net = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    net.train(workload.task == "training")
    forward = torch.compile(net) if workload.compile else net
    shape = (workload.batch_size, 3, workload.height, workload.width)
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(shape, generator=generator).to(device, memory_format=torch.channels_last)
    if workload.task == "inference":

        def call() -> None:
            with torch.inference_mode(), autocast(device, precision):
                forward(images)

        return timed(call, workload, device)
    labels = torch.randint(num_classes, (shape[0], *shape[2:]), dtype=torch.uint8, generator=generator).to(device)
    loss = build_loss(
        "cross-entropy",
        num_classes=num_classes,
        ignore_id=IGNORE_ID,
        class_weights=None,
        auxiliary_weights=net.auxiliary_weights,  # type: ignore[arg-type]  # every net has them
    ).to(device)
    optimizer = build_optimizer(TrainConfig(), net)

    def step() -> None:
        with autocast(device, precision):
            outputs = forward(images)
        optimizer.zero_grad(set_to_none=True)
        loss(outputs, labels).backward()
        optimizer.step()

    return timed(step, workload, device)


def timed(call: Callable[[], None], workload: Workload, device: torch.device) -> Speed:
    """Time ``call``, after a warm-up, until there are enough calls or enough seconds."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    for _ in range(WARMUP_CALLS):
        call()
    wait()
    latencies: list[float] = []
    while len(latencies) < workload.calls and (len(latencies) < MIN_CALLS or sum(latencies) < workload.seconds):
        started = time.perf_counter()
        call()
        wait()
        latencies.append(time.perf_counter() - started)
    total = sum(latencies)
    if device.type == "cuda":
        started = time.perf_counter()
        for _ in latencies:
            call()
        wait()
        total = time.perf_counter() - started
    return Speed(
        latency_ms=1e3 * float(np.median(latencies)),
        latency_p95_ms=1e3 * float(np.percentile(latencies, 95)),
        images_per_s=len(latencies) * workload.batch_size / total,
        calls=len(latencies),
    )


def device_name(device: torch.device) -> str:
    """Return what the device is called by its maker."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpu_info = Path("/proc/cpuinfo")
    lines = cpu_info.read_text().splitlines() if cpu_info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _measure_here(net: BuildsNet, workload: Workload, threads: int) -> Measured:
    """The work of the child process."""
    torch.set_num_threads(threads)
    device = choose_device(workload.device)
    precision = choose_precision(workload.precision, device)
    choose_compiled("on" if workload.compile else "off", device, note=lambda _: None)
    torch.backends.cudnn.benchmark = workload.task == "training"  # as the training loop has it
    before = _memory_before(device)
    try:
        with compile_failure_named():
            speed = speed_of(net.build(), workload, num_classes=net.num_classes, device=device, precision=precision)
    except RuntimeError as error:
        if not is_about_memory(error):
            raise
        raise MemoryError(str(error).splitlines()[0]) from error
    peak, how = _peak_memory(device, before)
    return Measured(
        speed=speed,
        peak_memory_bytes=peak,
        memory_measure=how,
        device=str(device),
        device_name=device_name(device),
        precision=precision,
        threads=threads,
    )


def _memory_before(device: torch.device) -> int:
    """Memory in use before there is a net, once torch has made what it makes in any case."""
    warm = nn.Conv2d(3, 3, 3).to(device)
    warm(torch.zeros(1, 3, 8, 8, device=device)).sum().backward()
    del warm
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.memory_allocated(device)
    return resident_bytes("VmRSS") or 0


def _peak_memory(device: torch.device, before: int) -> tuple[int | None, str]:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) - before, "allocated on the GPU"
    highest = resident_bytes("VmHWM")
    if highest is None:
        return None, "not measured on this system"
    return highest - before, "resident set above that before the net"
