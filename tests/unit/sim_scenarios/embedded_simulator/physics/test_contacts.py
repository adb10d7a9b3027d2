"""Laws that every collision obeys: momentum, energy, impulse, nobody through anybody, the same again."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.physics.contacts import Body, BodyAfter, Outcome, collide
from sim_scenarios.embedded_simulator.physics.footprints import Footprint, penetration

GROUPS = itertools.count(1)


def body(
    x: float,
    y: float = 0.0,
    *,
    speed: tuple[float, float] = (0.0, 0.0),
    yaw: float = 0.0,
    size: tuple[float, float] = (4.7, 1.8),
    mass: float = 1500.0,
    free: bool = True,
    is_round: bool = False,
    bottom: float = 0.0,
    group: int | None = None,
    turning: float = 0.0,
) -> Body:
    box = Footprint.of(
        x=x, y=y, yaw_deg=math.degrees(yaw), half_length=size[0] / 2, half_width=size[1] / 2, bottom=bottom,
        top=bottom + 1.5,
    )  # fmt: skip
    return Body(
        box=box, yaw=yaw, velocity_x=speed[0], velocity_y=speed[1], yaw_rate=turning, mass_kg=mass, is_free=free,
        is_round=is_round, group=next(GROUPS) if group is None else group,
    )  # fmt: skip


def wall(x: float, *, thick: float = 0.25, y: float = 0.0, bottom: float = 0.0) -> Footprint:
    return Footprint.of(x=x, y=y, yaw_deg=0.0, half_length=thick / 2, half_width=4.0, bottom=bottom, top=bottom + 2.0)


def run(
    bodies: Sequence[Body], obstacles: Sequence[Footprint] = (), *, delta_s: float = 0.05, passes: bool = False
) -> Outcome:
    fastest = max(math.hypot(b.velocity_x, b.velocity_y) + abs(b.yaw_rate) * b.box.radius for b in bodies)
    return collide(bodies, obstacles, closing_m=2.0 * fastest * delta_s, passes=passes, delta_s=delta_s)


def moment(made: Body) -> float:
    sides = (2 * made.box.half_length) ** 2 + (2 * made.box.half_width) ** 2
    return math.inf if made.is_round else made.mass_kg * sides / 12.0


def state(made: Body, number: int, outcome: Outcome) -> BodyAfter:
    box = made.box
    return outcome.after.get(number) or BodyAfter(
        x=box.x, y=box.y, yaw=made.yaw, velocity_x=made.velocity_x, velocity_y=made.velocity_y, yaw_rate=made.yaw_rate
    )


def momentum(bodies: Sequence[Body], states: Sequence[Body | BodyAfter]) -> tuple[float, float]:
    return (
        sum(made.mass_kg * now.velocity_x for made, now in zip(bodies, states, strict=True)),
        sum(made.mass_kg * now.velocity_y for made, now in zip(bodies, states, strict=True)),
    )


def energy(bodies: Sequence[Body], states: Sequence[Body | BodyAfter]) -> float:
    total = 0.0
    for made, now in zip(bodies, states, strict=True):
        total += 0.5 * made.mass_kg * (now.velocity_x**2 + now.velocity_y**2)
        total += 0.0 if made.is_round else 0.5 * moment(made) * now.yaw_rate**2
    return total


STRIKERS = st.builds(
    body,
    st.floats(-3, -2),
    st.floats(-1, 1),
    speed=st.tuples(st.floats(10, 40), st.floats(-5, 5)),
    yaw=st.floats(-3, 3),
    mass=st.floats(5, 20_000),
    turning=st.floats(-2, 2),
)
STRUCK = st.builds(
    body,
    st.floats(2, 3),
    st.floats(-1, 1),
    speed=st.tuples(st.floats(-40, -10), st.floats(-5, 5)),
    yaw=st.floats(-3, 3),
    size=st.sampled_from([(4.7, 1.8), (0.5, 0.5), (12.0, 2.5)]),
    mass=st.floats(5, 20_000),
    is_round=st.booleans(),
)


@given(STRIKERS, STRUCK)
@settings(max_examples=60)
def test_momentum_stays_and_energy_never_grows(a: Body, b: Body) -> None:
    outcome = run([a, b])
    after = [state(a, 0, outcome), state(b, 1, outcome)]
    scale = sum(m.mass_kg * (abs(m.velocity_x) + abs(m.velocity_y)) for m in (a, b)) + 1.0
    for now, before in zip(momentum([a, b], after), momentum([a, b], [a, b]), strict=True):
        assert now == pytest.approx(before, abs=1e-9 * scale)
    before = energy([a, b], [a, b])
    assert energy([a, b], after) <= before * (1.0 + 1e-9) + 1e-9


@given(STRIKERS, STRUCK)
@settings(max_examples=60)
def test_the_impulse_is_the_change_of_momentum(a: Body, b: Body) -> None:
    outcome = run([a, b])
    for touch in outcome.touches:
        assert (touch.body, touch.other, touch.obstacle) == (0, 1, None)
        scale = touch.impulse_x**2 + touch.impulse_y**2 + 1.0
        for number, made, sign in ((0, a, 1.0), (1, b, -1.0)):
            now = outcome.after[number]
            assert sign * touch.impulse_x == pytest.approx(
                made.mass_kg * (now.velocity_x - made.velocity_x), abs=1e-9 * scale
            )
            assert sign * touch.impulse_y == pytest.approx(
                made.mass_kg * (now.velocity_y - made.velocity_y), abs=1e-9 * scale
            )


@pytest.mark.parametrize("speed", [1.0, 15.0, 40.0])
def test_head_on_stops_both(speed: float) -> None:
    """Equal cars meet in the middle of the tick: what little they give back is equal, too."""
    gap = 0.5 * speed * 0.05
    outcome = run([body(-2.35 - gap, speed=(speed, 0.0)), body(2.35 + gap, speed=(-speed, 0.0))])
    left, right = outcome.after[0], outcome.after[1]
    assert left.velocity_x == pytest.approx(-right.velocity_x)
    assert -0.1 * speed <= left.velocity_x <= 0.0
    assert (left.velocity_y, left.yaw) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert right.x - left.x >= 4.7 - 0.03
    assert outcome.touches[0].impulse_x == pytest.approx(-1500.0 * (speed - left.velocity_x))


@given(
    st.floats(0, 40),
    st.floats(-1.2, 1.2),
    st.sampled_from([0.06, 0.1, 0.25, 1.0]),
    st.floats(0.01, 0.1),
    st.sampled_from([((4.7, 1.8), False), ((2.2, 0.8), False), ((0.4, 0.4), True), ((0.3, 0.3), False)]),
)
def test_nothing_goes_through_a_wall(
    speed: float, course: float, thick: float, delta_s: float, shape: tuple[tuple[float, float], bool]
) -> None:
    size, is_round = shape
    made = body(-3.0, speed=(speed * math.cos(course), speed * math.sin(course)), size=size, is_round=is_round)
    obstacle = Footprint.of(
        x=thick / 2, y=0.0, yaw_deg=0.0, half_length=thick / 2, half_width=30.0, bottom=0.0, top=2.0
    )
    now = made
    for _ in range(math.ceil(0.5 / delta_s)):
        outcome = run([now], [obstacle], delta_s=delta_s)
        after = outcome.after.get(0)
        if after is None:
            x, y = now.box.x + now.velocity_x * delta_s, now.box.y + now.velocity_y * delta_s
            now = body(x, y, speed=(now.velocity_x, now.velocity_y), size=size, is_round=is_round, yaw=now.yaw)
            continue
        assert after.x < 0.0
        now = body(after.x, after.y, speed=(after.velocity_x, after.velocity_y), size=size, is_round=is_round,
                   yaw=after.yaw, turning=after.yaw_rate)  # fmt: skip
    assert now.box.x < 0.0


@given(st.floats(5, 40), st.floats(5, 40), st.floats(0.01, 0.1))
@settings(max_examples=25)
def test_two_cars_do_not_change_places(left_speed: float, right_speed: float, delta_s: float) -> None:
    left, right = body(-6.0, speed=(left_speed, 0.0)), body(6.0, speed=(-right_speed, 0.0))
    for _ in range(math.ceil(1.0 / delta_s)):
        outcome = run([left, right], delta_s=delta_s)
        left, right = (
            body(
                now.x if number in outcome.after else now.x + now.velocity_x * delta_s,
                now.y,
                speed=(now.velocity_x, now.velocity_y),
                yaw=now.yaw,
                turning=now.yaw_rate,
            )
            for number, now in ((0, state(left, 0, outcome)), (1, state(right, 1, outcome)))
        )
        assert right.box.x - left.box.x > 4.6


@pytest.mark.parametrize("delta_s", [0.01, 0.05, 0.1])
def test_a_walker_does_not_pass_through_a_pole(delta_s: float) -> None:
    pole = Footprint.of(x=1.0, y=0.0, yaw_deg=0.0, half_length=0.05, half_width=0.05, bottom=0.0, top=4.0)
    outcome = run([body(0.6, speed=(40.0, 0.0), size=(0.4, 0.4), is_round=True, mass=75.0)], [pole], delta_s=delta_s)
    assert outcome.after[0].x < 1.0 - 0.2


def test_overlap_goes_away_without_speed() -> None:
    a, b = body(0.0), body(4.0)  # 0.7 m into each other
    for _ in range(10):
        outcome = run([a, b])
        a, b = (body(outcome.after[number].x) if number in outcome.after else (a, b)[number] for number in (0, 1))
        for after in outcome.after.values():
            assert (after.velocity_x, after.velocity_y, after.yaw_rate) == (0.0, 0.0, 0.0)
    assert b.box.x - a.box.x == pytest.approx(4.7, abs=0.011)


def test_touching_at_rest_stays_at_rest() -> None:
    outcome = run([body(0.0), body(4.697)], [wall(-2.35 - 0.125 + 0.003)])
    for number, x in ((0, 0.0), (1, 4.697)):
        after = outcome.after[number]
        assert (after.x, after.y, after.yaw, after.velocity_x) == (x, 0.0, 0.0, 0.0)


def test_what_is_not_free_goes_its_way_and_takes_others_along() -> None:
    outcome = run([body(0.0, speed=(4.0, 0.0), free=False), body(4.75)])
    assert list(outcome.after) == [1]
    assert outcome.after[1].velocity_x == pytest.approx(4.0 * 1.09, rel=0.01)
    assert outcome.after[1].x > 4.75 + 4.0 * 0.05 - 0.06


def test_levels_and_groups_pass() -> None:
    low, high = body(0.0, speed=(10.0, 0.0)), body(4.8, bottom=6.0)
    assert run([low, high], passes=True).after == {}
    assert run([low, body(4.8, group=low.group)], passes=True).after == {}
    assert run([low], [wall(2.6, bottom=5.0)], passes=True).after == {}
    assert set(run([low, high, body(4.8)], passes=True).after) == {0, 2}


def test_people_slide_along_what_they_run_into() -> None:
    outcome = run([body(-0.2, speed=(3.0, 3.0), size=(0.4, 0.4), is_round=True, mass=75.0)], [wall(0.2)])
    assert outcome.after[0].velocity_y == 3.0
    assert outcome.after[0].velocity_x <= 0.0
    assert outcome.after[0].yaw == 0.0


def test_a_blow_beside_the_middle_turns() -> None:
    outcome = run([body(0.0, 0.8, speed=(15.0, 0.0), size=(4.7, 1.8)), body(4.9, -0.5)])
    assert outcome.after[1].yaw_rate < -0.1  # pushed forward on its right (y > 0): turns left


def crowd() -> list[Body]:
    """Twenty cars thrown into each other."""
    return [
        body(3.0 * (i % 5), 2.4 * (i // 5), yaw=0.7 * i, speed=(12.0 - 2.5 * i % 23, 7.0 - 1.7 * i % 11), group=i + 1)
        for i in range(20)
    ]


def pile(ticks: int) -> list[Body]:
    """The crowd after some ticks in which tyres take 4 m/s^2 off each."""
    bodies = crowd()
    for _ in range(ticks):
        outcome = run(bodies, [wall(18.0)])
        moved = []
        for number, made in enumerate(bodies):
            now = state(made, number, outcome)
            x, y = (now.x, now.y)
            if number not in outcome.after:
                x, y = x + 0.05 * now.velocity_x, y + 0.05 * now.velocity_y
            speed = math.hypot(now.velocity_x, now.velocity_y)
            share = max(0.0, 1.0 - 0.2 / speed) if speed > 0.0 else 0.0
            moved.append(
                body(
                    x, y, yaw=now.yaw, speed=(share * now.velocity_x, share * now.velocity_y),
                    turning=now.yaw_rate * max(0.0, 1.0 - 0.1 / max(0.1, abs(now.yaw_rate))), group=number + 1,
                )
            )  # fmt: skip
        bodies = moved
    return bodies


def test_a_pile_of_cars_settles() -> None:
    bodies = pile(100)
    assert all(made.velocity_x == made.velocity_y == made.yaw_rate == 0.0 for made in bodies)
    for a, b in itertools.combinations(bodies, 2):
        hit = penetration(a.box, b.box)
        assert hit is None or hit.depth_m < 0.02


def test_equal_in_two_processes() -> None:
    """Other addresses, another hash seed, a heap in another state: the same bits."""
    folder = Path(__file__).parent
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); ballast = [bytes(n) for n in range(3333)]\n"
    code += "import test_contacts; print(repr(test_contacts.pile(12)))"
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert other.stdout == repr(pile(12)) + "\n"
