"""The vehicle kernel against what can be worked out by hand, its symmetries, and itself at other time steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.vehicle import FRICTION_TO_GRIP, GRAVITY
from tests.unit.sim_scenarios.embedded_simulator.physics.fleet import SPECS, Fleet

CAR, BUS, BIKE, BICYCLE = "tesla.model3", "mitsubishi.fusorosa", "kawasaki.ninja", "gazelle.omafiets"
KINDS = [CAR, BUS, BIKE, BICYCLE]
DRY = 3.5 * FRICTION_TO_GRIP


def kinetic(fleet: Fleet) -> NDArray[np.float64]:
    """[J] in the plane."""
    p, s = fleet.parameters, fleet.state
    return np.asarray(0.5 * p["mass"] * fleet.speed**2 + 0.5 * p["yaw_inertia"] * s["yaw_rate"] ** 2)


# --- straight ahead -------------------------------------------------------------------------------------------------


def test_performance_of_every_vehicle_is_its_class_s(capsys: pytest.CaptureFixture[str]) -> None:
    """0-100 km/h [s] and the way from 100 km/h [m]: what road tests of such vehicles give, with some room."""
    fleet = Fleet(list(SPECS))
    to_100, fastest = np.full(len(SPECS), np.nan), np.zeros(len(SPECS))
    for tick in range(600):
        fleet.drive(0.1, delta_s=0.1, throttle=1.0)
        kmh = 3.6 * fleet.speed
        to_100 = np.where(np.isnan(to_100) & (kmh >= 100.0), 0.1 * (tick + 1), to_100)
        fastest = np.maximum(fastest, kmh)
    fleet.state["pitch"] = fleet.state["pitch_rate"] = 0.0
    start = fleet.roll_at(100.0 / 3.6).state["x"].copy()
    way = fleet.drive(25.0, throttle=0.0, brake=1.0)["x"] - start
    assert (fleet.speed == 0.0).all()
    with capsys.disabled():
        print("\n" + " " * 34 + "0-100 km/h   top speed   100-0 km/h")
        for name, seconds, top, metres in zip(SPECS, to_100, fastest, way, strict=True):
            print(f"{name:32} {seconds:8.1f} s {top:7.0f} km/h {metres:9.1f} m")
    ranges = {"car": (4.5, 13.5, 34, 42), "van": (10, 20, 40, 50), "truck": (4.5, 35, 34, 65), "bus": (20, 40, 48, 65)}
    for (name, spec), seconds, top, metres in zip(SPECS.items(), to_100, fastest, way, strict=True):
        if spec.base_type == "bicycle":
            assert 20.0 < top < 36.0, name
        elif spec.base_type == "motorcycle":
            assert np.isnan(seconds) == (name == "vespa.zx125"), name
            assert not seconds > 6.0, name
            assert 36.0 < metres < 46.0, name
        else:
            quickest, slowest, shortest, longest = ranges[spec.base_type]
            assert np.isnan(seconds) == (name == "micro.microlino"), name
            assert np.isnan(seconds) or quickest <= seconds <= slowest, name
            assert shortest < metres < longest, name


def test_stopping_distance_is_that_of_the_grip() -> None:
    fleet = Fleet([CAR])
    fleet.parameters["drag_area"] = 0.0
    fleet.roll_at(25.0)
    fleet.drive(8.0, brake=1.0)
    assert fleet.state["x"][0] == pytest.approx(25.0**2 / (2.0 * DRY * GRAVITY), rel=0.02)


def test_less_grip_stops_later() -> None:
    ways = []
    for friction in (3.5, 1.75, 0.7):
        fleet = Fleet([CAR]).roll_at(15.0)
        ways.append(fleet.drive(15.0, brake=1.0, friction=friction)["x"][0])
    assert ways[1] / ways[0] == pytest.approx(2.0, rel=0.05)
    assert ways[2] / ways[0] == pytest.approx(5.0, rel=0.1)


@pytest.mark.parametrize("name", KINDS)
def test_coasting_only_ever_slows_down(name: str) -> None:
    fleet = Fleet([name]).roll_at(SPECS[name].max_speed_mps * 0.8)
    speeds = [float(fleet.drive(0.05)["vx"][0]) for _ in range(2400)]
    assert speeds == sorted(speeds, reverse=True)
    assert speeds[-1] < 0.5 * speeds[0]


@pytest.mark.parametrize("steer", [0.0, 0.3, -1.0])
@pytest.mark.parametrize("hand_brake", [0.0, 1.0])
def test_energy_never_grows_without_throttle(steer: float, hand_brake: float) -> None:
    fleet = Fleet(KINDS).roll_at(8.0)
    before = kinetic(fleet)
    for _ in range(300):
        fleet.drive(0.05, steer=steer, hand_brake=hand_brake)
        after = kinetic(fleet)
        assert (after <= before * (1.0 + 1e-12)).all()
        before = after


def test_reverse_and_back_to_rest() -> None:
    fleet = Fleet(KINDS)
    fleet.drive(3.0, throttle=0.5, reverse=1)
    assert (fleet.state["vx"] < -0.5).all()
    assert (fleet.state["gear"] == -1).all()
    fleet.drive(6.0, throttle=0.0, brake=1.0)
    assert (fleet.speed == 0.0).all()


def test_gears_by_hand() -> None:
    car = "audi.tt"
    fleet = Fleet([car])
    fleet.drive(2.0, throttle=1.0, manual=1, gear=0)
    assert fleet.speed[0] == 0.0
    assert fleet.state["engine_omega"][0] > 0.9 * fleet.parameters["max_omega"][0]
    fleet.drive(20.0, gear=2)
    own = fleet.parameters[0]
    limited = own["max_omega"] / own["ratios"][3] * own["radius"][0]
    assert fleet.speed[0] == pytest.approx(limited, rel=0.03)  # the second gear ends at the limiter
    fleet.drive(0.05, gear=5)
    assert fleet.state["switch_left"][0] > 0.0
    fleet.drive(20.0)
    assert fleet.speed[0] > 1.3 * limited
    assert fleet.state["gear"][0] == 5


def test_autobox_goes_through_the_gears_without_hunting() -> None:
    fleet = Fleet(["audi.tt"])
    gears = [int(fleet.drive(0.05, throttle=1.0)["gear"][0]) for _ in range(1200)]
    assert gears == sorted(gears)
    assert gears[-1] >= 5
    gears = [int(fleet.drive(0.05, throttle=0.0, brake=0.3)["gear"][0]) for _ in range(600)]
    assert gears == sorted(gears, reverse=True)
    assert gears[-1] == 1


# --- rest -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delta_s", [0.1, 0.05, 0.001])
def test_at_rest_nothing_moves_by_a_single_bit(delta_s: float) -> None:
    fleet = Fleet(KINDS)
    fleet.state["z"] = 0.2
    fleet.drive(6.0, brake=0.5)
    places = fleet.state[["x", "y", "z", "yaw", "pitch", "roll"]].copy()
    for brake in (0.5, 0.0, 1.0):
        fleet.drive(200 * delta_s, delta_s=delta_s, brake=brake)
        assert (fleet.state[["x", "y", "z", "yaw", "pitch", "roll"]] == places).all()
        assert (fleet.speed == 0.0).all()


@pytest.mark.parametrize("brake", [{"brake": 1.0}, {"hand_brake": 1.0}])
@pytest.mark.parametrize("slope", [(0.2, 0.0), (-0.2, 0.0), (0.1, 0.1)])
def test_brakes_hold_on_a_slope(brake: dict[str, float], slope: tuple[float, float]) -> None:
    fleet = Fleet([CAR, BUS], ground=lambda x, y: slope[0] * x + slope[1] * y)
    fleet.drive(10.0, **brake)
    place = fleet.state[["x", "y", "z"]].copy()
    fleet.drive(2.0)
    assert (fleet.state[["x", "y", "z"]] == place).all()
    assert np.degrees(fleet.state["pitch"][0]) == pytest.approx(math.degrees(math.atan(slope[0])), abs=1.0)
    assert np.degrees(fleet.state["roll"][0]) == pytest.approx(-math.degrees(math.atan(slope[1])), abs=1.0)


def test_a_slope_pulls_with_its_sine() -> None:
    slope = 0.15
    fleet = Fleet([CAR], ground=lambda x, y: slope * x)
    fleet.drive(1.0, brake=1.0)
    fleet.state["x"] = 0.0
    first = fleet.drive(1.0, brake=0.0)["vx"][0]
    second = fleet.drive(1.0)["vx"][0]
    expected = GRAVITY * slope / (1.0 + slope**2) - float(fleet.parameters["rolling_resistance"][0]) * GRAVITY
    assert first - second == pytest.approx(expected, rel=0.06)


def test_throttle_and_slope_in_equilibrium() -> None:
    """Downhill in neutral, air and rolling resistance hold the speed at which they equal the slope."""
    slope = -0.06
    fleet = Fleet([CAR], ground=lambda x, y: slope * x)
    fleet.state["z"] = 0.0
    speed = float(fleet.roll_at(40.0).drive(400.0, manual=1, gear=0)["vx"][0])
    own = fleet.parameters[0]
    pull = own["mass"] * GRAVITY * (0.06 / (1.0 + 0.06**2) - own["rolling_resistance"])
    bearings = float((own["wheel_damping"] / own["radius"] ** 2).sum()) * speed
    assert 0.5 * 1.225 * own["drag_area"] * speed**2 + bearings == pytest.approx(pull, rel=0.03)


# --- turns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [CAR, BUS, BIKE])
def test_slow_turn_follows_the_circle_of_its_wheels(name: str) -> None:
    fleet = Fleet([name]).roll_at(2.0)
    fleet.parameters["rolling_resistance"] = fleet.parameters["wheel_damping"] = 0.0
    fleet.drive(3.0, delta_s=0.01, steer=0.4, manual=1, gear=0)
    own, row = fleet.parameters[0], fleet.state[0]
    wheelbase = float(own["wheel_x"][0] - own["wheel_x"][own["wheels"] - 1])
    radius = math.hypot(wheelbase / math.tan(row["steer_angle"]), 0.5 * wheelbase)
    assert fleet.speed[0] / row["yaw_rate"] == pytest.approx(radius, rel=0.02)


@pytest.mark.parametrize("speed", [15.0, 25.0, 35.0])
@pytest.mark.parametrize("steer", [0.15, 0.5, 1.0])
def test_at_the_limit_it_runs_wide_and_does_not_spin(speed: float, steer: float) -> None:
    names = [name for name in SPECS if SPECS[name].base_type != "bicycle"]
    fleet = Fleet(names)
    fleet.parameters["drag_area"] = 0.0
    fleet.roll_at(speed).state["vx"] = np.minimum(speed, [SPECS[name].max_speed_mps for name in names])
    fleet.drive(2.5, steer=steer)
    s, p = fleet.state, fleet.parameters
    wheelbase = p["wheel_x"][:, 0] - p["wheel_x"][np.arange(len(p)), p["wheels"] - 1]
    assert (s["yaw_rate"] / fleet.speed < np.tan(s["steer_angle"]) / wheelbase).all(), "tighter than its wheels say"
    assert (s["lateral_force"].sum(axis=1) <= 1.06 * FRICTION_TO_GRIP * p["friction"][:, 0] * p["mass"] * GRAVITY).all()
    slip = np.arctan2(s["vy"], s["vx"]) - s["yaw"]
    assert (np.abs(np.degrees((slip + np.pi) % (2.0 * np.pi) - np.pi)) < 20.0).all(), "it spins"
    assert (np.abs(s["roll"]) < math.radians(60.0)).all(), "it rolls over"


def test_full_brakes_in_a_turn_stay_steerable() -> None:
    fleet = Fleet([CAR, BUS]).roll_at(15.0)
    fleet.drive(1.5, steer=0.15)
    fleet.drive(1.0, brake=1.0)
    assert (fleet.state["yaw_rate"] > 0.05).all()
    fleet.drive(6.0)
    assert (np.degrees(fleet.state["yaw"]) < 120.0).all()
    assert (fleet.speed == 0.0).all()


def test_the_hand_brake_locks_the_rear_wheels_and_lets_the_tail_out() -> None:
    turned = {}
    for hand_brake in (0.0, 1.0):
        fleet = Fleet([CAR]).roll_at(14.0)
        fleet.drive(0.6, steer=0.5)
        fleet.drive(0.8, hand_brake=hand_brake)
        s = fleet.state[0]
        turned[hand_brake] = abs(math.remainder(math.atan2(s["vy"], s["vx"]) - s["yaw"], math.tau))
        assert (s["omega"][2:] == 0.0).all() == bool(hand_brake)
        assert (s["omega"][:2] > 0.0).all()
    assert turned[1.0] > 3.0 * turned[0.0]


def test_two_wheelers_lean_into_their_turns_and_stand_upright() -> None:
    fleet = Fleet([BIKE, BICYCLE]).roll_at(7.0)
    fleet.drive(2.0, steer=0.1)
    lean = np.arctan(fleet.speed * fleet.state["yaw_rate"] / GRAVITY)
    assert fleet.state["roll"] == pytest.approx(lean, rel=0.1)
    fleet.drive(10.0, steer=0.0, brake=1.0)
    assert fleet.state["roll"] == pytest.approx([0.0, 0.0], abs=1e-6)


def test_four_wheelers_roll_outwards_and_dive_under_the_brakes() -> None:
    fleet = Fleet([CAR]).roll_at(15.0)
    fleet.drive(1.5, steer=0.15)
    assert -6.0 < math.degrees(fleet.state["roll"][0]) < -0.5
    fleet = Fleet([CAR]).roll_at(25.0)
    fleet.drive(1.0, brake=1.0)
    assert -4.0 < math.degrees(fleet.state["pitch"][0]) < -0.3
    assert fleet.state["load"][0, 0] > 1.2 * fleet.state["load"][0, 2]


# --- up and down ----------------------------------------------------------------------------------------------------


def test_in_the_air_it_falls_freely() -> None:
    fleet = Fleet(KINDS)
    fleet.state["z"] = 20.0
    fleet.drive(1.0, throttle=1.0, steer=1.0)
    assert fleet.state["z"] == pytest.approx([20.0 - 0.5 * GRAVITY] * 4, abs=0.06)
    assert (fleet.speed == 0.0).all()


@pytest.mark.parametrize("drop_m", [0.3, 3.0, 30.0])
def test_landing_is_bounded_and_settles(drop_m: float) -> None:
    fleet = Fleet(KINDS)
    fleet.state["z"], fleet.state["roll"] = drop_m, 0.02
    lowest = np.inf
    for _ in range(200):
        lowest = min(lowest, float(fleet.drive(0.05)["z"].min()))
    assert lowest > -0.5
    assert fleet.state["z"] == pytest.approx([0.0] * 4, abs=1e-3)
    assert fleet.state["roll"] == pytest.approx([0.0] * 4, abs=1e-3)


def test_a_kerb_lifts_it() -> None:
    fleet = Fleet([CAR, BIKE], ground=lambda x, y: np.where(x > 8.0, 0.15, 0.0)).roll_at(5.0)
    fleet.drive(4.0, throttle=0.1)
    assert fleet.state["z"] == pytest.approx([0.15, 0.15], abs=0.02)
    assert (np.abs(fleet.state["pitch"]) < 0.05).all()


def test_without_gravity_nothing_falls() -> None:
    fleet = Fleet([CAR])
    fleet.state["z"] = 5.0
    assert fleet.drive(2.0, gravity=0.0)["z"][0] == 5.0


@pytest.mark.parametrize("name", [CAR, "carlamotors.firetruck"])
def test_knocked_over_it_lies_there(name: str) -> None:
    fleet = Fleet([name]).roll_at(10.0)
    fleet.state["roll_rate"] = 6.0
    fleet.state["vz"] = 3.0
    fleet.drive(12.0)
    assert fleet.state["rolled"][0] == 1
    assert math.degrees(fleet.state["roll"][0]) % 90.0 == pytest.approx(0.0, abs=1e-6)
    assert fleet.speed[0] == 0.0
    assert fleet.state["z"][0] == pytest.approx(0.5 * SPECS[name].width_m, abs=0.05)
    place = fleet.state[["x", "y", "z", "roll"]].copy()
    fleet.drive(1.0, throttle=1.0)
    assert (fleet.state[["x", "y", "z", "roll"]] == place).all()


# --- what the equations promise -------------------------------------------------------------------------------------

MANOEUVRE: list[dict[str, Any]] = [
    {"throttle": 1.0, "steer": 0.0},
    {"throttle": 0.6, "steer": 0.25},
    {"throttle": 0.0, "steer": -0.6, "brake": 0.4},
    {"hand_brake": 1.0, "steer": 0.7},
    {"hand_brake": 0.0, "brake": 0.0, "reverse": 1, "throttle": 0.4, "steer": 0.2},
]


def bumps(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.03 * x + 0.05 * np.sin(0.4 * x) * np.cos(0.3 * y))


def test_left_and_right_are_the_same_to_the_last_bit() -> None:
    one, other = Fleet(KINDS, ground=bumps), Fleet(KINDS, ground=lambda x, y: bumps(x, -y))
    for leg in MANOEUVRE:
        one.drive(2.0, **leg)
        other.drive(2.0, **(leg | {"steer": -leg["steer"]}))
    for field in ("x", "z", "pitch", "vx", "vz"):
        assert (one.state[field] == other.state[field]).all(), field
    for field in ("y", "yaw", "roll", "vy", "yaw_rate", "roll_rate"):
        assert (one.state[field] == -other.state[field]).all(), field
    assert (one.state["yaw"] != 0.0).all()


def test_all_at_once_is_each_alone_in_any_order() -> None:
    names = list(SPECS)
    together, backwards = Fleet(names, ground=bumps), Fleet(names[::-1], ground=bumps)
    alone = [Fleet([name], ground=bumps) for name in names]
    for leg in MANOEUVRE:
        for fleet in (together, backwards, *alone):
            fleet.drive(1.0, **leg)
    assert together.state.tobytes() == backwards.state[::-1].tobytes()
    assert together.state.tobytes() == b"".join(fleet.state.tobytes() for fleet in alone)


def test_halving_the_step_converges() -> None:
    ends = []
    for substep_s in (0.01, 0.005, 0.0025, 0.00125):
        fleet = Fleet([CAR], substep_s=substep_s)
        fleet.drive(3.0, throttle=0.6)
        fleet.drive(2.0, steer=0.1)
        fleet.drive(1.5, throttle=0.0, brake=0.5)
        ends.append(np.array([fleet.state["x"][0], fleet.state["y"][0], 10.0 * fleet.state["yaw"][0]]))
    errors = [float(np.linalg.norm(end - ends[-1])) for end in ends[:-1]]
    assert errors[0] > errors[1] > errors[2]
    assert errors[0] < 0.3


@pytest.mark.parametrize("delta_s", [0.1, 0.02, 0.001])
def test_any_tick_gives_the_same_drive(delta_s: float) -> None:
    ends = []
    for step in (0.05, delta_s):
        fleet = Fleet([CAR])
        fleet.drive(4.0, delta_s=step, throttle=0.7)
        fleet.drive(2.0, delta_s=step, steer=0.08)
        fleet.drive(4.0, delta_s=step, throttle=0.0, brake=1.0)
        ends.append((float(fleet.state["x"][0]), float(fleet.state["y"][0])))
        assert fleet.speed[0] == 0.0
    assert ends[0] == pytest.approx(ends[1], abs=1.0)


@settings(max_examples=60)
@given(
    speed=st.floats(-8.0, 60.0),
    sideways=st.floats(-20.0, 20.0),
    spin=st.floats(-6.0, 6.0),
    steer=st.floats(-1.0, 1.0),
    throttle=st.floats(0.0, 1.0),
    brake=st.floats(0.0, 1.0),
    hand_brake=st.booleans(),
    reverse=st.booleans(),
    delta_s=st.sampled_from([0.1, 0.05, 0.01, 0.001]),
)
def test_tyres_hold_no_more_than_they_can_whatever_the_driver_does(
    speed: float, sideways: float, spin: float, steer: float, throttle: float, brake: float, hand_brake: bool,
    reverse: bool, delta_s: float,
) -> None:  # fmt: skip
    fleet = Fleet(KINDS)
    fleet.state["vx"], fleet.state["vy"], fleet.state["yaw_rate"] = speed, sideways, spin
    for _ in range(20):
        s = fleet.drive(
            delta_s,
            delta_s=delta_s,
            steer=steer,
            throttle=throttle,
            brake=brake,
            hand_brake=hand_brake,
            reverse=reverse,
        )
        for field in ("x", "y", "z", "yaw", "pitch", "roll", "vx", "vy", "vz", "yaw_rate", "engine_omega"):
            assert np.isfinite(s[field]).all()
        force = np.hypot(s["longitudinal_force"], s["lateral_force"])
        assert (force <= 1.05 * FRICTION_TO_GRIP * fleet.parameters["friction"] * s["load"] + 1e-6).all()
