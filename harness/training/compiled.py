"""Whether the training step is compiled with ``torch.compile``, and what is said where that cannot be.

A compiler is no requirement of this program. ``auto`` compiles on a GPU, where it usually pays,
if the machine can, and says so if it cannot; on a CPU a run of minutes does not win back the time of compiling.
``on`` insists.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from harness.errors import TrainingError, UsageError
from harness.training.config import Compile
from harness.training.data import Note


def choose_compiled(choice: Compile, device: torch.device, *, note: Note) -> bool:
    """Return whether to compile for ``device``; ``note`` is told when ``"auto"`` would like to and cannot.

    Raises:
        UsageError: ``"on"``, and something that compiling needs is missing.
    """
    if choice == "off" or (choice == "auto" and device.type == "cpu"):
        return False
    missing = _missing_tool(device)
    if missing is None:
        return True
    if choice == "on":
        raise UsageError(f"--compile on needs {missing}, which is not there. Install it, or give --compile off.")
    note(f"the net is not compiled, which makes it slower: torch.compile needs {missing}, which is not there")
    return False


@contextmanager
def compile_failure_named() -> Iterator[None]:
    """Turn a failure of torch's compiler, which comes with pages of its own code, into a TrainingError."""
    try:
        yield
    except RuntimeError as error:
        if not _is_compiler_failure(error):
            raise
        reason = " ".join(str(error).split("\n\n")[0].split())  # what follows is how to debug torch
        raise TrainingError(f"torch.compile failed: {reason}. Give --compile off to train without it.") from error


def _missing_tool(device: torch.device) -> str | None:
    """Return what torch's compiler would look for in vain."""
    if device.type == "cuda":
        if importlib.util.find_spec("triton") is None:
            return "the Python package triton"
        # Triton compiles the code that starts its kernels.
        names = [os.environ["CC"]] if "CC" in os.environ else ["gcc", "clang", "cc"]
        what = "a C compiler"
    else:
        import torch._inductor.config  # heavy, and rarely needed

        names = [name for name in torch._inductor.config.cpp.cxx if name]
        what = "a C++ compiler"
    return None if any(shutil.which(name) for name in names) else f"{what} ({' or '.join(names)})"


def _is_compiler_failure(error: RuntimeError) -> bool:
    return any(kind.__name__ == "TorchDynamoException" for kind in type(error).__mro__)
