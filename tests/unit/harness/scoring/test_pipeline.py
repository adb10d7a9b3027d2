from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from harness.scoring.pipeline import overlap

WAIT_S = 10.0


def test_every_item_is_worked_on_in_order_in_another_thread() -> None:
    done: list[tuple[int, bool]] = []
    here = threading.current_thread()
    overlap(range(20), lambda item: done.append((item, threading.current_thread() is here)))
    assert done == [(item, False) for item in range(20)]


def test_the_source_goes_on_while_the_work_is_under_way() -> None:
    second_was_made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        second_was_made.set()
        yield 2

    def work(item: int) -> None:
        assert second_was_made.wait(WAIT_S), "the second item is made while the first is worked on"

    overlap(items(), work)


def test_a_slow_worker_holds_the_source_back() -> None:
    started, go_on = threading.Event(), threading.Event()
    made: list[int] = []

    def items() -> Iterator[int]:
        for item in range(10):
            made.append(item)
            yield item

    def work(item: int) -> None:
        started.set()
        assert go_on.wait(WAIT_S)

    runner = threading.Thread(target=overlap, args=(items(), work), kwargs={"depth": 2})
    runner.start()
    assert started.wait(WAIT_S)
    runner.join(0.2)
    assert runner.is_alive()
    assert len(made) <= 4, "one in work, two that wait, and one in hand"
    go_on.set()
    runner.join(WAIT_S)
    assert len(made) == 10


def test_an_error_of_the_work_ends_the_source_and_is_raised() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            made.append(item)
            yield item

    def work(item: int) -> None:
        if item == 3:
            raise ValueError("bad frame")

    with pytest.raises(ValueError, match="bad frame"):
        overlap(items(), work)
    assert len(made) < 10


def test_an_error_of_the_source_is_raised_and_what_waits_is_dropped() -> None:
    first_started, source_failed = threading.Event(), threading.Event()
    done: list[int] = []

    def items() -> Iterator[int]:
        yield 0
        assert first_started.wait(WAIT_S)
        yield 1
        threading.Timer(0.05, source_failed.set).start()
        raise KeyboardInterrupt

    def work(item: int) -> None:
        first_started.set()
        assert source_failed.wait(WAIT_S)
        done.append(item)

    with pytest.raises(KeyboardInterrupt):
        overlap(items(), work)
    assert done == [0]
