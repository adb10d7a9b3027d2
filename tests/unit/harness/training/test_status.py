"""The memory figure: the process's own peak, in bytes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch

from harness.training.status import peak_memory_bytes

ALLOCATE_AND_FREE = """
import json, torch
from harness.training.status import peak_memory_bytes
seen = [peak_memory_bytes(torch.device("cpu"))]
held = b"x" * 300_000_000
seen.append(peak_memory_bytes(torch.device("cpu")))
del held
print(json.dumps([*seen, peak_memory_bytes(torch.device("cpu"))]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not tell")
def test_the_peak_of_a_process_is_in_bytes_and_stays() -> None:
    # In a process of its own: this one's peak may be higher than what a test should allocate.
    child = subprocess.run([sys.executable, "-c", ALLOCATE_AND_FREE], capture_output=True, text=True, check=True)
    before, held, after = json.loads(child.stdout)
    # The kernel counts by thread and in steps.
    assert held - before == pytest.approx(300e6, rel=0.05)
    assert after == pytest.approx(held, rel=0.01)


@pytest.mark.gpu
def test_on_a_gpu_it_is_the_gpus_memory() -> None:
    device = torch.device("cuda")
    torch.cuda.reset_peak_memory_stats(device)
    held = torch.ones(2**20, device=device)
    assert held.nbytes <= peak_memory_bytes(device) < 2**30
