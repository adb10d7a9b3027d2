from __future__ import annotations

from pathlib import Path

import carla
import pytest

from sim_scenarios.errors import ScenarioError
from sim_scenarios.importers.foreign_file import import_file
from sim_scenarios.importers.imported import ImportOptions
from sim_scenarios.load import load_suite
from sim_scenarios.scenario import Location
from sim_scenarios.weather import WEATHER_FIELDS

FILES = Path(__file__).with_name("files")
ROUTE = (
    '<routes><route id="1" town="Town01">{}<waypoint x="0" y="0" z="0"/><waypoint x="9" y="0" z="0"/></route></routes>'
)


def write(folder: Path, text: str) -> Path:
    path = folder / "routes.xml"
    path.write_text(text, encoding="utf-8")
    return path


def test_routes_of_the_first_leaderboard() -> None:
    imported = import_file(FILES / "routes_1.xml", ImportOptions())
    first, second = imported.suite.scenarios
    assert (imported.suite.name, first.name, second.name) == ("routes_1", "route-7", "route-8")
    assert (first.town, second.town) == ("Town03", "Town01")
    assert first.ego.spawn_point == Location(x=10.0, y=-20.5, z=0.5)
    assert first.ego.route == (Location(x=10.0, y=99.5, z=0.5),)
    assert first.duration_s == 20.0  # 120 m at 6 m/s
    assert second.duration_s == 10.0  # the least
    assert (first.weather.cloudiness, first.weather.precipitation, first.weather.sun_altitude_angle) == (
        80.0,
        30.0,
        15.0,
    )
    assert first.seed != second.seed
    assert imported.omissions[0] == "routes/route/waypoint: pitch, roll, yaw (line 5 and 1 more)"


def test_a_weather_starts_from_what_the_leaderboard_starts_from() -> None:
    second = import_file(FILES / "routes_1.xml", ImportOptions()).suite.scenarios[1]
    theirs = carla.WeatherParameters(sun_altitude_angle=70.0, cloudiness=30.0)
    for field in WEATHER_FIELDS:
        assert getattr(second.weather, field) == pytest.approx(getattr(theirs, field)), field


def test_routes_of_the_second_leaderboard() -> None:
    imported = import_file(FILES / "routes_2.xml", ImportOptions(suite_name="mine", split="val"))
    (route,) = imported.suite.scenarios
    assert (imported.suite.name, route.name, route.town, route.split) == ("mine", "route-24211", "Town12", "val")
    assert route.ego.route == (Location(x=160, y=280, z=10), Location(x=160, y=480, z=10))
    assert route.duration_s == 50.0  # 100 m and 200 m
    timeline = route.timeline
    assert [key.at_s for key in timeline.keys] == [0.0, 50.0]
    half = timeline.at(25.0)
    assert (half.cloudiness, half.precipitation, half.fog_density, half.sun_altitude_angle) == (70.0, 30.0, 25.0, 70.0)
    assert imported.omissions[:2] == (
        "routes/route/weathers/weather: dust (line 4)",
        "<scenario> Accident: 1 in all routes",
    )


def test_the_text_is_a_suite_file_that_names_what_is_missing(tmp_path: Path) -> None:
    for name in ("routes_1.xml", "routes_2.xml"):
        imported = import_file(FILES / name, ImportOptions())
        path = tmp_path / "suite.yaml"
        path.write_text(imported.text(), encoding="utf-8")
        assert load_suite(path) == imported.suite
        assert all(f"# - {omission}\n" in imported.text() for omission in imported.omissions)


def test_a_file_without_routes(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"routes\.xml:1: no <route>"):
        import_file(write(tmp_path, "<routes/>"), ImportOptions())


def test_a_duration_may_be_given() -> None:
    options = ImportOptions(duration_s=7.5)
    (route,) = import_file(FILES / "routes_2.xml", options).suite.scenarios
    assert route.duration_s == 7.5
    assert [key.at_s for key in route.timeline.keys] == [0.0, 7.5]


@pytest.mark.parametrize(
    ("weather", "cloudiness"),
    [
        ("", 30.0),
        ('<weathers><weather route_percentage="0" cloudiness="8"/></weathers>', 8.0),
        ("<weathers/>", 50.0),
    ],
)
def test_a_weather_that_does_not_change(tmp_path: Path, weather: str, cloudiness: float) -> None:
    (route,) = import_file(write(tmp_path, ROUTE.format(weather)), ImportOptions()).suite.scenarios
    assert route.weather.cloudiness == cloudiness
    assert route.timeline.is_constant


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (' town="Town01"', "", "routes.xml:1: <route> has no town"),
        ('<waypoint x="9" y="0" z="0"/>', "", "has 1 places, expected 2 or more"),
        ('x="9"', 'x="nine"', "x of <waypoint> is 'nine', expected a finite number"),
        ('x="9"', 'x="nan"', "expected a finite number"),
        ('x="9"', "", "<waypoint> has no x"),
        ('x="9"', 'x="1e9"', "scenario 'route-1': ego.route.0.x is 1000000000.0, expected less than"),
        ("{}", '<weather cloudiness="-1"/>', "scenario 'route-1': weather.cloudiness is -1.0, expected greater"),
        ("{}", '<weathers><weather route_percentage="101"/></weathers>', "expected 0 to 100"),
        ("{}", '<weathers><weather cloudiness="1"/></weathers>', "has no route_percentage"),
        ("{}", '<weathers><weather route_percentage="1"/><weather route_percentage="1"/></weathers>', "each once"),
        ("</routes>", f"{ROUTE[8:-9]}</routes>", "two scenarios have the same name"),
        ("routes", "paths", "begins with <paths>, expected <routes> or <OpenSCENARIO>"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in ROUTE
    path = write(tmp_path, ROUTE.replace(old, new).replace("{}", ""))
    with pytest.raises(ScenarioError) as caught:
        import_file(path, ImportOptions())
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)
