from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.closed_loop.json_records import record_of


@dataclass(frozen=True, kw_only=True)
class Wheel:
    radius_m: float


@dataclass(frozen=True, kw_only=True)
class Car:
    name: str
    doors: int
    kind: Literal["van", "bus"]
    place: tuple[float, float]
    wheels: tuple[Wheel, ...]
    facts: dict[str, Any]


CAR = Car(
    name="a", doors=3, kind="van", place=(1.0, 2.5), wheels=(Wheel(radius_m=0.3), Wheel(radius_m=1.0)), facts={"b": [1]}
)
PLAIN = asdict(CAR) | {"place": [1, 2.5], "wheels": [{"radius_m": 0.3}, {"radius_m": 1}]}


def test_what_json_made_of_a_record_is_that_record_with_whole_numbers_as_floats() -> None:
    made = record_of(Car, PLAIN)
    assert made == CAR
    assert [type(value) for value in (*made.place, made.wheels[1].radius_m)] == [float] * 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 1}, "name is 1, expected str"),
        ({"doors": 3.0}, "doors is 3.0, expected int"),
        ({"doors": True}, "doors is True, expected int"),
        ({"kind": "tram"}, "kind is 'tram', expected one of van, bus"),
        ({"kind": []}, "kind is"),
        ({"place": [1.0]}, "expected a list of 2"),
        ({"place": 3}, "expected a list of 2"),
        ({"place": [1.0, True]}, "place is True, expected float"),
        ({"place": [1.0, 10**400]}, "expected float"),
        ({"wheels": None}, "wheels is None"),
        ({"wheels": [{"radius_m": "big"}]}, "radius_m is 'big', expected float"),
        ({"wheels": [{"radius_m": 1.0, "color": 1}]}, "Wheel has no field color"),
        ({"wheels": [3]}, "Wheel is 3, expected an object"),
        ({"facts": []}, "facts is .., expected an object"),
        ({"color": "red"}, "Car has no field color"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        record_of(Car, PLAIN | change)


@pytest.mark.parametrize("name", list(PLAIN))
def test_a_field_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        record_of(Car, {each: value for each, value in PLAIN.items() if each != name})


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*PLAIN, "radius_m"]), inner),
)


@given(st.sampled_from(list(PLAIN)), ANY)
def test_whatever_stands_there_is_a_record_or_refused(name: str, value: Any) -> None:
    try:
        made = record_of(Car, PLAIN | {name: value})
    except (TypeError, KeyError):
        return
    assert isinstance(getattr(made, name), type(getattr(CAR, name)))
