"""The state of a training: seeds, what is decayed, and a disk that gives back what it got."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.errors import CheckpointError
from harness.run_dir import RunDir
from harness.training.config import TrainConfig
from harness.training.state import TrainingState, epoch_seed, initial_state

CPU = torch.device("cpu")


def state_of(*, base_channels: int = 4, seed: int = 0) -> TrainingState:
    config = TrainConfig(net_options={"base_channels": base_channels, "depth": 1}, seed=seed)
    return initial_state(config, device=CPU, precision="float32")


def make_steps(state: TrainingState, count: int) -> None:
    images = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(9))
    for _ in range(count):
        state.optimizer.zero_grad()
        state.net(images.contiguous(memory_format=torch.channels_last)).square().mean().backward()
        state.optimizer.step()
        state.step += 1


def test_the_seed_decides_the_weights() -> None:
    first, again, other = (state_of(seed=seed).net.state_dict()["head.weight"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_every_epoch_has_its_own_seed() -> None:
    seeds = {epoch_seed(seed, epoch) for seed in range(20) for epoch in range(20)}
    assert len(seeds) == 400


def test_steps_after_restoring_are_the_steps_that_would_have_been(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    state = state_of()
    make_steps(state, 3)
    state.epoch = 1
    state.save(run)
    make_steps(state, 2)

    restored = state_of(seed=5)
    restored.restore(run)
    assert (restored.epoch, restored.step) == (1, 3)
    make_steps(restored, 2)
    expected = state.net.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in restored.net.state_dict().items())


def test_moments_keep_the_memory_layout_of_their_parameters(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    state = state_of()
    make_steps(state, 1)
    state.save(run)
    restored = state_of()
    restored.restore(run)
    for parameter, moments in restored.optimizer.state.items():
        assert moments["exp_avg"].stride() == parameter.stride()


def test_the_state_of_another_net_is_refused(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    state_of(base_channels=8).save(run)
    with pytest.raises(CheckpointError, match=r"last_state\.safetensors does not fit this net.*--overwrite"):
        state_of(base_channels=4).restore(run)
