from __future__ import annotations

from collections.abc import Callable

import pytest

from datasets.shard_header import WEATHER_FIELDS
from harness.errors import DataError
from harness.scoring.recorded_cells import recorded_cells
from tests.unit.harness.conftest import RecordingMaker


@pytest.fixture
def made(new_recording: Callable[..., RecordingMaker]) -> RecordingMaker:
    return new_recording()


def test_the_shards_of_a_stream_are_one_cell_in_the_order_of_their_frames(made: RecordingMaker) -> None:
    late = made.drive("noon", frames=range(4, 6), sequence=1)
    early = made.drive("noon", frames=range(4), sequence=0)
    (only,) = recorded_cells(made.root, "train", model="net")
    assert only.shards == (early, late)
    assert only.num_frames == 6
    assert (only.scenario, only.town, only.size) == ("noon", "Town10HD", (32, 24))
    assert (only.cell.fov, only.cell.model, only.cell.repeat) == (90.0, "net", 1)


def test_fields_of_view_are_cells_of_their_own_and_0_where_they_are_not_recorded(made: RecordingMaker) -> None:
    made.drive("noon", camera={"name": "front", "fov": 60.5})
    made.drive("noon", camera={"name": "front"})
    made.drive("noon", camera={"name": "front", "fov": "wide"})
    cells = recorded_cells(made.root, "train", model="net")
    assert [(each.cell.scenario, each.cell.fov) for each in cells] == [("noon", 60.5), ("noon", 0.0)]
    assert [len(each.shards) for each in cells] == [1, 2]


def test_cameras_of_one_scenario_are_cells_of_their_own(made: RecordingMaker) -> None:
    for camera in ("front", "left"):
        made.drive("noon", camera=camera)
    made.drive("dusk", camera="front")
    cells = recorded_cells(made.root, "train", model="net")
    assert [each.cell.scenario for each in cells] == ["noon@front", "noon@left", "dusk"]
    assert [each.scenario for each in cells] == ["noon", "noon", "dusk"]


def test_a_weather_that_changes_or_is_not_all_there_has_its_recorded_name(made: RecordingMaker) -> None:
    fog_rolls_in = [{"at_s": at_s, **dict.fromkeys(WEATHER_FIELDS, at_s)} for at_s in (0.0, 9.0)]
    made.drive("a", weather="fog rolls in", weather_timeline=fog_rolls_in)
    made.drive("b", weather="drizzle")
    made.drive("c", weather="")
    assert [each.cell.weather for each in recorded_cells(made.root, "train", model="net")] == [
        "fog rolls in",
        "drizzle",
        "unknown",
    ]


def test_a_split_or_all_of_them(made: RecordingMaker) -> None:
    for scenario, split in (("a", "train"), ("b", "test"), ("c", "val")):
        made.drive(scenario, split=split)
    assert [each.scenario for each in recorded_cells(made.root, "test", model="net")] == ["b"]
    assert [each.scenario for each in recorded_cells(made.root, "all", model="net")] == ["a", "b", "c"]


def test_a_split_without_frames_is_an_error_that_names_those_there(made: RecordingMaker) -> None:
    made.drive("a", split="train")
    made.drive("b", split="val")
    with pytest.raises(DataError, match=r"no frames of split 'test' \(it has: train, val\)"):
        recorded_cells(made.root, "test", model="net")


def test_an_empty_recording_is_an_error_too(made: RecordingMaker) -> None:
    with pytest.raises(DataError, match=r"it has: none"):
        recorded_cells(made.root, "all", model="net")
