from __future__ import annotations

import socket
from pathlib import Path

import pytest

from datasets.errors import DiskError
from datasets.recording_dir import RecordingDir
from harness.carla_client.endpoint import Endpoint
from harness.errors import OutputInUseError, ServerLostError, UsageError
from harness.recording.recorder import record, rows_after
from harness.recording.rows import RecordRow
from sim_scenarios.load import load_suite
from sim_scenarios.weather_grid import parse_weather_grid


@pytest.fixture
def dead_endpoint() -> Endpoint:
    """A server that answered once and is gone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return Endpoint(host="127.0.0.1", port=port, version="0.9.16", embedded=False)


def test_a_lost_server_ends_the_recording_and_every_scenario_has_its_row(
    dead_endpoint: Endpoint, tmp_path: Path
) -> None:
    told: list[RecordRow] = []
    summary = record(dead_endpoint, load_suite("smoke"), tmp_path / "out", on_row=told.append)
    assert isinstance(summary.ended_by, ServerLostError)
    assert [(row.scenario, row.weather, row.status, row.frames) for row in summary.rows] == [
        ("smoke-train", "ClearNoon", "failed", 0),
        ("smoke-test", "ClearNoon", "not run", 0),
    ]
    assert str(dead_endpoint.port) in summary.rows[0].note
    assert RecordingDir.open(tmp_path / "out").shards() == ()
    assert told == [summary.rows[0]]


def test_every_weather_has_its_row(dead_endpoint: Endpoint, tmp_path: Path) -> None:
    weathers = tuple(parse_weather_grid("WetNoon,ClearNoon->DenseFog").timelines.values())
    summary = record(dead_endpoint, load_suite("smoke"), tmp_path, weathers=weathers, splits=("test",))
    assert [(row.scenario, row.weather, row.status) for row in summary.rows] == [
        ("smoke-test", "WetNoon", "failed"),
        ("smoke-test", "ClearNoon->DenseFog", "not run"),
    ]


def test_only_the_splits_asked_for(dead_endpoint: Endpoint, tmp_path: Path) -> None:
    summary = record(dead_endpoint, load_suite("smoke"), tmp_path, splits=("test",))
    assert [row.scenario for row in summary.rows] == ["smoke-test"]


def test_a_folder_with_a_recording_needs_resume(dead_endpoint: Endpoint, tmp_path: Path) -> None:
    record(dead_endpoint, load_suite("smoke"), tmp_path)
    with pytest.raises(OutputInUseError, match="--resume"):
        record(dead_endpoint, load_suite("smoke"), tmp_path)
    record(dead_endpoint, load_suite("smoke"), tmp_path, resume=True)


def test_a_plan_that_cannot_be_is_refused_before_a_folder_is_made(dead_endpoint: Endpoint, tmp_path: Path) -> None:
    weathers = tuple(parse_weather_grid("ClearNoon,ClearNoon:fog_density=2").timelines.values())
    with pytest.raises(UsageError):
        record(dead_endpoint, load_suite("smoke"), tmp_path / "out", weathers=weathers)
    assert not (tmp_path / "out").exists()


def test_what_ended_keeps_its_row_and_the_next_one_has_the_reason() -> None:
    scenarios = load_suite("smoke").scenarios
    ended = [RecordRow(scenario="smoke-train", weather="ClearNoon", split="train", status="done", frames=3)]
    (row,) = rows_after(ServerLostError("it is gone"), scenarios, (), ended)
    assert (row.scenario, row.status, row.note) == ("smoke-test", "failed", "it is gone")
    told = [RecordRow(scenario="smoke-train", weather="ClearNoon", split="train", status="failed", note="it is gone")]
    (row,) = rows_after(ServerLostError("it is gone"), scenarios, (), told)
    assert (row.scenario, row.status, row.note) == ("smoke-test", "not run", "")


def test_a_folder_that_cannot_be_locked_is_told(dead_endpoint: Endpoint, tmp_path: Path) -> None:
    record(dead_endpoint, load_suite("smoke"), tmp_path)
    (tmp_path / ".lock").unlink()
    (tmp_path / ".lock").mkdir()
    with pytest.raises(DiskError, match="cannot be recorded into"):
        record(dead_endpoint, load_suite("smoke"), tmp_path, resume=True)
