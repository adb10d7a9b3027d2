"""Processes that share a run: what each does of it, how they add up, and that they end together."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, distributed, nn

from harness.errors import DataError, TrainingError, UsageError
from harness.training.distributed import FAILED, Ranks, data_parallel, joined, local_device_name, without_exchange
from tests.unit.harness.training.two_processes import TwoProcesses, free_port, numbers, torchrun_environment


@given(size=st.integers(1, 9), extra=st.integers(0, 40))
def test_the_parts_of_a_batch_are_the_batch(size: int, extra: int) -> None:
    rows = list(range(size + extra))
    parts = [rows[Ranks(rank=rank, size=size).part_of(len(rows))] for rank in range(size)]
    assert [row for part in parts for row in part] == rows
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_batch_smaller_than_the_processes_are_many() -> None:
    with pytest.raises(UsageError, match="A batch of 2 frames cannot be divided among 3 processes"):
        Ranks(rank=0, size=3).part_of(2)


def test_one_process_joins_nothing_and_exchanges_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for environment in ({}, {"WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0"}):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with joined("cpu") as ranks:
            assert ranks == Ranks(rank=0, size=1, local_size=1)
            assert ranks.is_first
            assert not distributed.is_initialized()
            assert ranks.sum_(torch.tensor([2, 3])).tolist() == [2, 3]
            ranks.barrier()
    net = nn.Linear(2, 1)
    assert data_parallel(net, Ranks()) is net
    with without_exchange(net):
        net(torch.ones(1, 2)).sum().backward()
    assert net.bias.grad is not None


def test_two_processes_know_who_they_are(processes: TwoProcesses) -> None:
    assert processes.results(numbers) == [(0, 2), (1, 2)]


def test_sums_are_over_both_and_exact(processes: TwoProcesses) -> None:
    assert processes.results(large_sum) == [[2**60 + 1, 2]] * 2


def large_sum(ranks: Ranks) -> list[int]:
    """A count that a float64 could not hold."""
    return ranks.sum_(torch.tensor([2**60 if ranks.is_first else 1, 1])).tolist()


def test_gradients_are_averaged_once_all_parts_of_a_step_are_added_up(processes: TwoProcesses) -> None:
    """Weight 1; inputs 1 and 10 in process 0, 2 and 20 in process 1: the average gradient is 33 / 2."""
    for kept, exchanged in processes.results(accumulated):
        assert exchanged == 16.5
        assert kept in (1.0, 2.0)  # before the exchange: each one's own


def accumulated(ranks: Ranks) -> tuple[float, float]:
    net = nn.Linear(1, 1, bias=False)
    parallel = data_parallel(net, ranks)
    with without_exchange(parallel):
        parallel(torch.tensor([[1.0 + ranks.rank]])).sum().backward()
    assert isinstance(net.weight.grad, Tensor)
    kept = net.weight.grad.item()
    parallel(torch.tensor([[10.0 * (1 + ranks.rank)]])).sum().backward()
    return kept, net.weight.grad.item()


def test_threads_of_a_group_end_with_it(processes: TwoProcesses) -> None:
    """Those left over can abort a process at its very end. Each call has a group of its own."""
    processes.results(accumulated)
    processes.outcomes(fails_with_a_wrapped_net)
    assert processes.results(num_gloo_threads) == [1, 1]  # that of the call itself


def num_gloo_threads(ranks: Ranks) -> int:
    names = [path.read_text() for path in Path("/proc/self/task").glob("*/comm")]
    return sum(name.startswith("gloo_tcp_loop") for name in names)


def fails_with_a_wrapped_net(ranks: Ranks) -> None:
    net = data_parallel(nn.Linear(1, 1), ranks)
    if not ranks.is_first:
        raise DataError(f"a damaged frame, {net}")
    ranks.barrier()


@pytest.mark.parametrize("failing", [0, 1])
def test_who_fails_speaks_and_the_other_ends_without_a_word(processes: TwoProcesses, failing: int) -> None:
    outcomes = processes.outcomes(fails, failing)
    assert isinstance(outcomes[failing], DataError)
    assert str(outcomes[failing]) == f"process {failing} met a damaged frame"
    ended = outcomes[1 - failing]
    assert isinstance(ended, SystemExit)
    assert ended.code == FAILED
    assert processes.results(numbers) == [(0, 2), (1, 2)]  # both have left, and can join again


def fails(ranks: Ranks, failing: int) -> None:
    if ranks.rank == failing:
        raise DataError(f"process {failing} met a damaged frame")
    ranks.barrier()


def test_of_two_that_fail_in_the_same_way_one_speaks(processes: TwoProcesses) -> None:
    kinds = sorted(type(outcome).__name__ for outcome in processes.outcomes(both_fail))
    assert kinds == ["SystemExit", "UsageError"]


def both_fail(ranks: Ranks) -> None:
    raise UsageError("--learning-rate 0")


def test_ctrl_c_in_both_is_told_once(processes: TwoProcesses) -> None:
    kinds = sorted(type(outcome).__name__ for outcome in processes.outcomes(interrupted))
    assert kinds == ["KeyboardInterrupt", "SystemExit"]


def interrupted(ranks: Ranks) -> None:
    raise KeyboardInterrupt


def test_a_process_that_is_told_to_end_ends_the_other_without_a_word(processes: TwoProcesses) -> None:
    first, second = processes.outcomes(told_to_end)
    assert isinstance(first, SystemExit)
    assert isinstance(second, SystemExit)
    assert (first.code, second.code) == (FAILED, 143)


def told_to_end(ranks: Ranks) -> None:
    """As SIGTERM does; see ``harness.cli``."""
    if not ranks.is_first:
        raise SystemExit(143)
    ranks.barrier()


def test_that_a_process_died_is_said_by_one_that_misses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    other = multiprocessing.get_context("spawn").Process(target=joins_and_dies, args=(port,))
    other.start()
    for name, value in torchrun_environment(0, port).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TrainingError, match="Another process of this run died without a message"), joined("cpu") as me:
        me.barrier()
    other.join(timeout=60)
    assert other.exitcode == -signal.SIGKILL


def joins_and_dies(port: int) -> None:
    """All that process 1 does."""
    os.environ.update(torchrun_environment(1, port))
    with joined("cpu"):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("name", "value"), [("RANK", None), ("LOCAL_RANK", "x"), ("WORLD_SIZE", "-2")])
def test_half_an_environment(monkeypatch: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    for key, text in (torchrun_environment(0, 1) | {name: value}).items():
        monkeypatch.setenv(key, text) if text is not None else monkeypatch.delenv(key, raising=False)
    with pytest.raises(UsageError, match=f"{name} is .*expected a number"), joined("cuda"):
        pass


def test_others_that_do_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    for key, text in torchrun_environment(0, 1).items():
        if not key.startswith("MASTER"):
            monkeypatch.setenv(key, text)
    with pytest.raises(TrainingError, match=r"Process 0 of 2 did not find the others.*torchrun"), joined("cpu"):
        pass


def test_more_processes_than_gpus_are_refused_before_they_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for key, text in torchrun_environment(1, 1).items():
        monkeypatch.setenv(key, text)
    expected = r"'cuda:1' was asked for, but torch .* sees 1 GPU.*no more processes than there are"
    with pytest.raises(UsageError, match=expected), joined("cuda"):
        pass


def test_each_process_has_its_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [local_device_name(name) for name in ("cpu", "cuda:1", "auto")] == ["cpu", "cuda:1", "auto"]
    for key, text in torchrun_environment(1, 1).items():
        monkeypatch.setenv(key, text)
    assert [local_device_name(name) for name in ("cpu", "cuda")] == ["cpu", "cuda:1"]
    with pytest.raises(UsageError, match="--device cuda:0 is one GPU for several processes"):
        local_device_name("cuda:0")
    assert local_device_name("auto") == ("cuda:1" if torch.cuda.is_available() else "auto")
