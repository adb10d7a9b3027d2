"""Where to compute and in which number format: the same rules for training and inference.

Decisions:

* ``auto`` is the first GPU if torch sees one, else the CPU.
* Precision ``auto`` on a GPU is bfloat16 where the GPU has it (from Ampere on), else float16. On a CPU it is bfloat16
  autocast if the CPU multiplies bfloat16 in hardware (AVX512-BF16 or AMX), where a U-Net training step took 0.54 of
  the time of float32 (16 base channels, channels last, 2 cores of an AMD EPYC); else float32.
  It is a rule about the CPU and not a timing at start-up, so that the same machine always takes the same path and
  a resumed run cannot differ from an uninterrupted one.
* ``float32`` on a GPU leaves TF32 as torch sets it (off for matrix products).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, cast

import torch

from harness.errors import UsageError

Precision = Literal["float32", "bfloat16", "float16"]

PRECISIONS = ("auto", "float32", "bfloat16", "float16")

_DTYPES: dict[str, torch.dtype] = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(name: str) -> torch.device:
    """Return the device for ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.

    Raises:
        UsageError: no such device, or torch sees no GPU.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"Device {name!r} is not known; expected auto, cpu, cuda or cuda:N.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        remedy = "choose one of those, and start no more processes than there are"
        raise UsageError(
            f"Device {name!r} was asked for, but torch {torch.__version__} sees {count} GPU(s). "
            f"Use --device cpu, or {remedy if count else 'install torch with CUDA and a driver for it'}."
        )
    return device


def choose_precision(name: str, device: torch.device) -> Precision:
    """Return the number format of convolutions and matrix products; parameters are float32 in every case.

    Raises:
        UsageError: an unknown name, or float16 on a CPU.
    """
    if name not in PRECISIONS:
        raise UsageError(f"Precision {name!r} is not known; expected one of {', '.join(PRECISIONS)}.")
    if name == "float16" and device.type == "cpu":
        raise UsageError("Precision float16 needs a GPU; on a CPU use float32 or bfloat16.")
    if name != "auto":
        return cast("Precision", name)
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    return "bfloat16" if _cpu_multiplies_bfloat16() else "float32"


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """Return the autocast context for a forward pass; does nothing for float32."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=_DTYPES[precision])


def _cpu_multiplies_bfloat16() -> bool:
    # torch before 2.10 cannot say; float32 is then the safe answer.
    capabilities: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16")) or bool(capabilities.get("amx_bf16"))
