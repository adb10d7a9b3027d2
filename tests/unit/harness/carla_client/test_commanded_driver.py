"""Which control is in force when decisions take their time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.commanded_driver import HOLD, ControlQueue, Pedals


def pedals(throttle: float) -> Pedals:
    return throttle, 0.0, 0.0


def test_the_brake_is_on_until_the_first_decision_is_due() -> None:
    queue = ControlQueue()
    assert queue.at(-5) == HOLD
    queue.add(pedals(0.1), from_tick=3)
    assert [queue.at(tick) for tick in range(5)] == [HOLD] * 3 + [pedals(0.1)] * 2


def test_a_latency_shifts_everything() -> None:
    queue, seen = ControlQueue(), []
    for tick in range(8):
        seen.append(queue.at(tick)[0] if tick > 2 else None)
        queue.add(pedals(tick / 10), from_tick=tick + 1 + 2)
    assert seen == [None, None, None, 0.0, 0.1, 0.2, 0.3, 0.4]


def test_a_quick_decision_overtakes_a_slow_one() -> None:
    queue = ControlQueue()
    queue.add(pedals(0.1), from_tick=9)
    queue.add(pedals(0.2), from_tick=2)
    assert queue.at(1) == HOLD
    assert {queue.at(tick) for tick in range(2, 15)} == {pedals(0.2)}


def test_what_was_forgotten_never_comes() -> None:
    queue = ControlQueue()
    queue.add(pedals(0.1), from_tick=1)
    assert queue.at(1) == pedals(0.1)
    queue.add(pedals(0.2), from_tick=2)
    queue.clear()
    queue.add(HOLD, from_tick=2)
    assert queue.at(2) == queue.at(3) == HOLD


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30))
def test_it_is_the_latest_decision_of_those_that_are_due(delays: list[int]) -> None:
    queue = ControlQueue()
    for tick in range(len(delays) + 8):
        due = [i for i in range(min(tick, len(delays))) if i + 1 + delays[i] <= tick]
        assert queue.at(tick) == (pedals(max(due) / 100) if due else HOLD)
        if tick < len(delays):
            queue.add(pedals(tick / 100), from_tick=tick + 1 + delays[tick])
