"""The thread beside the simulator: in order, bounded, and no error is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

import pytest

from harness.carla_client.observation import Observation
from harness.replaying.output_thread import MAX_WAITING, OutputThread

MakeObservation = Callable[..., Observation]


class Notebook:
    """An output that notes what it is told, fails at a tick, or waits until it may go on."""

    camera = "front"
    is_complete = False

    def __init__(self, *, fails_at: int | None = None) -> None:
        self.ticks: list[int] = []
        self.num_frames = 0
        self.ended_with: type[BaseException] | str | None = "not ended"
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self._fails_at = fails_at

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.ended_with = kind

    def add(self, observation: Observation) -> None:
        self.may_go_on.wait(10.0)
        if observation.tick == self._fails_at:
            raise OSError("the disk is gone")
        self.ticks.append(observation.tick)


def test_everything_arrives_in_order_before_the_end(make_observation: MakeObservation) -> None:
    output = Notebook()
    with OutputThread(output) as thread:
        for tick in range(20):
            thread.put(make_observation(tick))
    assert output.ticks == list(range(20))
    assert output.ended_with is None


def test_who_puts_waits_while_too_many_wait(make_observation: MakeObservation) -> None:
    output = Notebook()
    output.may_go_on.clear()
    with OutputThread(output) as thread:
        putting = threading.Thread(target=lambda: [thread.put(make_observation(i)) for i in range(MAX_WAITING + 2)])
        putting.start()
        putting.join(0.2)
        assert putting.is_alive()  # one is being written, MAX_WAITING wait, one more has no room
        output.may_go_on.set()
        putting.join(10.0)
    assert output.ticks == list(range(MAX_WAITING + 2))


def test_an_error_reaches_the_next_put_and_the_output_ends_with_it(make_observation: MakeObservation) -> None:
    output = Notebook(fails_at=1)

    def put_many() -> None:
        with OutputThread(output) as thread:
            for tick in range(1000):
                thread.put(make_observation(tick))

    with pytest.raises(OSError, match="the disk is gone"):
        put_many()
    assert output.ticks == [0]
    assert output.ended_with is OSError


def test_an_error_at_the_last_tick_is_raised_at_the_end(make_observation: MakeObservation) -> None:
    output = Notebook(fails_at=1)

    def put_two() -> None:
        with OutputThread(output) as thread:
            thread.put(make_observation(0))
            thread.put(make_observation(1))

    with pytest.raises(OSError, match="the disk is gone"):
        put_two()
    assert output.ended_with is OSError


def test_an_interrupt_writes_what_waits_and_ends_the_output_with_it(make_observation: MakeObservation) -> None:
    output = Notebook()

    def interrupted() -> None:
        with OutputThread(output) as thread:
            thread.put(make_observation(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert output.ticks == [0]
    assert output.ended_with is KeyboardInterrupt
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("output")]
