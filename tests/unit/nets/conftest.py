"""What tests of nets share: the cost of a net, and the reference implementation that nets are compared with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from nets import build_net

Cost = Callable[..., tuple[int, float]]
CopyState = Callable[[list[Tensor], nn.Module], None]


@pytest.fixture(scope="session")
def cost() -> Cost:
    """``cost(name, **options)``: parameters, and GFLOPs of one 480x640 image; K = 29, as in the docstrings' tables."""

    def parameters_and_gflops(name: str, **options: Any) -> tuple[int, float]:
        # On the meta device nothing is computed, and the counter sees every operation (on the CPU not attention).
        with torch.device("meta"), FlopCounterMode(display=False) as counter:
            net = build_net(name, 29, **options).eval()
            net(torch.empty(1, 3, 480, 640))
        return sum(parameter.numel() for parameter in net.parameters()), counter.get_total_flops() / 1e9

    return parameters_and_gflops


@pytest.fixture(scope="session")
def smp_reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ``smp_reference.py`` writes: weights and outputs of segmentation-models-pytorch's nets."""
    libraries = Path(sys.prefix) / "references"
    assert libraries.is_dir(), f"{libraries} is missing: `make venv` installs the reference libraries there."
    output = tmp_path_factory.mktemp("smp") / "reference.pt"
    subprocess.run([sys.executable, Path(__file__).with_name("smp_reference.py"), libraries, output], check=True)
    results: dict[str, Any] = torch.load(output, weights_only=True, mmap=True)
    return results


@pytest.fixture(scope="session")
def copy_state() -> CopyState:
    """``copy_state(tensors, module)``: fill a module's parameters and buffers, in their order; shapes must agree."""

    def copy(tensors: list[Tensor], module: nn.Module) -> None:
        state = module.state_dict()
        assert [tensor.shape for tensor in tensors] == [tensor.shape for tensor in state.values()]
        module.load_state_dict(dict(zip(state, tensors, strict=True)))

    return copy
