from __future__ import annotations

from pathlib import Path

import pytest

from sim_scenarios.errors import ScenarioError
from sim_scenarios.load import catalog_names, load_suite
from sim_scenarios.weather import PRESETS

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


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="UTF-8"):
        load_suite(path)


@pytest.mark.parametrize(
    ("name", "said"),
    [("smok", "did you mean smoke?"), ("nowhere/suite.yaml", "does not exist"), ("zzz", "Known: city, demo, smoke")],
)
def test_an_unknown_suite(name: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_suite(name)
    assert said in str(caught.value)


def test_a_folder_is_no_suite(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="is a folder"):
        load_suite(tmp_path)


def test_the_catalogue_is_what_the_documentation_says() -> None:
    assert catalog_names() == ("city", "demo", "smoke")
    assert [len(load_suite("city").of_split(split)) for split in ("train", "val", "test")] == [8, 2, 2]
    assert [len(load_suite("smoke").of_split(split)) for split in ("train", "val", "test")] == [1, 0, 1]
    assert all(each.weather == PRESETS["ClearNoon"] for each in load_suite("demo").scenarios)


@pytest.mark.parametrize("name", catalog_names())
def test_no_two_drives_of_a_suite_start_in_the_same_place_or_from_the_same_seed(name: str) -> None:
    scenarios = load_suite(name).scenarios
    assert len({each.ego.spawn_point for each in scenarios}) == len(scenarios)
    assert len({each.seed for each in scenarios}) == len(scenarios)
