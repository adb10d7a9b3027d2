from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from harness.carla_client.process_state import undisturbed_by_interrupts, without_lines_on_stderr


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Ctrl-C raises, as it does unless the tests were started in a shell's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_in_the_block_is_ignored_and_one_after_it_is_not() -> None:
    with undisturbed_by_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_outside_the_main_thread_nothing_is_changed() -> None:
    seen: list[object] = []

    def work() -> None:
        with undisturbed_by_interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


def test_only_the_named_lines_are_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    with without_lines_on_stderr("No cache"):
        os.write(2, b"WARNING: No cache found\nERROR: something else\n")
    os.write(2, b"No cache, later\n")
    assert capfd.readouterr().err == "ERROR: something else\nNo cache, later\n"
