"""What a run tells when the server is lost, and what it is sure of before it goes on; no server is needed for that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.carla_client.endpoint import Endpoint
from harness.errors import DataError, OutputInUseError, ServerLostError
from harness.recording.rows import RecordRow
from harness.replaying.drives import LoggedDrive, load_drives
from harness.replaying.replay import OutputKind, replay_drives, rows_not_ended
from harness.run_dir import prepare_output
from sim_scenarios.weather_grid import parse_weather_grid

NOBODY = Endpoint(host="127.0.0.1", port=1, version="0.9.16", embedded=True)
WEATHERS = tuple(parse_weather_grid("ClearNoon,DenseFog").timelines.values())


@pytest.fixture
def drives(save_log: Callable[..., Path]) -> list[LoggedDrive]:
    """Two, in two weathers each."""
    return [
        replace(drive, weathers=WEATHERS)
        for name in ("one", "two")
        for drive in load_drives(save_log(f"{name}.npz", name=name))
    ]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return prepare_output(tmp_path / "out")


@pytest.mark.parametrize("kind", ["frames", "video", "shards"])
def test_a_lost_server_ends_the_run_and_every_pass_has_a_row(
    drives: list[LoggedDrive], kind: OutputKind, out: Path
) -> None:
    told: list[RecordRow] = []
    summary = replay_drives(NOBODY, drives, out, kind=kind, on_row=told.append)
    assert isinstance(summary.ended_by, ServerLostError)
    assert [(row.scenario, row.weather, row.status) for row in summary.rows] == [
        ("one", "ClearNoon", "failed"),
        ("one", "DenseFog", "not run"),
        ("two", "ClearNoon", "not run"),
        ("two", "DenseFog", "not run"),
    ]
    assert summary.rows[0].note.startswith("the server at 127.0.0.1:1 was lost")
    assert told == list(summary.rows[: len(told)])


def test_what_had_ended_before_stays_as_it_was(drives: list[LoggedDrive]) -> None:
    ended = [RecordRow(scenario="one", weather=each.name, split="test", status="done", frames=4) for each in WEATHERS]
    rows = rows_not_ended(ServerLostError("it is gone"), drives, ended)
    assert [(row.scenario, row.status, row.note) for row in rows] == [
        ("two", "failed", "it is gone"),
        ("two", "not run", ""),
    ]


@pytest.mark.parametrize("kind", ["frames", "video"])
def test_a_folder_that_was_begun_in_another_way_is_refused(
    drives: list[LoggedDrive], kind: OutputKind, out: Path
) -> None:
    replay_drives(NOBODY, drives, out, kind=kind)
    replay_drives(NOBODY, drives, out, kind=kind)
    fewer = [replace(drives[0], weathers=WEATHERS[:1]), drives[1]]
    with pytest.raises(OutputInUseError, match=r"drives\.one\.weathers\.DenseFog"):
        replay_drives(NOBODY, fewer, out, kind=kind)
    log = drives[1].log
    other = [drives[0], replace(drives[1], log=replace(log, transforms=log.transforms + 1))]
    with pytest.raises(OutputInUseError, match=r"drives\.two\.sha256"):
        replay_drives(NOBODY, other, out, kind=kind)
    (out / "replay.json").write_text("{")
    with pytest.raises(DataError, match="--overwrite"):
        replay_drives(NOBODY, drives, out, kind=kind)


def test_a_recording_of_another_drive_is_refused(drives: list[LoggedDrive], out: Path) -> None:
    replay_drives(NOBODY, drives, out, kind="shards")
    log = drives[0].log
    other = [replace(drives[0], log=replace(log, transforms=log.transforms + 1))]
    with pytest.raises(OutputInUseError, match="another drive"):
        replay_drives(NOBODY, other, out, kind="shards")


@pytest.mark.parametrize(
    ("name", "content", "kind", "error", "said"),
    [
        ("manifest.json", "{}", "frames", OutputInUseError, "no replay.json but holds manifest.json"),
        ("score.json", "{}", "video", OutputInUseError, "no replay.json but holds score.json"),
        ("replay.json", "{}", "shards", OutputInUseError, "frames or videos of a replay"),
        ("replay.json", "{}", "frames", OutputInUseError, "begun in another way: .*write"),
        ("replay.json", "[]", "frames", DataError, "cannot be read"),
        ("replay.json", "{", "video", DataError, "cannot be read"),
    ],
)
def test_a_folder_of_something_else_is_left_as_it_is(
    tmp_path: Path, name: str, content: str, kind: OutputKind, error: type[Exception], said: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(error, match=said):
        replay_drives(NOBODY, (), tmp_path, kind=kind)
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == content
