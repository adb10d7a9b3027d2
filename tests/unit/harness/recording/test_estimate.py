from __future__ import annotations

from collections.abc import Callable

import pytest

from datasets.codec import COMPRESSIONS, PLANE_NAMES
from datasets.frame_index import INDEX_DTYPE
from harness.cli import record_options
from harness.recording.estimate import BITS_PER_PIXEL, INDEX_ROW_BYTES, estimate
from harness.recording.plan import RecordingOptions
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather_grid import parse_weather_grid

WEATHERS = tuple(parse_weather_grid("ClearNoon,HardRainNight,ClearNoon->DenseFog").timelines.values())


def test_every_plane_in_every_compression_has_its_figure() -> None:
    assert tuple(BITS_PER_PIXEL) == tuple(COMPRESSIONS) == record_options.COMPRESSIONS
    assert all(tuple(bits) == PLANE_NAMES for bits in BITS_PER_PIXEL.values())
    assert INDEX_DTYPE.itemsize == INDEX_ROW_BYTES


def test_counts_are_those_of_all_weathers_and_cameras(make_scenario: Callable[..., Scenario]) -> None:
    scenario = make_scenario(cameras=("front", "rear"), duration_s=1.05, record_every_n=2)
    (row,) = estimate([scenario], WEATHERS, RecordingOptions(shard_frames=4))
    assert (row.streams, row.frames, row.shards) == (6, 6 * 11, 6 * 3)
    (live,) = estimate([scenario], (), RecordingOptions())
    assert (live.streams, live.frames, live.shards) == (2, 22, 2)
    assert row.num_bytes == 3 * live.num_bytes


def test_bytes_follow_pixels_and_planes(make_scenario: Callable[..., Scenario]) -> None:
    camera = {"name": "front", "width": 640, "height": 360}
    plain, with_depth = (
        estimate([make_scenario(duration_s=1.0).model_validate(facts)], (), RecordingOptions())[0].num_bytes
        for facts in (
            make_scenario().model_dump() | {"cameras": [camera]},
            make_scenario().model_dump() | {"cameras": [camera | {"planes": ["depth"]}]},
        )
    )
    pixels = 640 * 360 * 20
    assert plain == pytest.approx(pixels * (11.5 + 0.29) / 8, rel=0.01)
    assert with_depth - plain == pytest.approx(pixels * 3.93 / 8, rel=0.01)
