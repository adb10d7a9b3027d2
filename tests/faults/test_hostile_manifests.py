"""Manifests made to harm: refused with a reason, at once, and nothing outside the folder is touched."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datasets.errors import ShardError
from datasets.manifest import MANIFEST_NAME
from datasets.recording_dir import RecordingDir
from datasets.verification import verify
from tests.faults.drive import record

Build = Callable[[Path], None]


def _entry(**changes: Any) -> Build:
    """The first shard's entry changed."""

    def build(path: Path) -> None:
        content = json.loads(path.read_text())
        content["shards"][0].update(changes)
        path.write_text(json.dumps(content))

    return build


def _text(old: str, new: str) -> Build:
    def build(path: Path) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return build


def _whole(text: str) -> Build:
    return lambda path: path.write_text(text) and None


def _elsewhere(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to("/etc/passwd")


def _linked_shard(path: Path) -> None:
    shard = path.parent / "shards" / "drive.000.h5"
    target = path.parent.parent / "stolen.h5"
    shard.rename(target)
    shard.symlink_to(target)


MANIFESTS: dict[str, Build] = {
    "the passwords": _entry(file="/etc/passwd"),
    "a climb": _entry(file="shards/../../../etc/passwd"),
    "a climb that ends well": _entry(file="shards/../shards/drive.000.h5"),
    "a folder in the folder": _entry(file="shards/a/b.h5"),
    "another folder": _entry(file="drives/drive.000.h5"),
    "a file URL": _entry(file="file:///etc/passwd"),
    "a NUL": _entry(file="shards/a\0.h5"),
    "a line feed": _entry(file="shards/a\n.h5"),
    "an option": _entry(file="shards/-rf.h5"),
    "a part": _entry(file="shards/drive.000.h5.part"),
    "a list as file": _entry(file=["shards/drive.000.h5"]),
    "frames below zero": _entry(num_frames=-1),
    "frames as a truth": _entry(num_frames=True),
    "frames as a fraction": _entry(num_frames=3.0),
    "sequence below zero": _entry(sequence=-1),
    "end as a number": _entry(is_last=1),
    "statistics as a list": _entry(statistics=[1]),
    "an unknown split": _entry(split="all"),
    "an unknown key": _entry(script="rm"),
    "a shard twice": _entry(file="shards/drive.001.h5"),
    "a key twice": _text('"sequence": 0', '"sequence": 0, "sequence": 0'),
    "NaN": _text('"sequence": 0', '"sequence": NaN'),
    "an endless number": _text('"num_frames": 2', '"num_frames": ' + "9" * 100_000),
    "half a character": _text('"scenario": "drive"', '"scenario": "\\ud800"'),
    "nested": _whole("[" * 200_000),
    "a list": _whole("[]"),
    "no JSON": _whole("{"),
    "nothing": _whole(""),
    "of another program": _text("carla-loop-harness/recording", "x"),
    "of another version": _text('"format_version": 2', '"format_version": 3'),
    "70 MB": _whole(" " * (70 << 20)),
    "a link": _elsewhere,
    "a shard that is a link": _linked_shard,
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Makes a copy of a recording of two shards."""
    original = tmp_path_factory.mktemp("recorded") / "a"
    record(original)
    return lambda to: Path(shutil.copytree(original, to))


@pytest.mark.parametrize("name", MANIFESTS)
def test_refused(recorded: Callable[[Path], Path], tmp_path: Path, name: str) -> None:
    root = recorded(tmp_path / "a")
    MANIFESTS[name](root / MANIFEST_NAME)
    started = time.perf_counter()
    with pytest.raises(ShardError, match="manifest") as caught:
        RecordingDir.open(root)
    assert len(str(caught.value)) < 2000
    verdict = verify(root)
    assert not verdict.is_whole
    assert time.perf_counter() - started < 5
