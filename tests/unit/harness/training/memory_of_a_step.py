"""Run by test_memory.py in a process of its own: the step's estimate, and by how much the process really grew.

Arguments: loss, precision, frames, height, width. Prints ``<estimated bytes> <grown bytes>``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from harness.training.device import Precision, autocast
from harness.training.losses import build_loss
from harness.training.memory import step_bytes
from nets import build_net

NUM_CLASSES, IGNORE_ID = 19, 255
CPU = torch.device("cpu")


def memory(name: str) -> int:
    """Bytes of this process: ``VmRSS`` now, ``VmHWM`` at its highest."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def make_steps(net: nn.Module, loss: nn.Module, images: Tensor, precision: Precision) -> None:
    """Two steps, in the second of which the optimiser has its moments."""
    optimizer = torch.optim.AdamW(net.parameters(), fused=True)
    labels = torch.zeros((len(images), *images.shape[2:]), dtype=torch.uint8)
    for _ in range(2):
        with autocast(CPU, precision):
            outputs = net(images)
        optimizer.zero_grad(set_to_none=True)
        loss(outputs, labels).backward()
        optimizer.step()


def main(text: str, precision: Precision, batch_size: int, height: int, width: int) -> None:
    loss = build_loss(text, num_classes=NUM_CLASSES, ignore_id=IGNORE_ID, class_weights=None)
    net, other = (build_net("unet", NUM_CLASSES, base_channels=8) for _ in range(2))
    net = net.to(memory_format=torch.channels_last)
    estimated = step_bytes(
        net, loss, batch_size=batch_size, height=height, width=width, device=CPU, precision=precision
    )
    make_steps(other, loss, torch.ones((2, 3, 32, 32)), precision)  # libraries are loaded, code is compiled
    del other
    images = torch.ones((batch_size, 3, height, width)).contiguous(memory_format=torch.channels_last)
    before = memory("VmRSS")
    make_steps(net, loss, images, precision)
    print(estimated, memory("VmHWM") - before)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))  # type: ignore[arg-type]
