"""How much memory a training step takes, asked before the first one, so that too large a batch ends with advice.

Decisions:

* **The step is rehearsed with fake tensors** (torch's ``FakeTensorMode``), which have a shape and a type and no
  numbers: no memory, no arithmetic, a fraction of a second for any net, and the peak includes what the loss and the
  backward pass need for a moment. A formula for each layer would have to be kept true for each new layer.
* **It is an estimate.** Allocators round up and fragment, and libraries take work space, for which ``MARGIN`` stands.
* **A step that does not fit is refused beforehand,** since a system kills a process that takes too much of a computer's
  memory, without an error that could be caught. Only a compiled step on a GPU is let try: ``torch.compile`` saves less
  than is rehearsed, nobody knows how much, and torch raises there if it was not enough.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from harness.errors import TrainingError
from harness.training.cache import free_ram_bytes
from harness.training.device import Precision, autocast
from harness.training.distributed import Ranks

MARGIN = 1.2
"""On top of what tensors hold at once: steps on a CPU took 1.0 to 1.3 times that. Most of it is freed blocks that the
allocator keeps, and it is less the larger the images are."""

SMALLEST_PART = 2
"""Frames in one go: batch norm after a global pooling has nothing to average over a single one."""

SMALLER = "Give a smaller --batch-size, a larger --accumulate, or a smaller --crop, --size or --base-channels."
"""What helps in any case."""

INPUT_BYTES_A_PIXEL = 3 + 1 + 3 * 4
"""Of the frames of a step, all of which stay until its end: RGB and labels as bytes, and the RGB as float32."""


@dataclass(frozen=True, kw_only=True)
class StepMemory:
    """How many bytes a training step takes: linear in the frames that pass through the net in one go."""

    smallest: int
    """Of ``SMALLEST_PART`` frames in one go, without input."""

    each_further: int
    """Of each further frame in one go."""

    input_of_each: int
    """Of each frame of the step, however it is divided."""

    def bytes_of(self, part: int, accumulate: int) -> int:
        """Return the bytes of a step that works through ``accumulate`` parts, each of ``part`` frames."""
        further = max(part - SMALLEST_PART, 0)
        return self.smallest + further * self.each_further + part * accumulate * self.input_of_each

    def largest_part(self, free: int, accumulate: int) -> int:
        """Return the most frames in one go that fit into ``free`` bytes; 0 if ``SMALLEST_PART`` do not."""
        left = free - self.bytes_of(SMALLEST_PART, accumulate)
        if left < 0:
            return 0
        return SMALLEST_PART + left // (self.each_further + accumulate * self.input_of_each)


def step_bytes(
    net: nn.Module,
    loss: nn.Module,
    *,
    batch_size: int,
    height: int,
    width: int,
    device: torch.device,
    precision: Precision,
    num_moments: int = 2,
) -> int:
    """Return about how many bytes a training step takes on top of the net and its input.

    These are gradients, the optimiser's moments, what is saved for the backward pass, and what is there for a moment.

    Args:
        net: of ``nets``, on any device and in one process only. It stays as it is, as does torch's random state.
        loss: of ``build_loss``.
        batch_size: frames that pass through the net in one go, at least ``SMALLEST_PART``.
        height: of the images that the net sees [px].
        width: likewise.
        device: where the step will be made.
        precision: of the forward pass.
        num_moments: numbers that the optimiser keeps for each weight: 2 for AdamW, 1 for SGD with momentum.
    """
    was_training = net.training
    net.train()
    try:
        with FakeTensorMode():
            weights = _fakes_of(dict(net.named_parameters()), device)
            for weight in weights.values():
                weight.requires_grad_().grad = torch.empty_like(weight)
            net_buffers, loss_buffers = (_fakes_of(dict(of.named_buffers()), device) for of in (net, loss))
            gradients = [weight.grad for weight in weights.values() if weight.grad is not None]
            images = torch.empty((batch_size, 3, height, width), device=device).to(memory_format=torch.channels_last)
            labels = torch.empty((batch_size, height, width), dtype=torch.uint8, device=device)
            with _LiveBytes() as live:
                live.leave_out([*weights.values(), *gradients, *net_buffers.values(), images, labels])
                with autocast(device, precision):
                    outputs = functional_call(net, {**weights, **net_buffers}, (images,))
                functional_call(loss, loss_buffers, (outputs, labels)).backward()
    finally:
        net.train(was_training)
    weight_bytes = sum(weight.nbytes for weight in weights.values())
    return int(MARGIN * ((1 + num_moments) * weight_bytes + live.peak))


def check_fits(
    net: nn.Module,
    loss: nn.Module,
    *,
    batch_size: int,
    accumulate: int,
    ranks: Ranks,
    height: int,
    width: int,
    device: torch.device,
    precision: Precision,
    num_moments: int = 2,
    is_compiled: bool = False,
) -> str:
    """Refuse a batch that is too large for the memory that is free now, and say which one would fit.

    Args:
        net: as of ``step_bytes``; so are ``loss``, ``height``, ``width``, ``device``, ``precision``, ``num_moments``.
        loss: see there.
        batch_size: frames of a step, over all processes.
        accumulate: parts in which each process works through its share of them.
        ranks: the processes; on a CPU they share the computer's memory.
        height: see there.
        width: see there.
        device: see there.
        precision: see there.
        num_moments: see there.
        is_compiled: whether the step will be compiled by torch, and may then need less.

    Returns:
        What to say should memory be short in spite of this; for ``out_of_memory_named``.

    Raises:
        TrainingError: the step needs more than is free.
    """
    part = max(batch_size // (ranks.size * accumulate), SMALLEST_PART)
    more = max(part, SMALLEST_PART + 1)
    smallest, larger = (
        step_bytes(
            net, loss, batch_size=frames, height=height, width=width, device=device, precision=precision,
            num_moments=num_moments,
        )
        for frames in (SMALLEST_PART, more)
    )  # fmt: skip
    memory = StepMemory(
        smallest=smallest,
        each_further=-(-(larger - smallest) // (more - SMALLEST_PART)),
        input_of_each=INPUT_BYTES_A_PIXEL * height * width,
    )
    need, free = memory.bytes_of(part, accumulate), _free_bytes(device, ranks)
    if need <= free:
        return SMALLER
    remedy = advice(memory, free, batch_size=batch_size, accumulate=accumulate, num_processes=ranks.size)
    if is_compiled and device.type == "cuda":
        return remedy
    where = "GPU memory" if device.type == "cuda" else "memory"
    raise TrainingError(
        f"A batch of {batch_size} at {width}x{height} needs about {need / 1e9:.1f} GB of {where}"
        f"{' in each process' if ranks.size > 1 else ''}, of which {free / 1e9:.1f} GB are free. {remedy}"
    )


def advice(memory: StepMemory, free: int, *, batch_size: int, accumulate: int, num_processes: int) -> str:
    """Return in a sentence which batch would fit into ``free`` bytes, or how the same one would."""
    part = memory.largest_part(free, accumulate)
    ways = [f"--batch-size {part * accumulate * num_processes} fits"] if part else []
    in_process = batch_size // num_processes
    for parts in range(accumulate + 1, in_process // SMALLEST_PART + 1):
        if batch_size % (num_processes * parts) == 0 and memory.bytes_of(in_process // parts, parts) <= free:
            ways.append(f"--accumulate {parts} fits the same batch into it")
            break
    return f"{', or '.join(ways)}." if ways else "Give a smaller --crop, --size or --base-channels."


@contextmanager
def out_of_memory_named(*, batch_size: int, height: int, width: int, remedy: str = SMALLER) -> Iterator[None]:
    """Turn torch's errors about memory into one that says what to do: ``remedy``, which ``check_fits`` returned.

    Raises:
        TrainingError: in place of such an error.
    """
    try:
        yield
    except RuntimeError as error:
        if not is_about_memory(error):
            raise
        seen = str(error).splitlines()[0]
        raise TrainingError(
            f"A batch of {batch_size} at {width}x{height} needs more memory than is free ({seen}). {remedy}"
        ) from error


def is_about_memory(error: RuntimeError) -> bool:
    """Whether torch says with this error that there is too little memory, of the GPU or the computer."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def _free_bytes(device: torch.device, ranks: Ranks) -> int:
    """Return what this process may still take on ``device``."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        # torch keeps what it has freed, for itself.
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free_ram_bytes() // ranks.local_size


def _fakes_of(tensors: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """Return tensors of the same shapes, strides and types; to be called in the mode that makes them fake."""
    return {
        name: torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)
        for name, tensor in tensors.items()
    }


class _LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the storages that operations make, as long as they are alive."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = 0
        self.peak = 0
        self._storages: dict[int, weakref.ref[torch.UntypedStorage]] = {}

    def leave_out(self, tensors: Iterable[Tensor]) -> None:
        """Do not count these, which are there already or counted otherwise."""
        for tensor in tensors:
            self._watch(tensor.untyped_storage(), 0)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        results = func(*args, **(kwargs or {}))
        for result in tree_leaves(results):
            if isinstance(result, Tensor):
                storage = result.untyped_storage()
                self._watch(storage, storage.nbytes())
        return results

    def _watch(self, storage: torch.UntypedStorage, size: int) -> None:
        key = id(storage)
        if key in self._storages:  # of a view, or of the result of an operation in place
            return
        self._storages[key] = weakref.ref(storage, lambda _: self._forget(key, size))
        self.now += size
        self.peak = max(self.peak, self.now)

    def _forget(self, key: int, size: int) -> None:
        del self._storages[key]
        self.now -= size
