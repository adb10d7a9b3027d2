from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import msgpack
import pytest

from harness.carla_client.traffic_watch import TrafficWatch, wake


class Port:
    """Speaks as a TrafficManager's port does: msgpack-rpc, every call answered with nil."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.number = int(self._listening.getsockname()[1])
        self.calls: list[list[object]] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                unpacker = msgpack.Unpacker()
                while received := connection.recv(1024):
                    unpacker.feed(received)
                    for _, number, name, arguments in unpacker:
                        self.calls.append([name, *arguments])
                        connection.sendall(msgpack.packb([1, number, None, None]))

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()


@pytest.fixture
def port() -> Iterator[Port]:
    port = Port()
    yield port
    port.close()


OFF_AND_ON = [["set_synchronous_mode", False], ["set_synchronous_mode", True]]


def test_leaving_synchronous_mode_and_entering_it_again_wakes(port: Port) -> None:
    wake(port.number)
    assert port.calls == OFF_AND_ON


def test_a_traffic_manager_that_is_gone_cannot_be_woken() -> None:
    port = Port()
    port.close()
    with pytest.raises(ConnectionRefusedError):
        wake(port.number)


def test_a_tick_that_lasts_too_long_wakes_it_and_short_ones_do_not(port: Port) -> None:
    woken = threading.Event()
    watch = TrafficWatch(port.number, on_wake=woken.set, patience_s=0.4)
    for _ in range(8):
        with watch.during_a_tick():
            time.sleep(0.1)
    assert not port.calls
    with watch.during_a_tick():
        assert woken.wait(10.0)
    watch.leave()
    assert port.calls[:2] == OFF_AND_ON


def test_it_is_tried_again_while_nothing_answers() -> None:
    gone = Port()
    gone.close()
    woken = threading.Event()
    watch = TrafficWatch(gone.number, on_wake=woken.set, patience_s=0.05)
    with watch.during_a_tick():
        assert not woken.wait(0.5)
        assert watch.is_alive()
    watch.leave()
    assert not watch.is_alive()
