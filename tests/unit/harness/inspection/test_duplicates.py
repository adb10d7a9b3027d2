from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.inspection.duplicates import find_duplicates, find_pairings
from harness.streams import read_streams


def test_a_recording_of_different_pictures_repeats_nothing(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", seed=1)
    made.drive("two", seed=2, split="test")
    found = find_duplicates(read_streams(made.recording))
    assert (found.rgb, found.rgb_and_tags, found.across_streams, found.is_leaking) == (0, 0, 0, False)
    assert found.examples == found.tags_examples == ()


def test_paired_weathers_repeat_nothing_and_are_recognised(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("city", frames=range(6))
    made.drive("city", frames=range(5), weather="DenseFog", gain=0.5)
    streams = read_streams(made.recording)
    found = find_duplicates(streams)
    assert (found.rgb, found.leaked_tags, found.is_leaking) == (0, 0, False)
    (pairing,) = find_pairings(streams)
    assert (pairing.weathers, pairing.frames, pairing.equal_tags) == (("ClearNoon", "DenseFog"), 5, 5)


def test_weathers_of_different_scenes_are_told(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("city", seed=1)
    made.drive("city", seed=2, weather="DenseFog")
    (pairing,) = find_pairings(read_streams(made.recording))
    assert (pairing.frames, pairing.equal_tags) == (6, 0)


def test_a_waiting_car_repeats_within_its_stream(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    first = made.sample(0)
    made.add([replace(first, frame=frame, timestamp_s=0.05 * frame) for frame in range(4)])
    found = find_duplicates(read_streams(made.recording))
    assert (found.rgb, found.rgb_and_tags, found.within_streams, found.across_streams) == (3, 3, 3, 0)
    assert not found.is_leaking
    assert [place.frame for place in found.examples[0]] == [0, 1]


def test_frames_of_one_class_alone_are_no_leak(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    for seed, split in enumerate(("train", "test")):
        frames = [made.sample(frame, seed=seed) for frame in range(2)]
        made.add([replace(frames[0], tags=np.zeros_like(frames[0].tags)), frames[1]], scenario=split, split=split)
    found = find_duplicates(read_streams(made.recording))
    assert (found.leaked_tags, found.tags_examples, found.is_leaking) == (0, (), False)


def test_a_drive_in_two_splits_is_a_leak(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", frames=range(6), seed=1)
    made.drive("copy", frames=range(2, 5), seed=1, split="test")
    found = find_duplicates(read_streams(made.recording))
    assert (found.rgb, found.within_streams, found.across_streams) == (3, 0, 3)
    assert (found.leaked_rgb, found.leaked_tags, found.is_leaking) == (6, 6, True)
    assert {place.split for place in found.examples[0]} == {"train", "test"}


def test_the_same_drive_in_other_weather_leaks_by_its_tags(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", frames=range(4), seed=1)
    made.drive("again", frames=range(4), seed=1, gain=0.5, weather="DenseFog", split="test")
    found = find_duplicates(read_streams(made.recording))
    assert (found.rgb, found.leaked_rgb, found.leaked_tags) == (0, 0, 8)
    assert len(found.tags_examples) == 4


def test_an_example_of_a_leak_names_both_splits_however_many_frames_lie_between(
    new_recording: Callable[..., Any],
) -> None:
    made = new_recording()
    first = made.sample(0)
    still = [replace(first, frame=frame, timestamp_s=0.05 * frame) for frame in range(5)]
    made.add(still, scenario="wait")
    made.add(still[:1], scenario="elsewhere", split="val")
    found = find_duplicates(read_streams(made.recording))
    assert [place.scenario for place in found.examples[0]] == ["wait", "elsewhere"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["train", "test"]), st.lists(st.integers(0, 3), min_size=1, max_size=6)),
        min_size=1,
        max_size=4,
    )
)
def test_counts_are_those_of_comparing_everything(
    new_recording: Callable[..., Any], drives: list[tuple[str, list[int]]]
) -> None:
    made = new_recording()
    for number, (split, pictures) in enumerate(drives):
        samples = [
            replace(made.sample(picture), frame=frame, timestamp_s=float(frame))
            for frame, picture in enumerate(pictures)
        ]
        made.add(samples, scenario=f"s{number}", split=split)
    found = find_duplicates(read_streams(made.recording))
    all_pictures = [picture for _, pictures in drives for picture in pictures]
    splits: dict[int, set[str]] = {}
    for split, pictures in drives:
        for picture in pictures:
            splits.setdefault(picture, set()).add(split)
    assert found.rgb == len(all_pictures) - len(set(all_pictures))
    assert found.within_streams == sum(len(pictures) - len(set(pictures)) for _, pictures in drives)
    assert found.leaked_rgb == sum(count for each, count in Counter(all_pictures).items() if len(splits[each]) > 1)
