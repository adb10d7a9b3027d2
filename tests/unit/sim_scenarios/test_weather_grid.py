from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.errors import ScenarioError
from sim_scenarios.weather import PRESETS, Weather, parse_weather, weather_name
from sim_scenarios.weather_grid import WeatherGrid, parse_weather_grid
from sim_scenarios.weather_timeline import WeatherTimeline, parse_weather_keys

notations = st.one_of(
    st.sampled_from(sorted(PRESETS)),
    st.builds(Weather, fog_density=st.floats(0, 100), sun_altitude_angle=st.floats(-90, 90)).map(weather_name),
    st.lists(st.sampled_from(sorted(PRESETS)), min_size=2, max_size=4).map("->".join),
    st.floats(0, 100).map(lambda value: f"fog_density={value!r}"),
)
hundredths = st.integers(-9000, 9000).map(lambda value: Decimal(value).scaleb(-2))


def write(folder: Path, text: str) -> Path:
    path = folder / "weathers.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(items: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse_weather_grid(items)
    return str(caught.value)


@given(st.lists(notations, min_size=1, max_size=6, unique=True))
def test_names_read_back_to_their_weathers_in_the_order_given(items: list[str]) -> None:
    grid = parse_weather_grid(items)
    assert len(grid.timelines) == len(items)
    assert parse_weather_grid(",".join(items)) == grid
    for name, timeline in grid.timelines.items():
        assert WeatherTimeline(keys=parse_weather_keys(name)) == timeline


@given(hundredths, hundredths.filter(bool), st.integers(1, 40))
def test_a_sweep_goes_from_one_end_to_the_other_in_equal_decimal_steps(
    start: Decimal, step: Decimal, steps: int
) -> None:
    end = start + steps * step
    if abs(end) > 90:
        return
    (sweep,) = parse_weather_grid(f"sun_altitude_angle={start}..{end}..{step}").sweeps
    assert sweep.values == tuple(float(start + index * step) for index in range(steps + 1))
    assert (sweep.values[0], sweep.values[-1]) == (float(start), float(end))
    assert [parse_weather(name).sun_altitude_angle for name in sweep.weathers] == list(sweep.values)


def test_a_sweep_changes_one_field_of_its_base() -> None:
    grid = parse_weather_grid("WetNoon:wetness=7:fog_density=0..0.5..0.1")
    (sweep,) = grid.sweeps
    assert (sweep.name, sweep.field, sweep.base) == (
        "WetNoon:wetness=7:fog_density",
        "fog_density",
        PRESETS["WetNoon"].model_copy(update={"wetness": 7.0}),
    )
    assert sweep.values == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert sweep.weathers[:2] == ("WetNoon:wetness=7:fog_density=0", "WetNoon:wetness=7:fog_density=0.1")
    assert tuple(grid.timelines) == sweep.weathers
    expected = sweep.base.model_copy(update={"fog_density": 0.3})
    assert grid.timelines["WetNoon:wetness=7:fog_density=0.3"] == WeatherTimeline.constant(expected)


@pytest.mark.parametrize(
    ("limits", "values"),
    [
        ("-90..90..90", (-90.0, 0.0, 90.0)),
        ("10..-10..10", (10.0, 0.0, -10.0)),
        ("10..-10..-10", (10.0, 0.0, -10.0)),
        ("-0.2..0.1..0.1", (-0.2, -0.1, 0.0, 0.1)),
    ],
)
def test_sweeps_go_up_and_down_and_below_zero(limits: str, values: tuple[float, ...]) -> None:
    grid = parse_weather_grid(f"ClearNoon:sun_altitude_angle={limits}")
    assert grid.sweeps[0].values == values
    assert "ClearNoon:sun_altitude_angle=0" in grid.timelines


def test_a_field_alone_changes_a_clear_noon() -> None:
    grid = parse_weather_grid(["fog_density=60", "wetness=5:fog_density=1"])
    assert list(grid.timelines) == ["ClearNoon:fog_density=60", "ClearNoon:wetness=5:fog_density=1"]
    assert grid.timelines["ClearNoon:fog_density=60"].at(0.0) == parse_weather("ClearNoon:fog_density=60")


@pytest.mark.parametrize("order", ["fog_density=60,fog_density=0..100..20", "fog_density=0..100..20,fog_density=60"])
def test_a_sweep_may_hold_a_weather_that_is_named_too(order: str) -> None:
    grid = parse_weather_grid(order)
    assert len(grid.timelines) == 6
    assert grid.sweeps[0].weathers[3] == "ClearNoon:fog_density=60"


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ("", "no weather in ''"),
        (" , ", "no weather"),
        ("ClearNon", "did you mean ClearNoon?"),
        ("fog_densty=60", "did you mean fog_density?"),
        ("ClearNoon:fog_densty=0..100..10", "did you mean fog_density?"),
        ("ClearNoon:fog_density=101", "less than or equal to 100"),
        ("ClearNoon:fog_density=0..120..60", "less than or equal to 100"),
        ("ClearNoon:fog_density=0..100", "START..END..STEP"),
        ("ClearNoon:fog_density=0..100..", "START..END..STEP"),
        ("ClearNoon:fog_density=0..100..x", "START..END..STEP"),
        ("ClearNoon:fog_density=0...5..1", "START..END..STEP"),
        ("ClearNoon:fog_density=0..100..0", "a step above 0"),
        (f"ClearNoon:fog_density=0..{10**40}..1", "START..END..STEP"),
        (f"ClearNoon:fog_density=0..100..0.{'0' * 40}1", "START..END..STEP"),
        ("ClearNoon:fog_density=5..5..1", "goes nowhere"),
        ("ClearNoon:fog_density=0..100..30", "do not meet 100"),
        ("ClearNoon:fog_density=0..100..0.1", "200 at most"),
        ("ClearNoon:fog_density=0..9..1:wetness=0..9..1", "one field with a range"),
        ("Clear..Noon:fog_density=0", "one field with a range"),
        ("ClearNoon,ClearNoon", "listed twice"),
        ("ClearNoon:fog_density=60,fog_density=60", "listed twice"),
        ("fog_density=0..9..1,fog_density=0..6..2", "'ClearNoon:fog_density' is listed twice"),
        ("nowhere.yaml", "cannot be read"),
    ],
)
def test_what_cannot_be_meant_is_said(items: str, said: str) -> None:
    assert said in complaint(items)


def test_a_file_lists_weathers_or_names_them(tmp_path: Path) -> None:
    as_list = write(tmp_path, "- ClearNoon\n- fog_density=0..40..20\n- ClearNoon->DenseFog\n")
    assert parse_weather_grid(f"WetNoon,{as_list}") == parse_weather_grid(
        "WetNoon,ClearNoon,fog_density=0..40..20,ClearNoon->DenseFog"
    )
    named = write(
        tmp_path,
        "drizzle: precipitation=10\nmurk: {preset: DenseFog, wetness: 5}\n"
        "clearing: [{at_s: 0, weather: DenseFog}, {at_s: 3, weather: ClearNoon}]\n",
    )
    assert parse_weather_grid([str(named)]) == WeatherGrid(
        timelines={
            "drizzle": WeatherTimeline.constant(Weather(precipitation=10.0)),
            "murk": WeatherTimeline.constant(PRESETS["DenseFog"].model_copy(update={"wetness": 5.0})),
            "clearing": WeatherTimeline(keys=parse_weather_keys("DenseFog@0->ClearNoon@3")),
        },
        sweeps=(),
    )


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("- ClearNoon\n- ClearNon\n", 2, "did you mean ClearNoon?"),
        ("- ClearNoon\n- ClearNoon\n", 2, "listed twice"),
        ("- ClearNoon\n- other.yaml\n", 2, "found the file other.yaml"),
        ("- ClearNoon\n- 3\n", 2, "found a number"),
        ("a: ClearNoon\nb: {fog_densty: 3}\n", 2, "did you mean fog_density?"),
        ("a: ClearNoon\nb: {fog_density: 300}\n", 2, "less than or equal to 100"),
        ("a: ClearNoon\nb: {preset: ClearNon}\n", 2, "did you mean ClearNoon?"),
        ("a: ClearNoon\nb: []\n", 2, "expected"),
        ("a: ClearNoon\nb: 3\n", 2, "found a number"),
        ("a: fog_density=0..9..1\n", 1, "is a sweep"),
        ("a/b: ClearNoon\n", 1, "other characters"),
        ("WetNoon: ClearNoon\n", 1, "that of a preset"),
        ("a: ClearNoon\na: WetNoon\n", 2, "given twice"),
    ],
)
def test_what_is_wrong_in_a_file_has_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = write(tmp_path, text)
    message = complaint(str(path))
    assert message.startswith(f"{path}:{line}: "), message
    assert said in message


@pytest.mark.parametrize("text", ["", "ClearNoon", "[]", "{}"])
def test_a_file_without_weathers_is_refused(tmp_path: Path, text: str) -> None:
    assert "expected a list of weathers or a mapping" in complaint(str(write(tmp_path, text)))
