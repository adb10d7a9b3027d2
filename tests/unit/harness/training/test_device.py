"""Where to compute, and in which number format."""

from __future__ import annotations

import pytest
import torch

from harness.errors import UsageError
from harness.training.device import autocast, choose_device, choose_precision

CPU = torch.device("cpu")


def test_auto_is_the_gpu_if_there_is_one() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "meta", "cpuu", ""])
def test_an_unknown_device_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"Device '{name}' is not known; expected auto, cpu"):
        choose_device(name)


def test_a_gpu_that_is_not_there_is_refused_with_what_torch_sees() -> None:
    with pytest.raises(UsageError, match=r"'cuda:99' was asked for, but torch .* sees \d+ GPU"):
        choose_device("cuda:99")


def test_precision_follows_what_the_cpu_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert choose_precision("auto", CPU) == "float32"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert choose_precision("auto", CPU) == "bfloat16"


def test_a_precision_asked_for_is_used() -> None:
    assert choose_precision("bfloat16", CPU) == "bfloat16"
    assert choose_precision("float16", torch.device("cuda")) == "float16"


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="float16 needs a GPU"):
        choose_precision("float16", CPU)
    with pytest.raises(UsageError, match="'fp8' is not known"):
        choose_precision("fp8", CPU)


def test_autocast_changes_products_and_not_parameters() -> None:
    layer = torch.nn.Conv2d(3, 2, 1)
    with autocast(CPU, "bfloat16"):
        assert layer(torch.zeros(1, 3, 4, 4)).dtype == torch.bfloat16
    with autocast(CPU, "float32"):
        assert layer(torch.zeros(1, 3, 4, 4)).dtype == torch.float32
    assert layer.weight.dtype == torch.float32
