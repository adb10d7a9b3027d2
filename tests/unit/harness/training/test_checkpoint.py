"""Checkpoint files: exact, self-describing, and never half believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from harness.errors import CheckpointError
from harness.run_dir import RunDir
from harness.training.checkpoint import CheckpointInfo, load_checkpoint, load_tensors, save_checkpoint, save_tensors

INFO = CheckpointInfo(
    net="unet",
    net_options={"base_channels": 8, "upsampling": "bilinear"},
    label_set="carla29",
    classes=("NONE", "Roads"),
    epoch=3,
    step=17,
    metrics={"miou": 0.25, "Roads": None},
)

WEIGHTS = {
    "a": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "count": torch.tensor(7),
    "kernel": torch.randn(4, 3, 2, 2).contiguous(memory_format=torch.channels_last),
    "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "none": torch.empty(0),
}


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    run = RunDir.create(tmp_path / "run")
    save_checkpoint(run, "best", INFO, WEIGHTS)
    return run


def test_what_was_saved_comes_back(run: RunDir) -> None:
    info, weights = load_checkpoint(run, "best")
    assert info == INFO
    assert set(weights) == set(WEIGHTS)
    for name, value in WEIGHTS.items():
        assert weights[name].dtype == value.dtype
        assert torch.equal(weights[name], value)


def test_the_json_beside_it_says_the_same(run: RunDir) -> None:
    description = json.loads(run.description("best").read_text())
    assert description["epoch"] == 3
    assert description["classes"] == ["NONE", "Roads"]
    assert description["metrics"] == {"miou": 0.25, "Roads": None}


def test_the_weights_alone_are_enough(run: RunDir) -> None:
    run.description("best").unlink()
    assert load_checkpoint(run, "best")[0] == INFO


def test_a_file_cut_short_anywhere_is_refused(run: RunDir) -> None:
    path = run.weights("best")
    whole = path.read_bytes()
    for length in (0, 4, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"cut short or damaged\. Restore it"):
            load_checkpoint(run, "best")


@settings(max_examples=60, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(tmp_path_factory: pytest.TempPathFactory, place: float, bit: int) -> None:
    path = tmp_path_factory.mktemp("flip") / "a.safetensors"
    save_tensors(path, WEIGHTS, {"schema": 1, "epoch": 3})
    content = bytearray(path.read_bytes())
    header_bytes = 8 + int.from_bytes(content[:8], "little")
    position = header_bytes + int(place * (len(content) - header_bytes))
    content[position] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_tensors(path)


def test_a_file_of_another_program_is_refused(run: RunDir) -> None:
    save_file({"a": torch.zeros(2)}, run.weights("best"))
    with pytest.raises(CheckpointError, match="was not written by the harness"):
        load_checkpoint(run, "best")


def test_a_later_format_is_refused(run: RunDir) -> None:
    save_tensors(run.weights("best"), WEIGHTS, {"schema": 2})
    with pytest.raises(CheckpointError, match="format version 2; this harness reads version 1"):
        load_checkpoint(run, "best")


def test_an_unknown_description_is_refused(run: RunDir) -> None:
    save_tensors(run.weights("best"), WEIGHTS, {"schema": 1, "classes": []})
    with pytest.raises(CheckpointError, match="unknown description"):
        load_checkpoint(run, "best")


class TestMissing:
    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError, match="no run folder"):
            load_checkpoint(RunDir(tmp_path / "nowhere"), "best")

    def test_the_other_checkpoint_is_offered(self, run: RunDir) -> None:
        with pytest.raises(CheckpointError, match=r"no last\.safetensors, but it has best.*--checkpoint best"):
            load_checkpoint(run, "last")

    def test_a_run_that_did_not_get_far(self, tmp_path: Path) -> None:
        run = RunDir.create(tmp_path)
        run.config.write_text("{}")
        with pytest.raises(CheckpointError, match=r"its first epoch did not end.*--resume"):
            load_checkpoint(run, "best")

    def test_some_other_folder(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError, match="is not a training run"):
            load_checkpoint(RunDir(tmp_path), "best")
