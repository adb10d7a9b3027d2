"""Scenarios stay whole, whatever the recording looks like."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import ShardError
from datasets.recording_dir import ShardEntry
from datasets.splits import split_by_scenario

THREE = {"train": 0.7, "val": 0.1, "test": 0.2}


def entry(scenario: str, frames: int = 100, *, weather: str = "ClearNoon", sequence: int = 0) -> ShardEntry:
    return ShardEntry(
        path=Path(f"shards/{scenario}.{weather}.{sequence:03}.h5"),
        scenario=scenario,
        split="train",
        num_frames=frames,
        header_digest="",
        weather=weather,
        sequence=sequence,
    )


recordings = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4), st.lists(st.integers(1, 500), min_size=1, max_size=3), min_size=3
).map(
    lambda lengths: [
        entry(name, frames, weather=f"w{number}")
        for name, many in lengths.items()
        for number, frames in enumerate(many)
    ]
)


@given(recordings, st.integers(0, 10), st.randoms())
def test_every_scenario_is_in_one_split_as_a_whole(
    entries: list[ShardEntry], seed: int, shuffler: random.Random
) -> None:
    splits = split_by_scenario(entries, THREE, seed=seed)
    assert sorted(e.path for part in splits.values() for e in part) == sorted(e.path for e in entries)
    scenarios = [{e.scenario for e in part} for part in splits.values()]
    assert all(scenarios)
    assert sum(map(len, scenarios)) == len(set().union(*scenarios))
    shuffled = shuffler.sample(entries, len(entries))
    again = split_by_scenario(shuffled, THREE, seed=seed)
    assert {name: {e.path for e in part} for name, part in splits.items()} == {
        name: {e.path for e in part} for name, part in again.items()
    }


def test_shares_are_those_asked_for_as_near_as_scenarios_allow() -> None:
    entries = [entry(f"s{number}", 50 + number % 7 * 20) for number in range(40)]
    splits = split_by_scenario(entries, THREE, seed=0)
    total = sum(e.num_frames for e in entries)
    for name, share in THREE.items():
        assert sum(e.num_frames for e in splits[name]) / total == pytest.approx(share, abs=170 / total)


def test_the_seed_decides() -> None:
    entries = [entry(f"s{number}") for number in range(20)]
    first, second = (split_by_scenario(entries, THREE, seed=seed) for seed in (0, 1))
    assert first["test"] != second["test"]


@pytest.mark.parametrize("fractions", [{}, {"train": 0.5}, {"train": 1.2, "test": -0.2}, {"a": 1.0, "b": 0.0}])
def test_fractions_that_cannot_be_meant(fractions: dict[str, float]) -> None:
    with pytest.raises(ShardError, match="expected shares above 0 that add up to 1"):
        split_by_scenario([entry("a"), entry("b")], fractions, seed=0)


def test_fewer_scenarios_than_splits() -> None:
    entries = [entry("a"), entry("a", weather="DenseFog"), entry("b", sequence=1)]
    with pytest.raises(ShardError, match="2 scenarios cannot make 3 splits"):
        split_by_scenario(entries, THREE, seed=0)
