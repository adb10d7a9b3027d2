from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import DiskError, ShardError
from datasets.manifest import MANIFEST_NAME, ShardEntry, read_manifest, write_manifest

_NAMES = st.text("abcXYZ019_", min_size=1, max_size=9)


def _entry(root: Path, name: str = "noon_01", **changes: Any) -> ShardEntry:
    facts: dict[str, Any] = {
        "path": root / "shards" / f"{name}.h5",
        "scenario": name,
        "split": "train",
        "num_frames": 4,
        "header_digest": "ab" * 32,
        "weather": "ClearNoon",
        "camera": "front",
        "sequence": 2,
        "is_last": False,
        "index_digest": "cd" * 32,
        "statistics": {"frames": 4, "mean": [0.5, 0.25]},
    }
    return ShardEntry(**{**facts, **changes})


def _write(root: Path, content: object) -> None:
    (root / MANIFEST_NAME).write_text(json.dumps(content))


@settings(deadline=None, max_examples=30)
@given(
    names=st.lists(_NAMES, unique=True, max_size=4),
    split=st.sampled_from(["train", "val", "test"]),
    sequence=st.integers(0, 999_999),
    is_last=st.booleans(),
    statistics=st.none() | st.dictionaries(st.text("ab", max_size=3), st.floats(allow_nan=False, allow_infinity=False)),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], statistics: dict[str, float] | None, **facts: Any
) -> None:
    root = tmp_path_factory.mktemp("recording")
    entries = tuple(_entry(root, name, statistics=statistics, **facts) for name in names)
    write_manifest(root, entries)
    assert read_manifest(root) == entries


def test_files_need_not_be_there(tmp_path: Path) -> None:
    write_manifest(tmp_path, [_entry(tmp_path)])
    assert read_manifest(tmp_path) == (_entry(tmp_path),)


def test_version_1_is_read_and_written_as_version_2(tmp_path: Path) -> None:
    old = {"file": "shards/a.h5", "scenario": "a", "split": "val", "num_frames": 7, "header_sha256": "00" * 32}
    _write(tmp_path, {"format": "carla-loop-harness/recording", "format_version": 1, "shards": [old]})
    (entry,) = read_manifest(tmp_path)
    assert (entry.scenario, entry.num_frames, entry.header_digest) == ("a", 7, "00" * 32)
    assert (entry.weather, entry.camera, entry.sequence, entry.is_last) == ("", "", 0, True)
    assert (entry.index_digest, entry.statistics) == ("", None)
    write_manifest(tmp_path, [entry])
    assert json.loads((tmp_path / MANIFEST_NAME).read_text())["format_version"] == 2
    assert read_manifest(tmp_path) == (entry,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda entry: entry.update(weather="a/b"), "expected no separators"),
        (lambda entry: entry.update(camera=".."), "expected no separators"),
        (lambda entry: entry.update(scenario="x\n"), "expected no separators"),
        (lambda entry: entry.update(num_frames=0), "impossible numbers"),
        (lambda entry: entry.update(sequence=-1), "impossible numbers"),
        (lambda entry: entry.update(sequence=10**30), "impossible numbers"),
        (lambda entry: entry.update(is_last=1), "is not of the form"),
        (lambda entry: entry.update(statistics=[]), "is not of the form"),
        (lambda entry: entry.update(sequence=True), "is not of the form"),
        (lambda entry: entry.pop("camera"), "is not of the form"),
        (lambda entry: entry.update(more=1), "is not of the form"),
    ],
)
def test_other_entries_are_refused(tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str) -> None:
    write_manifest(tmp_path, [_entry(tmp_path)])
    content = json.loads((tmp_path / MANIFEST_NAME).read_text())
    change(content["shards"][0])
    _write(tmp_path, content)
    with pytest.raises(ShardError, match=message):
        read_manifest(tmp_path)


def test_statistics_that_are_no_json(tmp_path: Path) -> None:
    write_manifest(tmp_path, [])
    for statistics in ({"mean": float("nan")}, {"ids": {1, 2}}):
        with pytest.raises(ShardError, match="not JSON"):
            write_manifest(tmp_path, [_entry(tmp_path, statistics=statistics)])
    assert read_manifest(tmp_path) == ()


def test_a_full_disk_leaves_the_old_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_manifest(tmp_path, [_entry(tmp_path)])

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(DiskError, match="the old one is intact"):
        write_manifest(tmp_path, [])
    assert read_manifest(tmp_path) == (_entry(tmp_path),)
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST_NAME]
