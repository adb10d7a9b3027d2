from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sim_scenarios.errors import ScenarioError
from sim_scenarios.load import catalog_names, find_problems, load_suite
from sim_scenarios.scenario import Location
from sim_scenarios.weather import CARLA_PRESETS, PRESETS
from sim_scenarios.weather_grid import parse_weather_grid

GOOD = """\
name: mine
defaults:
  duration_s: 2
  traffic: {vehicles: 3, walkers: 4}
scenarios:
  - name: one
    split: train
  - name: two
    split: test
    weather: WetNight
    traffic: {walkers: 9}
  - name: three
    split: val
    weather_timeline:
      - {at_s: 0, weather: ClearNoon}
      - at_s: 2
        weather: {preset: DenseFog, wetness: 5}
    cameras: [{planes: [depth]}]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_suite(write(folder, text))
    return str(caught.value)


def test_scenarios_start_from_the_defaults(tmp_path: Path) -> None:
    one, two, three = load_suite(write(tmp_path, GOOD)).scenarios
    assert (one.traffic.vehicles, one.traffic.walkers, one.weather) == (3, 4, PRESETS["ClearNoon"])
    assert (two.traffic.vehicles, two.traffic.walkers, two.weather) == (3, 9, PRESETS["WetNight"])
    assert three.timeline.at(2.0).wetness == 5.0
    assert three.cameras[0].planes == ("depth",)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("traffic: {walkers: 9}", "traffic: {walkrs: 9}", 11, "did you mean walkers?"),
        ("    weather: WetNight", "    weathr: WetNight", 10, "did you mean weather?"),
        ("vehicles: 3", "vehicels: 3", 4, "did you mean vehicles?"),
        ("defaults:", "default:", 2, "did you mean defaults?"),
        ("WetNight", "WetNihgt", 10, "did you mean WetNight?"),
        ("split: test", "split: dev", 9, "'train', 'val' or 'test'"),
        ("duration_s: 2", "duration_s: 0", 3, "greater than 0"),
        ("    split: train", "    spilt: train", 7, "did you mean split?"),
        ("    split: train", "    split: train\n    split: val", 8, "given twice"),
        ("    split: train", "    split: [train", 8, "not valid YAML"),
        ("name: two", "name: ONE", None, "same name"),
        ("- at_s: 2", "- at: 2", 16, "did you mean at_s?"),
        ("- at_s: 2", "- at_s: 0", 12, "must increase"),
        ("wetness: 5", "wettness: 5", 17, "did you mean wetness?"),
        ("split: val", "weather: WetNight\n    split: val", 12, "both weather and weather_timeline"),
        ("[depth]", "[dept]", 18, "'depth' or 'instance'"),
        ("walkers: 4", "parked_vehicels: 4", 4, "did you mean parked_vehicles?"),
        ("walkers: 4", "crossing_factor: 1.5", 4, "less than or equal to 1"),
        ("split: test", "split: test\n    ego: {spawn_piont: 1}", 10, "did you mean spawn_point?"),
        ("split: test", "split: test\n    ego: {spawn_point: first}", 10, "valid integer"),
        ("split: test", "split: test\n    ego: {spawn_point: {x: 1}}", 10, "y is missing"),
        ("split: test", "split: test\n    ego: {route: [1, {x: 1, y: 2, q: 3}]}", 10, "known keys: x, y, z"),
        ("split: test", "split: test\n    ego: {path: [{at_s: 0, x: 0, y: 0, z: 0, yow: 1}]}", 10, "did you mean yaw?"),
        ("split: test", "split: test\n    ego: {drive_log: a.npz, route: [1]}", 10, "route and drive_log"),
        ("split: test", "split: test\n    ego: {drive_log: drive.txt}", 10, "match pattern"),
        ("split: test", "split: test\n    ego: {drive_log: a.npz, spawn_point: 3}", 10, "leave it out"),
        ("name: mine", "name: mine\nweathers: [ClearNon]", 2, "did you mean ClearNoon?"),
        ("name: mine", "name: mine\nweathers: ['fog_density=0..100']", 2, "START..END..STEP"),
        ("name: mine", "name: mine\nweathers: [mine.yaml]", 2, "is a file"),
        ("name: mine", "name: mine\nwethers: [ClearNoon]", 2, "did you mean weathers?"),
        ("defaults:", "defaults: 3\ndefault:", 2, "must be a mapping"),
    ],
)
def test_an_error_names_the_line_and_a_remedy(tmp_path: Path, old: str, new: str, line: int | None, said: str) -> None:
    message = complaint(tmp_path, GOOD.replace(old, new, 1))
    place = f"{tmp_path / 'suite.yaml'}:{line}:" if line is not None else f"{tmp_path / 'suite.yaml'}:"
    assert message.startswith(place), message
    assert said in message


@pytest.mark.parametrize("text", ["", "- 1", "name", "name: a\nscenarios: []", "name: a\nscenarios: 3"])
def test_what_is_no_suite_is_refused(tmp_path: Path, text: str) -> None:
    assert str(tmp_path) in complaint(tmp_path, text)


def test_tags_that_make_objects_are_refused(tmp_path: Path) -> None:
    assert "not valid YAML" in complaint(tmp_path, "name: !!python/object/apply:os.getcwd []")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenarios: &all [*all]", "nested deeper"),
        ("defaults: &d {ego: *d}\nscenarios: []", "nested deeper"),
        ("name: " + "[" * 5000, "nested deeper"),
        ("town: 2026-13-45", ":1: not valid YAML: month must be in 1..12"),
        ("town: Town01\nseed: !!int many", ":2: not valid YAML: invalid literal"),
        ("town: !!bool perhaps", ":1: not valid YAML"),
        ("1: 2", ":1: [1] is 1, expected a key that is a text"),
        ("scenarios: {name: a}", ":1: scenarios is {'name': 'a'}, expected a list"),
        ("name: a\nscenarios: []", ":2: scenarios is [], expected a list of 1 or more"),
        ("name: a\nscenarios: [2]", ":2: scenarios[0] is 2, expected a mapping"),
        ("name: a b\nscenarios: []", ":1: name is 'a b', expected letters, digits, '_', '.' and '-'"),
    ],
)
def test_what_the_yaml_library_does_not_catch_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in problem for problem in find_problems(write(tmp_path, text)))


def test_a_few_lines_that_mean_billions_of_values_are_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    assert "more than 1,000,000 values" in complaint(tmp_path, "\n".join(lines))


def test_a_long_value_is_repeated_in_part(tmp_path: Path) -> None:
    (problem,) = find_problems(write(tmp_path, GOOD.replace("duration_s: 2", f"duration_s: {'x' * 10_000}")))
    assert "duration_s is 'xxx" in problem
    assert len(problem) < 500


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="UTF-8"):
        load_suite(path)


@pytest.mark.parametrize(
    ("name", "said"),
    [("smok", "did you mean smoke?"), ("nowhere/suite.yaml", "does not exist"), ("zzz", "Known: city, crossing, demo")],
)
def test_an_unknown_suite(name: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_suite(name)
    assert said in str(caught.value)


def test_a_folder_is_no_suite(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="is a folder"):
        load_suite(tmp_path)


def test_every_problem_has_its_line_and_a_mistake_in_the_defaults_counts_once(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("vehicles: 3", "vehicels: 3").replace("WetNight", "WetNihgt"))
    problems = find_problems(path)
    assert [problem.split(": ")[0] for problem in problems] == [f"{path}:4", f"{path}:10"]
    assert "and 1 more" in complaint(tmp_path, path.read_text())
    assert find_problems(write(tmp_path, GOOD)) == []
    assert find_problems(write(tmp_path, "name: [")) == [f"{path}:1: not valid YAML: " + problem_of_yaml("name: [")]


def problem_of_yaml(text: str) -> str:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        yaml.safe_load(text)
    return str(caught.value.problem)


def test_a_drive_log_is_looked_for_beside_the_suite(tmp_path: Path) -> None:
    text = GOOD.replace("split: test", "split: test\n    ego: {drive_log: logs/a.npz}")
    assert (
        complaint(tmp_path, text)
        == f"{tmp_path / 'suite.yaml'}:10: drive log 'logs/a.npz' does not exist in {tmp_path}"
    )
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.npz").write_bytes(b"")
    loaded = load_suite(write(tmp_path, text)).scenarios
    assert [each.ego.drive_log for each in loaded] == [None, str(tmp_path / "logs" / "a.npz"), None]


def test_places_are_spawn_points_or_locations(tmp_path: Path) -> None:
    ego = "{spawn_point: {x: 1, y: 2}, route: [4, {x: 5, y: 6, z: 7}]}"
    two = load_suite(write(tmp_path, GOOD.replace("split: test", f"split: test\n    ego: {ego}"))).scenarios[1].ego
    assert (two.spawn_point, two.route) == (Location(x=1, y=2), (4, Location(x=5, y=6, z=7)))


def test_the_catalogue_is_what_the_documentation_says() -> None:
    assert catalog_names() == (
        "city", "crossing", "demo", "driving", "driving_demo", "driving_towns", "highway", "night", "smoke", "sweeps",
        "towns", "weather",
    )  # fmt: skip
    assert [len(load_suite("city").of_split(split)) for split in ("train", "val", "test")] == [8, 2, 2]
    assert [len(load_suite("smoke").of_split(split)) for split in ("train", "val", "test")] == [1, 0, 1]
    assert all(each.weather == PRESETS["ClearNoon"] for each in load_suite("demo").scenarios)


def test_the_suites_to_score_on() -> None:
    shown = {name: parse_weather_grid(load_suite(name).weathers) for name in ("weather", "sweeps", "night", "crossing")}
    assert set(shown["weather"].timelines) == set(CARLA_PRESETS)
    assert len(shown["weather"].timelines) == 22
    assert all(next(iter(grid.timelines)) == "ClearNoon" for grid in shown.values())
    sweeps = shown["sweeps"].sweeps
    assert [(sweep.field, sweep.values[0], sweep.values[-1]) for sweep in sweeps] == [
        ("fog_density", 0.0, 100.0),
        ("precipitation", 0.0, 100.0),
        ("sun_altitude_angle", -90.0, 90.0),
    ]
    assert all(sweep.base == PRESETS["ClearNoon"] for sweep in sweeps)
    assert [each.town for each in load_suite("towns").scenarios] == [
        "Town01", "Town02", "Town03", "Town04", "Town05", "Town10HD",
    ]  # fmt: skip
    assert {each.town for each in load_suite("highway").scenarios} == {"Town04"}
    assert all(each.traffic.crossing_factor > 0.5 for each in load_suite("crossing").scenarios)
    assert {each.weather.sun_altitude_angle for each in load_suite("night").scenarios} == {-90.0}


@pytest.mark.parametrize("name", catalog_names())
def test_a_suite_says_what_it_is_for_and_in_which_towns(name: str) -> None:
    suite = load_suite(name)
    assert len(suite.description) > 60
    elsewhere = {each.town for each in suite.scenarios} != {"Town10HD"}
    assert ("embedded simulator" in suite.description) == elsewhere


@pytest.mark.parametrize("name", catalog_names())
def test_no_two_drives_of_a_suite_start_in_the_same_place_or_from_the_same_seed(name: str) -> None:
    scenarios = load_suite(name).scenarios
    # A suite to drive in a closed loop has several routes and situations from one place.
    assert len({f"{each.ego.spawn_point} {each.ego.route} {each.staged} {each.traffic}" for each in scenarios}) == len(
        scenarios
    )
    if not name.startswith("driving"):
        assert len({str(each.ego.spawn_point) for each in scenarios}) == len(scenarios)
    assert len({each.seed for each in scenarios}) == len(scenarios)
