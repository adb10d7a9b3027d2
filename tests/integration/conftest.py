"""A tiny suite to record, and what to compare of two recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datasets.recording_dir import RecordingDir
from datasets.shard_reader import ShardReader
from sim_scenarios.scenario import Suite


def _suite_of(*scenarios: dict[str, object]) -> Suite:
    shared = {
        "duration_s": 0.5,
        "record_every_n": 2,
        "warmup_ticks": 3,
        "traffic": {"vehicles": 3, "walkers": 3},
        "cameras": [{"name": "front", "width": 160, "height": 90}],
    }
    return Suite.model_validate({"name": "tiny", "scenarios": [shared | each for each in scenarios]})


def _content_of(folder: Path) -> dict[str, tuple[Any, ...]]:
    content = {}
    for entry in RecordingDir.open(folder).shards():
        with ShardReader(entry.path) as reader:
            for number in range(len(reader)):
                reader[number]  # every pixel is what its hash says
            content[entry.path.name] = (reader.header.to_json(), reader.index.tobytes(), entry.is_last)
    return content


@pytest.fixture(scope="session")
def suite_of() -> Callable[..., Suite]:
    """A suite of scenarios of half a second in 160x90 pixels, each with the keys given."""
    return _suite_of


@pytest.fixture(scope="session")
def content_of() -> Callable[[Path], dict[str, tuple[Any, ...]]]:
    """All there is in a recording, by shard: headers, ids, poses and hashes of pixels, which are read."""
    return _content_of
