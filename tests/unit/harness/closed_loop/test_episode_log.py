from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.closed_loop.episode_log import (
    ENDING_OF,
    KEY_COLUMNS,
    CollisionEvent,
    EpisodeLog,
    LaneInvasionEvent,
    StopLine,
)
from harness.errors import DataError
from tests.unit.harness.closed_loop.made_logs import make_log


def full_log(**changes: Any) -> EpisodeLog:
    """A log in which nothing is empty."""
    return make_log(
        moves=[{"ticks": 30, "speed": 5.0, "turn_deg": 3.0}],
        others=[{"actor": "walker", "start": (9.0, 2.0, 0.0), "from": 5}, {"actor": "box", "start": (30.0, 0.0, 0.0)}],
        collisions=[{"other": "walker.pedestrian.0001", "other_actor": 1, "tick": 9}],
        invasions=[{"tick": 3, "markings": ["Solid", "Broken"]}],
        lights=[[[0, 0], [9, 2]]],
        stop_lines=[{"kind": "light", "x": 20.0, "y": 0.1, "yaw_deg": 0.0, "width_m": 3.5, "light": 0}],
        decisions=[{"tick": 0}, {"tick": 10, "state": 2, "hazard": 4.5}],
        counts=np.arange(18).reshape(2, 3, 3),
        **{"message": "dämmrig", **changes},
    )


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "episode.npz"
    full_log().save(path)
    return path


def assert_same(one: EpisodeLog, other: EpisodeLog) -> None:
    for each in fields(EpisodeLog):
        a, b = getattr(one, each.name), getattr(other, each.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype
            assert a.tobytes() == b.tobytes(), each.name
        else:
            assert a == b, each.name


def test_what_is_loaded_is_what_was_saved(stored: Path) -> None:
    assert_same(EpisodeLog.load(stored), full_log())


def test_a_log_without_events_decisions_and_lights_is_kept_too(tmp_path: Path) -> None:
    log = make_log(moves=[{"ticks": 1, "speed": 0.0}], reason="policy raised")
    log.save(tmp_path / "deep" / "er" / "episode.npz")
    assert_same(EpisodeLog.load(tmp_path / "deep" / "er" / "episode.npz"), log)


def test_the_same_episode_has_the_same_bytes(stored: Path, tmp_path: Path) -> None:
    os.utime(stored, (0, 0))
    full_log().save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == stored.read_bytes()
    EpisodeLog.load(stored).save(tmp_path / "copied.npz")
    assert (tmp_path / "copied.npz").read_bytes() == stored.read_bytes()


def test_another_episode_has_other_bytes(stored: Path, tmp_path: Path) -> None:
    full_log(message="other").save(tmp_path / "other.npz")
    assert (tmp_path / "other.npz").read_bytes() != stored.read_bytes()


def test_saving_replaces_and_leaves_nothing_beside(stored: Path) -> None:
    full_log(message="later").save(stored)
    assert EpisodeLog.load(stored).message == "later"
    assert [path.name for path in stored.parent.iterdir()] == ["episode.npz"]


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist: drive the suite first"):
        EpisodeLog.load(tmp_path / "none.npz")


@settings(max_examples=40, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_that_is_cut_short_is_refused(share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("cut") / "episode.npz"
    full_log().save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match="cannot be read"):
        EpisodeLog.load(path)


@settings(max_examples=60, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing(
    place: float, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("flip") / "episode.npz"
    full_log().save(path)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= flip
    path.write_bytes(content)
    try:
        found = EpisodeLog.load(path)
    except DataError:
        return
    assert_same(found, full_log())  # a time stamp or a flag that nobody reads


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, np.ndarray]], None]) -> None:
    """Store header and arrays anew after a change of them."""
    with np.load(path) as stored:
        arrays = dict(stored)
    header = json.loads(arrays.pop("header").tobytes())
    change(header, arrays)
    buffer = io.BytesIO()
    np.savez(buffer, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)
    path.write_bytes(buffer.getvalue())


def set_header(name: str, value: Any) -> Callable[[dict[str, Any], dict[str, np.ndarray]], None]:
    return lambda header, arrays: header.update({name: value})


def drop(name: str) -> Callable[[dict[str, Any], dict[str, np.ndarray]], None]:
    def change(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        (header if name in header else arrays).pop(name)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_header("format", "a shopping list"), "is not an episode log"),
        (set_header("version", 2), "has version 2, this program reads 1"),
        (set_header("reason", "boredom"), "reason is 'boredom', expected one of goal, collision"),
        (set_header("fixed_delta_seconds", 0), "fixed_delta_seconds is not above 0"),
        (set_header("fixed_delta_seconds", float("nan")), "fixed_delta_seconds is not above 0"),
        (set_header("fixed_delta_seconds", None), "fixed_delta_seconds is None, expected float"),
        (set_header("message", ["no"]), "message is"),
        (set_header("policy", None), "policy is None, expected an object"),
        (set_header("policy", {"road_classes": ["Roads"]}), "are not whole numbers"),
        (set_header("policy", {"line_classes": None}), "damaged header"),
        (set_header("scenario", {"seed": None}), "are not whole numbers"),
        (set_header("actors", []), "actor_transforms is"),
        (set_header("key", {"scenario": "lane"}), "damaged header"),
        (set_header("collisions", [{"tick": 1}]), "damaged header"),
        (lambda header, arrays: header["key"].update(fov="90"), "fov is '90', expected float"),
        (lambda header, arrays: header["key"].update(repeat=1.5), "repeat is 1.5, expected int"),
        (lambda header, arrays: header["key"].update(color="red"), "EpisodeKey has no field color"),
        (lambda header, arrays: header["actors"][0].update(kind="ghost"), "kind is 'ghost', expected one of vehicle"),
        (lambda header, arrays: header["actors"][0].update(center_m=[1.0]), "center_m is"),
        (lambda header, arrays: header["stop_lines"][0].update(x=None), "x is None, expected float"),
        (set_header("stop_lines", 3), "damaged header"),
        (drop("rules"), "damaged header"),
        (drop("velocities"), "cannot be read"),
        (lambda header, arrays: arrays.update(controls=arrays["controls"][:-1]), "controls is float32"),
        (lambda header, arrays: arrays.update(yaw_rates=arrays["yaw_rates"].astype(float)), "yaw_rates is float64"),
        (lambda header, arrays: arrays.update(light_states=np.zeros(30, np.uint8)), "light_states is uint8"),
        (lambda header, arrays: arrays["route_s_m"].fill(0.0), "route_s_m does not rise"),
        (lambda header, arrays: arrays["route_points"].fill(np.nan), "route_points has something else than numbers"),
        (lambda header, arrays: arrays["velocities"].fill(np.inf), "velocities has something else than numbers"),
        (lambda header, arrays: arrays["actor_transforms"][3, 0].fill(np.nan), "the ego's pose has something else"),
    ],
)
def test_each_damage_is_refused_by_name(
    stored: Path, change: Callable[[dict[str, Any], dict[str, np.ndarray]], None], message: str
) -> None:
    rewrite(stored, change)
    with pytest.raises(DataError, match=message):
        EpisodeLog.load(stored)


def test_other_files_are_no_logs(tmp_path: Path) -> None:
    for name, content in {"text": b"hello", "empty": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            EpisodeLog.load(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("header.npy", "no array")
    with pytest.raises(DataError, match="cannot be read"):
        EpisodeLog.load(tmp_path / "zip")
    with pytest.raises(DataError, match="cannot be read"):
        EpisodeLog.load(tmp_path)


def test_pickled_objects_are_refused(stored: Path) -> None:
    rewrite(stored, lambda header, arrays: arrays.update(controls=np.array([{"any": "object"}])))
    with pytest.raises(DataError, match="cannot be read"):
        EpisodeLog.load(stored)


def test_an_archive_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.npy", b"")
        archive.filelist[0].file_size = 2**31 + 1  # only what the directory says is read
    with pytest.raises(DataError, match="unpacks to more than"):
        EpisodeLog.load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"velocities": np.zeros((30, 2), np.float32)}, r"velocities is float32 \(30, 2\), expected <f4 \(30, 3\)"),
        ({"lanes": np.zeros((30, 3), np.int64)}, "lanes is int64"),
        ({"route_yaws_deg": np.zeros(3)}, "route_yaws_deg is"),
        ({"classes": ("one",)}, "counts is"),
        ({"center_lines": np.zeros((2, 5, 2), np.float32)}, "center_lines is"),
        ({"reason": "sleepy"}, "unknown reason 'sleepy'"),
        ({"actors": ()}, "actor_transforms is"),
        ({"decision_ticks": np.array([3, 30], np.int32)}, "something happens at tick 30, it has 30"),
        ({"decision_ticks": np.array([3, 3], np.int32)}, "decision_ticks do not rise"),
        ({"lane_invasions": (LaneInvasionEvent(tick=-1, markings=("Solid",)),)}, "at tick -1"),
        ({"collisions": (CollisionEvent(tick=1, other="x", other_actor=3, impulse=1.0),)}, "it has 3"),
        ({"light_states": np.zeros((30, 0), np.uint8)}, "a stop line of one of lights"),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        replace(full_log(), **changes)


def test_a_log_needs_a_tick_and_a_route() -> None:
    log = make_log(moves=[{"ticks": 1, "speed": 0.0}])
    route = {name: getattr(log, name)[:1] for name in (
        "route_points", "route_yaws_deg", "route_s_m", "route_lane_widths_m", "route_commands", "route_junctions",
    )}  # fmt: skip
    with pytest.raises(DataError, match="without a tick, an ego or a route"):
        replace(log, **route)


def test_each_reason_is_one_kind_of_ending() -> None:
    for reason, ending in ENDING_OF.items():
        assert make_log(moves=[{"ticks": 2, "speed": 1.0}], reason=reason).ending == ending
    assert ENDING_OF["goal"] == "terminated"
    assert ENDING_OF["time limit"] == "truncated"
    assert ENDING_OF["policy hung"] == "aborted"


def test_sizes_and_key() -> None:
    log = full_log()
    assert (log.num_ticks, log.duration_s) == (30, pytest.approx(1.5))
    assert KEY_COLUMNS == ("scenario", "weather", "width", "height", "fov", "policy", "repeat")
    assert isinstance(log.stop_lines[0], StopLine)
