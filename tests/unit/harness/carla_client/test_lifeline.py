"""The loss of a server is seen at once, and told from another thread only when the main one cannot."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from harness.carla_client import lifeline as lifeline_module
from harness.carla_client.lifeline import Lifeline

PATIENCE_S = 10.0


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_a_server_that_ends_is_noticed_and_told(server: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifeline_module, "GRACE_S", 0.05)
    told = threading.Event()
    with Lifeline(*server.getsockname()) as lifeline:
        lifeline.if_stuck = told.set
        connection, _ = server.accept()
        assert not lifeline.lost.is_set()
        server.close()
        connection.close()
        assert lifeline.lost.wait(PATIENCE_S)
        assert told.wait(PATIENCE_S)


def test_nothing_is_told_when_the_block_ends_in_good_order(server: socket.socket) -> None:
    with Lifeline(*server.getsockname()) as lifeline:
        lifeline.if_stuck = lambda: pytest.fail("told although the block has ended")
        connection, _ = server.accept()
        server.close()
        connection.close()
        assert lifeline.lost.wait(PATIENCE_S)
    assert not lifeline.is_alive()


def test_a_server_that_only_closes_the_connection_is_not_lost(server: socket.socket) -> None:
    with Lifeline(*server.getsockname()) as lifeline:
        server.accept()[0].close()
        again, _ = server.accept()  # it goes on watching
        assert not lifeline.lost.is_set()
        server.close()
        again.close()
        assert lifeline.lost.wait(PATIENCE_S)


def test_a_server_that_is_gone_from_the_start_costs_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()
    with Lifeline(*address) as lifeline:
        assert not lifeline.lost.is_set()
