"""torch.compile: asked for, wished for, or not; and a machine without a compiler."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
import torch._inductor.config

from harness.errors import TrainingError, UsageError
from harness.run_dir import RunDir
from harness.training import compiled
from harness.training.checkpoint import load_tensors
from harness.training.compiled import choose_compiled, compile_failure_named
from harness.training.config import TrainConfig
from harness.training.loop import train

pytestmark = pytest.mark.usefixtures("without_pictures")

CPU, GPU = torch.device("cpu"), torch.device("cuda")

has_compiler = any(shutil.which(name) for name in torch._inductor.config.cpp.cxx if name)


@pytest.fixture
def _no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled.shutil, "which", lambda _name: None)


def refuse(sentence: str) -> None:
    raise AssertionError(sentence)


def test_a_cpu_compiles_only_when_asked_to() -> None:
    assert not choose_compiled("auto", CPU, note=refuse)
    assert not choose_compiled("off", CPU, note=refuse)
    assert not choose_compiled("off", GPU, note=refuse)


@pytest.mark.usefixtures("_no_compiler")
def test_without_a_compiler_on_is_refused_before_the_folder_is_touched(recording: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--compile on needs a C\+\+ compiler .*--compile off"):
        train(TrainConfig(compile="on", device="cpu"), recording, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("_no_compiler")
def test_without_a_compiler_a_gpu_goes_on_and_says_so() -> None:
    notes: list[str] = []
    assert not choose_compiled("auto", GPU, note=notes.append)
    (note,) = notes
    assert note.startswith("the net is not compiled, which makes it slower: torch.compile needs")


def test_a_failure_of_the_compiler_is_named() -> None:
    def failing_backend(*_: object) -> None:
        raise OSError("no space left")

    with (
        pytest.raises(TrainingError, match=r"failed: .* OSError: no space left\. Give --compile off"),
        compile_failure_named(),
    ):
        torch.compile(lambda x: x + 1, backend=failing_backend)(torch.ones(2))


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="something else"), compile_failure_named():
        raise RuntimeError("something else")


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")  # torch's compiler imports it
@pytest.mark.skipif(not has_compiler, reason="torch.compile finds no C++ compiler")
def test_a_compiled_run_is_an_uncompiled_one_up_to_rounding(recording: Path, tmp_path: Path) -> None:
    losses = {}
    for choice in ("off", "on"):
        epochs = []
        config = TrainConfig(
            net_options={"base_channels": 2, "depth": 1},
            epochs=1,
            batch_size=4,
            device="cpu",
            precision="float32",
            compile=choice,  # type: ignore[arg-type]
        )
        train(config, recording, tmp_path / choice, on_epoch=epochs.append)
        losses[choice] = [epochs[0].train_loss, epochs[0].validation_loss]
    assert losses["on"] == pytest.approx(losses["off"], rel=1e-4)
    names = [set(load_tensors(RunDir(tmp_path / choice).training_state)[1]) for choice in ("off", "on")]
    assert names[0] == names[1]
