"""What a net costs, as a table: parameters, floating-point operations, time, memory.

**FLOPs are counted, not measured,** by torch's own counter on the ``meta`` device, where tensors have shapes but no
content: convolutions and matrix products, a multiply-add being 2. Batch norm, activations and interpolation are not
counted, as is usual. Torch 2.13 counts the backward pass of grouped convolutions as if they were not grouped, which for
DeepLabV3+ gives more than twice of what is right; the formula here replaces that one.

Time and memory are measured by :mod:`harness.net_speed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from harness.errors import CheckpointError
from harness.net_speed import Measured, Task, Workload, measure
from harness.run_dir import RunDir
from harness.training.checkpoint import first_mismatch, load_checkpoint
from nets import NETS, build_net, net_notation, parse_net

COLUMNS = (
    "net", "num_classes", "task", "width_px", "height_px", "batch_size", "device", "device_name", "threads",
    "precision", "compiled", "torch_version", "parameters", "gflop_per_image", "latency_median_ms", "latency_p95_ms",
    "timed_calls", "images_per_s", "peak_memory_mib", "memory_measure", "message",
)  # fmt: skip
"""Of the table: one row for each net, task, size and batch. What does not exist is empty."""

Row = dict[str, str | int | float]


@dataclass(frozen=True, kw_only=True)
class MeasuredNet:
    """A net to measure: fresh from the seed 0, or a trained one."""

    title: str
    """How it is called in the table: its notation, or the run folder."""

    name: str
    """Key of ``nets.NETS``."""

    options: dict[str, Any] = field(default_factory=dict)
    """Keyword options of that net."""

    num_classes: int
    """Output channels K."""

    run: Path | None = None
    """Run folder whose best weights it has; None for a fresh net."""

    def build(self) -> nn.Module:
        """Return the net on the CPU, in training mode.

        Raises:
            NetError: an option is out of range.
            CheckpointError: the run has no usable checkpoint.
        """
        torch.manual_seed(0)
        net = build_net(self.name, self.num_classes, **self.options)
        if self.run is not None:
            try:
                net.load_state_dict(load_checkpoint(RunDir(self.run), "best")[1])
            except RuntimeError as error:
                raise CheckpointError(f"{self.run} does not fit its own net: {first_mismatch(error)}") from error
        return net


def named_net(text: str, *, num_classes: int) -> MeasuredNet:
    """Return the net that ``text`` names: net notation, or the folder of a training run.

    Args:
        text: such as ``unet:base_channels=16``, or a folder, which brings its own classes. A folder that is called
            like a net is meant by ``./unet``.
        num_classes: K of a net in notation.

    Raises:
        NetError: no such net or option.
        CheckpointError: a folder without a usable checkpoint.
    """
    if text not in NETS and Path(text).is_dir():
        info, _ = load_checkpoint(RunDir(Path(text)), "best")
        return MeasuredNet(
            title=text, name=info.net, options=info.net_options, num_classes=len(info.classes), run=Path(text)
        )
    name, options = parse_net(text)
    build_on_meta(name, num_classes, options)  # refuses values out of range before anything is measured
    return MeasuredNet(title=net_notation(name, options), name=name, options=options, num_classes=num_classes)


def build_on_meta(name: str, num_classes: int, options: dict[str, Any]) -> nn.Module:
    """Return a net without content, which takes neither memory nor time."""
    with torch.device("meta"):
        return build_net(name, num_classes, **options)


def num_parameters(net: nn.Module) -> int:
    """Return how many numbers the net learns."""
    return sum(parameter.numel() for parameter in net.parameters())


def flop_per_image(net: MeasuredNet, *, width: int, height: int, task: Task) -> float:
    """Return the floating-point operations for one image, a multiply-add being 2; training has the backward pass."""
    on_meta = build_on_meta(net.name, net.num_classes, net.options)
    on_meta.train(task == "training")
    batch_size = 2 if task == "training" else 1  # batch norm over one value cannot be trained
    images = torch.empty((batch_size, 3, height, width), device="meta")
    formulas = {torch.ops.aten.convolution_backward: _convolution_backward_flop}
    counter = FlopCounterMode(display=False, custom_mapping=formulas)
    with counter, torch.set_grad_enabled(task == "training"):
        outputs = on_meta(images)
        if task == "training":
            _sum_of(outputs).backward()  # type: ignore[no-untyped-call]
    return counter.get_total_flops() / batch_size


def cost_rows(
    nets: Sequence[MeasuredNet], workloads: Sequence[Workload], *, progress: Callable[[str, int, int], None]
) -> Iterator[Row]:
    """Measure every net under every workload, one after the other; what does not fit into memory has a message.

    Raises:
        UsageError: a device or precision that is not there.
    """
    total = len(nets) * len(workloads)
    for number, (net, workload) in enumerate((n, w) for n in nets for w in workloads):
        progress("measuring", number, total)
        try:
            measured = measure(net, workload)
        except MemoryError as error:
            yield _row(net, workload) | {"message": f"out of memory: {error}"}
        else:
            yield _row(net, workload) | _measured(measured)
    progress("measuring", total, total)


def _row(net: MeasuredNet, workload: Workload) -> Row:
    """What is known without running anything."""
    flop = flop_per_image(net, width=workload.width, height=workload.height, task=workload.task)
    return {
        **dict.fromkeys(COLUMNS, ""),
        "net": net.title,
        "num_classes": net.num_classes,
        "task": workload.task,
        "width_px": workload.width,
        "height_px": workload.height,
        "batch_size": workload.batch_size,
        "device": workload.device,
        "precision": workload.precision,
        "compiled": str(workload.compile).lower(),
        "torch_version": torch.__version__,
        "parameters": num_parameters(build_on_meta(net.name, net.num_classes, net.options)),
        "gflop_per_image": flop / 1e9,
    }


def _measured(measured: Measured) -> Row:
    return {
        "device": measured.device,
        "device_name": measured.device_name,
        "threads": measured.threads,
        "precision": measured.precision,
        "latency_median_ms": measured.speed.latency_ms,
        "latency_p95_ms": measured.speed.latency_p95_ms,
        "timed_calls": measured.speed.calls,
        "images_per_s": measured.speed.images_per_s,
        "peak_memory_mib": measured.peak_memory_bytes / 2**20 if measured.peak_memory_bytes is not None else "",
        "memory_measure": measured.memory_measure,
    }


def _convolution_backward_flop(
    grad_shape: list[int],
    x_shape: list[int],
    weight_shape: list[int],
    *others: Any,
    **_: Any,
) -> int:
    """Operations of ``aten.convolution_backward``: as many as forward, for each of the two gradients that is wanted."""
    is_transposed, is_wanted = others[4], others[7]
    forward = conv_flop_count(x_shape, weight_shape, grad_shape, transposed=is_transposed)
    return forward * (int(is_wanted[0]) + int(is_wanted[1]))


def _sum_of(outputs: Tensor | tuple[Tensor, ...]) -> Tensor:
    return outputs.sum() if isinstance(outputs, Tensor) else torch.stack([each.sum() for each in outputs]).sum()
