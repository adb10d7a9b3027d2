from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import ShardError
from datasets.omissions import Omission, OmissionLog, load_omissions


def omission(frame: int = 0, *, camera: str = "front", detail: str = "missing: rgb") -> Omission:
    return Omission(scenario="one", weather="ClearNoon", camera=camera, frame=frame, kind="gap", detail=detail)


def test_what_is_appended_is_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "gaps.jsonl"
    assert load_omissions(path) == ()
    log = OmissionLog(path, is_durable=True)
    assert not path.exists()
    written = [omission(frame, detail="über\nzwei Zeilen") for frame in (4, 2, 9)]
    for each in written:
        log.append(each)
    assert load_omissions(path) == tuple(written)
    assert OmissionLog(path).select("one", "ClearNoon", "front") == tuple(written)
    assert OmissionLog(path).select("one", "ClearNoon") == tuple(written)
    assert OmissionLog(path).select("one", "DenseFog") == OmissionLog(path).select("one", "ClearNoon", "rear") == ()


@given(cut=st.integers(0, 400))
def test_a_torn_line_is_void_and_the_next_one_is_whole(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "gaps.jsonl"
    log = OmissionLog(path)
    for frame in range(3):
        log.append(omission(frame))
    content = path.read_bytes()[:cut]
    path.write_bytes(content)
    whole = [omission(frame) for frame in range(content.count(b"\n"))]
    assert load_omissions(path) == tuple(whole)
    OmissionLog(path).append(omission(7))
    OmissionLog(path).append(omission(8))
    assert load_omissions(path) == (*whole, omission(7), omission(8))


@pytest.mark.parametrize(
    "line",
    [
        *("", "[]", "{}", "null", '{"frame": 1}', "\x00", '{"scenario": 1, "weather": 1, "camera": 1, "frame": 1}'),
        "[" * 9_000,
        "[" * 30_000,
    ],
    ids=lambda line: line[:40],
)
def test_lines_of_another_kind_are_left_out(tmp_path: Path, line: str) -> None:
    path = tmp_path / "gaps.jsonl"
    OmissionLog(path).append(omission(1))
    with path.open("a") as file:
        file.write(line + "\n")
    OmissionLog(path).append(omission(2))
    assert load_omissions(path) == (omission(1), omission(2))


def test_what_is_forgotten_is_of_one_stream_and_behind_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "gaps.jsonl"
    log = OmissionLog(path)
    for frame in (1, 5, 6):
        log.append(omission(frame))
        log.append(omission(frame, camera="rear"))
    log.forget("one", "ClearNoon", "front", after_frame=5)
    assert [each.frame for each in log.select("one", "ClearNoon", "front")] == [1, 5]
    log.forget("one", "ClearNoon", "rear")
    assert load_omissions(path) == (omission(1), omission(5))
    log.append(omission(6))
    assert load_omissions(path) == (omission(1), omission(5), omission(6))


def test_a_disk_that_fails_is_told(tmp_path: Path) -> None:
    log = OmissionLog(tmp_path / "nowhere" / "gaps.jsonl")
    with pytest.raises(ShardError, match=r"gaps\.jsonl cannot be written"):
        log.append(omission())
