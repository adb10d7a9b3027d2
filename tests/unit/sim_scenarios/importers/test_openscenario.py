from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sim_scenarios.errors import ScenarioError
from sim_scenarios.importers.foreign_file import import_file
from sim_scenarios.importers.imported import Imported, ImportOptions
from sim_scenarios.load import load_suite
from sim_scenarios.scenario import Location, PathPose, Scenario
from sim_scenarios.weather import PRESETS

FILES = Path(__file__).with_name("files")
OVERTAKING = (FILES / "overtaking.xosc").read_text(encoding="utf-8")
TRAJECTORY = (FILES / "trajectory.xosc").read_text(encoding="utf-8")


def read(folder: Path, text: str, **options: float) -> Imported:
    path = folder / "a.xosc"
    path.write_text(text, encoding="utf-8")
    return import_file(path, ImportOptions(**options))


def changed(folder: Path, text: str, old: str, new: str) -> Imported:
    assert old in text
    return read(folder, text.replace(old, new))


@pytest.fixture
def overtaking(tmp_path: Path) -> Scenario:
    return read(tmp_path, OVERTAKING).suite.scenarios[0]


def test_who_is_there_and_where(overtaking: Scenario) -> None:
    assert (overtaking.town, overtaking.split, overtaking.duration_s) == ("Town04", "test", 42.5)
    assert overtaking.ego.blueprint == "vehicle.lincoln.mkz_2020"
    assert overtaking.ego.spawn_point == Location(x=120.5, y=-8.5, z=0.25)
    assert overtaking.ego.route == (Location(x=100, y=-8.5), Location(x=40, y=-8.5))
    assert (overtaking.traffic.vehicles, overtaking.traffic.walkers) == (1, 1)


def test_the_weather(overtaking: Scenario) -> None:
    assert overtaking.weather == PRESETS["ClearNoon"].model_copy(
        update={
            "cloudiness": 100.0,
            "precipitation": 20.0,
            "precipitation_deposits": 20.0,
            "wetness": 20.0,
            "fog_density": 75.0,
            "fog_distance": 0.0,
            "sun_altitude_angle": 30.0,
            "sun_azimuth_angle": 90.0,
        }
    )


def test_everything_else_is_named() -> None:
    prefix = "OpenSCENARIO/Storyboard/"
    environment = f"{prefix}Init/Actions/GlobalAction/EnvironmentAction/Environment/"
    assert import_file(FILES / "overtaking.xosc", ImportOptions()).omissions == (
        "OpenSCENARIO/Entities/ScenarioObject/Vehicle/BoundingBox (line 16)",
        f"{environment}Weather/Sun: intensity (line 39)",
        f"{environment}RoadCondition (line 43)",
        f"{prefix}Init/Actions/Private/PrivateAction/LongitudinalAction/SpeedAction (line 53)",
        f"{prefix}Init/Actions/Private 'adversary' (line 62)",
        f"{prefix}Story/Act/ManeuverGroup/Actors/EntityRef 'adversary' (line 104)",
        f"{prefix}Story/Act/ManeuverGroup/Maneuver 'CutIn' (line 105)",
        "positions and looks of the other vehicles and pedestrians: as many are placed near the ego",
    )


def test_a_trajectory_with_times_becomes_a_path() -> None:
    imported = import_file(FILES / "trajectory.xosc", ImportOptions())
    (scenario,) = imported.suite.scenarios
    # Right-handed there: y, heading and pitch have the other sense here. Times are scaled by 2 and 0.5 s late.
    assert scenario.ego.path == (
        PathPose(at_s=0.5, x=1, y=-2, z=3, pitch=-5.729578, yaw=0, roll=11.459156),
        PathPose(at_s=4.5, x=11, y=-2, z=3, yaw=-28.64789),
        PathPose(at_s=8.5, x=20, y=-7, z=3, yaw=-57.29578),
    )
    assert (scenario.town, scenario.duration_s) == ("Town10HD", 8.5)
    assert (scenario.weather.sun_altitude_angle, scenario.weather.cloudiness) == (-60.0, 25.0)
    assert scenario.weather.precipitation == 20.0
    assert [text.rpartition("/")[2] for text in imported.omissions] == [
        "TimeOfDay: animation (line 19)",
        "Wind (line 22)",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [('<Timing domainAbsoluteRelative="relative" scale="2" offset="0.5"/>', "<None/>"), (' time="', ' x="')],
)
def test_a_trajectory_without_times_becomes_a_route(tmp_path: Path, old: str, new: str) -> None:
    text = TRAJECTORY if "Timing" in old else TRAJECTORY.replace('time="0"', "").replace('time="2"', "")
    text = text if "Timing" in old else text.replace('time="4"', "")
    imported = read(tmp_path, text.replace(old, new))
    ego = imported.suite.scenarios[0].ego
    assert ego.route == tuple(Location(x=x, y=y, z=3) for x, y in ((1, -2), (11, -2), (20, -7)))
    assert "where the ego begins" in imported.omissions[-1]


def test_an_event_that_starts_later_delays_its_path(tmp_path: Path) -> None:
    action = TRAJECTORY[TRAJECTORY.index("<PrivateAction>") : TRAJECTORY.index("</Private>")]
    event = OVERTAKING[OVERTAKING.index("<PrivateAction>", OVERTAKING.index("<Action name")) :]
    event = event[: event.index("</PrivateAction>") + len("</PrivateAction>")]
    text = OVERTAKING.replace(event, action).replace('value="0" rule="greaterThan"', 'value="3" rule="greaterThan"', 1)
    scenario = read(tmp_path, text).suite.scenarios[0]
    assert [pose.at_s for pose in scenario.ego.path] == [3.5, 7.5, 11.5]
    assert scenario.ego.path[0].y == 2.0  # CARLA's own axes in this file


def test_an_event_that_waits_for_something_else_is_named(tmp_path: Path) -> None:
    imported = changed(tmp_path, OVERTAKING, 'value="0" rule="greaterThan"', 'value="0" rule="lessThan"')
    assert imported.suite.scenarios[0].ego.route == ()
    assert any("Event 'GoOn'" in omission for omission in imported.omissions)


def test_other_positions_are_named_not_guessed(tmp_path: Path) -> None:
    lane = '<LanePosition roadId="1" laneId="-1" s="3"/>'
    imported = changed(
        tmp_path, OVERTAKING, '<WorldPosition x="$startX" y="-8.5" z="0.25" h="3.141592653589793"/>', lane
    )
    assert imported.suite.scenarios[0].ego.spawn_point == 0
    assert any("TeleportAction/Position/LanePosition" in omission for omission in imported.omissions)
    assert any("where the ego begins" in omission for omission in imported.omissions)


def test_without_a_name_for_it_the_first_vehicle_is_the_ego(tmp_path: Path) -> None:
    text = OVERTAKING.replace('"hero"', '"car"').replace('value="ego_vehicle"', 'value="simulation"')
    imported = read(tmp_path, text)
    assert imported.suite.scenarios[0].ego.blueprint == "vehicle.audi.tt"
    assert any("'adversary', is taken" in omission for omission in imported.omissions)


@pytest.mark.parametrize(
    ("rule", "duration_s"),
    [("greaterThan", 42.5), ("lessThan", 13.4)],  # 80.5 m of route at 6 m/s
)
def test_how_long_it_lasts(tmp_path: Path, rule: str, duration_s: float) -> None:
    imported = changed(tmp_path, OVERTAKING, 'value="42.5" rule="greaterThan"', f'value="42.5" rule="{rule}"')
    assert imported.suite.scenarios[0].duration_s == duration_s
    assert any("StopTrigger" in omission for omission in imported.omissions) == (rule == "lessThan")
    assert read(tmp_path, OVERTAKING, duration_s=3.0).suite.scenarios[0].duration_s == 3.0


@pytest.mark.parametrize("text", [OVERTAKING, TRAJECTORY])
def test_the_text_is_a_suite_file(tmp_path: Path, text: str) -> None:
    imported = read(tmp_path, text)
    path = tmp_path / "suite.yaml"
    path.write_text(imported.text(), encoding="utf-8")
    assert load_suite(path) == imported.suite


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('revMajor="1"', 'revMajor="2"', "OpenSCENARIO 2, expected 1.x"),
        ('<LogicFile filepath="Town04"/>', "", "names no map"),
        ('x="$startX"', 'x="$nowhere"', "no finite number"),
        ('x="$startX"', 'x="inf"', "no finite number"),
        ('x="$startX"', 'x="there"', "<Position> cannot be read: there is not a valid"),
        ('x="$startX" ', "", "<Position> cannot be read: has no 'x'"),
        ('visualRange="250"', 'visualRange="far"', "visualRange of <Fog> is 'far', expected a finite number"),
        ('cloudState="overcast"', 'cloudState="grey"', "<Weather> cannot be read: grey"),
        ('cloudState="overcast"', 'cloudState="$grey"', "clouds '$grey' are none"),
        ('filepath="Town04"', 'filepath="Town 04"', "town is 'Town 04'"),
        ('value="42.5"', 'value="9999"', "duration_s is 9999.0, expected less than or equal to 3600"),
        ("<Storyboard>", "<Story>", "not valid XML"),
        ("<OpenSCENARIO>", '<!DOCTYPE x SYSTEM "x"><OpenSCENARIO>', "has a document type"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        changed(tmp_path, OVERTAKING, old, new)
    assert str(caught.value).startswith(str(tmp_path / "a.xosc"))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (' time="2"', "", "time and positions are not the same length"),
        (' time="2"', ' time="$later"', "time of <Vertex> is '$later', expected a finite number"),
        (' time="2"', ' time="0"', "times of a path must increase"),
        ('<Vertex time="2">', '<Vertex time="1"/><Vertex time="2">', "4 vertices have 3 positions, expected one each"),
    ],
)
def test_a_trajectory_needs_a_time_and_a_position_at_every_vertex(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        changed(tmp_path, TRAJECTORY, old, new)
    assert said in str(caught.value)


def test_without_the_library_its_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scenariogeneration", None)
    with pytest.raises(ScenarioError, match=r"pip install 'carla-loop-harness\[openscenario\]'"):
        read(tmp_path, OVERTAKING)
