from __future__ import annotations

import socket
from pathlib import Path

import pytest

from datasets.recording_dir import RecordingDir
from harness.carla_client.endpoint import Endpoint
from harness.errors import OutputInUseError, ServerLostError
from harness.recording import record
from sim_scenarios.load import load_suite


@pytest.fixture
def dead_endpoint() -> Endpoint:
    """A server that answered once and is gone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return Endpoint(host="127.0.0.1", port=port, version="0.9.16", embedded=False)


def test_a_lost_server_ends_the_recording_and_every_scenario_has_its_row(
    dead_endpoint: Endpoint, tmp_path: Path
) -> None:
    suite = load_suite("smoke")
    summary = record(dead_endpoint, suite, tmp_path / "out")
    assert isinstance(summary.server_lost, ServerLostError)
    assert [(row.scenario, row.status, row.frames) for row in summary.rows] == [
        ("smoke-train", "failed", 0),
        ("smoke-test", "not run", 0),
    ]
    assert str(dead_endpoint.port) in summary.rows[0].note
    assert RecordingDir.open(tmp_path / "out").shards() == ()


def test_only_the_splits_asked_for(dead_endpoint: Endpoint, tmp_path: Path) -> None:
    summary = record(dead_endpoint, load_suite("smoke"), tmp_path, splits=("test",))
    assert [row.scenario for row in summary.rows] == ["smoke-test"]


def test_a_folder_with_a_recording_needs_resume(dead_endpoint: Endpoint, tmp_path: Path) -> None:
    record(dead_endpoint, load_suite("smoke"), tmp_path)
    with pytest.raises(OutputInUseError, match="--resume"):
        record(dead_endpoint, load_suite("smoke"), tmp_path)
    record(dead_endpoint, load_suite("smoke"), tmp_path, resume=True)
