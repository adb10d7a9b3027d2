from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.carla_client.endpoint import Endpoint
from harness.errors import UsageError
from harness.recording.plan import (
    RecordingOptions,
    adapted,
    check_weathers,
    differing_keys,
    header_of,
    planned_streams,
    planned_weathers,
)
from harness.recording.recorder import check_names
from sim_scenarios.errors import ScenarioError
from sim_scenarios.load import load_suite
from sim_scenarios.rig import parse_cameras
from sim_scenarios.scenario import Scenario, Suite
from sim_scenarios.weather import PRESETS
from sim_scenarios.weather_grid import parse_weather_grid
from sim_scenarios.weather_timeline import WeatherTimeline

MakeScenario = Callable[..., Scenario]
ENDPOINT = Endpoint(host="127.0.0.1", port=1, version="0.9.16", embedded=True)


def timelines(text: str) -> tuple[WeatherTimeline, ...]:
    return tuple(parse_weather_grid(text).timelines.values())


def header(scenario: Scenario, weather: str = "ClearNoon", **changes: object):  # type: ignore[no-untyped-def]
    (stream,) = planned_streams(scenario, timelines(weather)[0], is_replayed=True)
    facts = {"options": RecordingOptions(), "drive_sha256": "ab", "endpoint": ENDPOINT} | changes
    return stream.header(suite=Suite(name="tiny", scenarios=(scenario,)), **facts)


@pytest.mark.parametrize(
    ("cameras", "is_replayed", "options", "names"),
    [
        (("front",), False, RecordingOptions(), ["one"]),
        (("front",), True, RecordingOptions(), ["one.DenseFog"]),
        (("front", "rear"), False, RecordingOptions(), ["one.front", "one.rear"]),
        (
            ("front", "rear"),
            True,
            RecordingOptions(shard_frames=9),
            ["one.DenseFog.front.002", "one.DenseFog.rear.002"],
        ),
    ],
)
def test_names_hold_what_tells_shards_apart_and_no_more(
    make_scenario: MakeScenario,
    cameras: tuple[str, ...],
    is_replayed: bool,
    options: RecordingOptions,
    names: list[str],
) -> None:
    streams = planned_streams(
        make_scenario(cameras=cameras), WeatherTimeline.constant(PRESETS["DenseFog"]), is_replayed=is_replayed
    )
    assert [stream.shard_name(2, options) for stream in streams] == names


def test_the_header_says_what_was_recorded_and_how(make_scenario: MakeScenario) -> None:
    scenario = make_scenario(cameras=("front",), seed=5)
    made = header(scenario, options=RecordingOptions(compression="jpeg", jpeg_quality=80, min_motion_m=0.5))
    assert (made.scenario, made.split, made.seed, made.town) == ("one", "train", 5, "Town10HD")
    assert made.weather["name"] == "ClearNoon"
    assert made.weather_timeline == []
    assert made.camera == scenario.cameras[0].model_dump() | {"planes": ""}
    assert made.extra["definition"] == scenario.definition
    assert made.extra["recording"] == {
        "compression": "jpeg",
        "jpeg_quality": 80,
        "shard_frames": 0,
        "min_motion_m": 0.5,
        "is_replayed": True,
    }
    assert made.extra["drive_sha256"] == "ab"
    json.loads(made.to_json())


def test_chosen_ticks_are_known_by_a_digest_and_all_of_them_by_none(make_scenario: MakeScenario) -> None:
    def facts(*ticks: int) -> dict[str, Any]:
        made = header(make_scenario(), options=RecordingOptions(ticks=ticks))
        recording: dict[str, Any] = made.extra["recording"]
        made.to_json()
        return recording

    assert "ticks_sha256" not in facts()
    assert len({facts(*ticks)["ticks_sha256"] for ticks in ((1,), (1, 2), (12,), tuple(range(50_000)))}) == 4
    assert facts(1, 2) == facts(1, 2)


def test_weather_that_changes_is_in_the_header_with_times(make_scenario: MakeScenario) -> None:
    made = header(make_scenario(duration_s=3.0), "ClearNoon->DenseFog")
    assert made.weather["name"] == "ClearNoon->DenseFog"
    assert [key["at_s"] for key in made.weather_timeline] == [0.0, 3.0]
    assert made.weather_timeline[1]["fog_density"] == PRESETS["DenseFog"].fog_density
    assert {key: made.weather[key] for key in PRESETS["ClearNoon"].model_dump()} == PRESETS["ClearNoon"].model_dump()


def test_a_scenario_of_changing_weather_needs_no_other(make_scenario: MakeScenario) -> None:
    (weather,) = planned_weathers(make_scenario(weather_timeline="ClearNoon->DenseFog"), ())
    assert weather.name == "ClearNoon->DenseFog"


def test_headers_differ_in_what_was_done_otherwise_and_not_in_number_or_drive(make_scenario: MakeScenario) -> None:
    made = header(make_scenario())
    assert differing_keys(header_of(made, 7), header(make_scenario(), drive_sha256="cd")) == []
    assert differing_keys(made, header(make_scenario(seed=3))) == ["extra.definition.seed", "seed"]
    assert differing_keys(made, header(make_scenario(), options=RecordingOptions(shard_frames=3))) == [
        "extra.recording.shard_frames"
    ]


def test_two_notations_of_one_weather_are_one_too_many() -> None:
    with pytest.raises(UsageError, match="both ClearNoon"):
        check_weathers(timelines("ClearNoon,ClearNoon:fog_density=2"))


def test_two_streams_of_one_name_are_refused(make_scenario: MakeScenario) -> None:
    scenarios = [make_scenario("a", cameras=("b", "c")), make_scenario("A.b")]
    with pytest.raises(UsageError, match=r"'a' and 'A\.b' would both be written as 'A\.b'"):
        check_names(scenarios, ())
    check_names(scenarios, timelines("ClearNoon"))


def test_options_take_the_place_of_definitions() -> None:
    suite = adapted(
        load_suite("smoke"),
        named=parse_cameras("front,rear"),
        sizes=[(160, 90)],
        fovs=[60.0, 90.0],
        planes=["depth"],
        every=7,
    )
    for scenario in suite.scenarios:
        assert [camera.name for camera in scenario.cameras] == [
            "front_fov60",
            "front_fov90",
            "rear_fov60",
            "rear_fov90",
        ]
        assert {(camera.size, camera.planes) for camera in scenario.cameras} == {((160, 90), ("depth",))}
        assert scenario.record_every_n == 7
    assert adapted(load_suite("smoke")) == load_suite("smoke")


def test_named_cameras_take_the_suites_pictures_and_those_of_a_rig_their_own() -> None:
    suite, rear = load_suite("smoke"), parse_cameras("rear")
    assert {camera.size for each in adapted(suite, named=rear).scenarios for camera in each.cameras} == {(320, 180)}
    assert {camera.size for each in adapted(suite, rig=rear).scenarios for camera in each.cameras} == {(640, 360)}


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ScenarioError):
        adapted(load_suite("smoke"), fovs=[500.0])
    with pytest.raises(UsageError, match="below 0"):
        RecordingOptions(min_motion_m=-1.0)
