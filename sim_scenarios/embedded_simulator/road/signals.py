"""Traffic lights and priority signs: their OpenDRIVE records, poles, trigger volumes and green phases.

Lights hang from a mast arm on the *far* side of the junction, where the camera of a car at the stop line sees them;
the OpenDRIVE signal and the trigger volume lie at the stop line of the lanes they rule. One approach after the other
is green, as in CARLA's towns: where opposite ones were together, cars of the TrafficManager that turned left stood in
the junction for good.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array, wrap
from sim_scenarios.embedded_simulator.road.network import Arm, Junction, Network
from sim_scenarios.embedded_simulator.road.plan import LANE_WIDTH_M, STOP_LINE_M, Control
from sim_scenarios.embedded_simulator.road.town import SIDEWALK_HEIGHT_M, TrafficLightSite
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

POLE_BEHIND_KERB_M = 0.7
_TRIGGER_HALF_LENGTH_M = 5.0
_TRIGGER_HALF_HEIGHT_M = 1.5
SPEED_SIGN_ALONG_M = 30.0
_POLE_FOOT_PAST_EDGE_M = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class RoadSignal:
    """One OpenDRIVE signal of a street."""

    signal_id: int
    name: str
    s: float
    """[m] along the street."""
    t: float
    """[m] to the left of the street's direction."""
    orientation: str
    """'+' for traffic in the street's direction, '-' for the other."""
    type: str
    """1000001 traffic light, 206 stop, 205 yield, 274 speed limit."""
    subtype: str
    value: int
    """Speed limit [km/h], -1 for other signals."""
    is_dynamic: bool
    lanes: tuple[int, ...]
    """Ids of the lanes it rules."""


def light_id(arm: Arm) -> int:
    """Signal id of the traffic light at an arm."""
    return 10_000 + 10 * arm.street.road_id + (0 if arm.at_start else 1)


def must_wait(junction: Junction, arm: Arm) -> bool:
    """Whether there is a stop line at the arm: lights everywhere, otherwise where a side street joins."""
    if arm.lanes(incoming=True) == 0:
        return False
    return junction.plan.control is Control.LIGHTS or not junction.is_major(arm)


def signals_of(junction: Junction, arm: Arm) -> list[RoadSignal]:
    """The signals that traffic arriving at ``junction`` through ``arm``, or leaving by it, sees on its street."""
    signals = []
    if must_wait(junction, arm):
        name, kind = {
            Control.LIGHTS: ("Signal_3Light_Post01", "1000001"),
            Control.STOP: ("Sign_Stop", "206"),
            Control.YIELD: ("Sign_Yield", "205"),
            Control.ROUNDABOUT: ("Sign_Yield", "205"),
        }[junction.plan.control]
        signals.append(_signal(arm, light_id(arm), name, kind, along=STOP_LINE_M[1], incoming=True))
    if arm.lanes(incoming=False) == 0:
        return signals
    speed = arm.profile.speed_kmh
    sign_id = light_id(arm) + 5
    signals.append(
        _signal(arm, sign_id, f"Sign_Speed_{speed}", "274", speed_sign_along(arm), incoming=False, value=speed)
    )
    return signals


def speed_sign_along(arm: Arm) -> float:
    """How far from the junction the speed limit stands for traffic that leaves it [m]."""
    return min(SPEED_SIGN_ALONG_M, 0.5 * arm.street.length)


def _signal(
    arm: Arm, signal_id: int, name: str, kind: str, along: float, *, incoming: bool, value: int = -1
) -> RoadSignal:
    lanes = tuple(arm.lane_id(i, incoming=incoming) for i in range(arm.profile.lanes))
    is_forward = lanes[0] < 0
    aside = float(arm.street.kerb(arm.s(along))) + arm.profile.shoulder_m + POLE_BEHIND_KERB_M
    return RoadSignal(
        signal_id=signal_id,
        name=name,
        s=arm.s(along),
        t=-aside if is_forward else aside,
        orientation="+" if is_forward else "-",
        type=kind,
        subtype=str(value) if value > 0 else "-1",
        value=value,
        is_dynamic=kind == "1000001",
        lanes=lanes,
    )


def phases(junction: Junction) -> list[list[int]]:
    """Signal ids of a junction's lights by green phase; empty where there are none."""
    if junction.plan.control is not Control.LIGHTS:
        return []
    return [[light_id(arm)] for arm in _green_order(junction)]


def _green_order(junction: Junction) -> list[Arm]:
    """Approaches, a through street first, the stem of a T last."""
    arms = [arm for arm in junction.arms if arm.lanes(incoming=True) > 0]
    return sorted(arms, key=lambda arm: junction.opposite(arm) is None)


def traffic_light_sites(network: Network) -> tuple[TrafficLightSite, ...]:
    """One site for each approach of each junction with lights."""
    sites = []
    for junction in network.junctions:
        if junction.plan.control is Control.LIGHTS:
            sites += [_site(junction, arm, phase) for phase, arm in enumerate(_green_order(junction))]
    return tuple(sites)


def _site(junction: Junction, arm: Arm, phase: int) -> TrafficLightSite:
    heading = wrap(arm.yaw + math.pi)  # of the traffic that arrives
    foot, arm_m = pole_foot(junction, arm)
    facing = np.array([math.cos(arm.yaw), math.sin(arm.yaw)])
    aside = np.array([-facing[1], facing[0]])
    middle = arm.point(STOP_LINE_M[1] + _TRIGGER_HALF_LENGTH_M, -0.5 * arm.profile.carriageway_m) - foot
    return TrafficLightSite(
        opendrive_id=str(light_id(arm)),
        pose=Pose(
            Vector(float(foot[0]), float(foot[1]), junction.plan.z + SIDEWALK_HEIGHT_M),
            Rotation(0.0, math.degrees(arm.yaw), 0.0),
        ),
        arm_m=arm_m,
        group=junction.junction_id,
        phase=phase,
        trigger_center=Vector(
            float(middle @ facing), float(middle @ aside), _TRIGGER_HALF_HEIGHT_M - SIDEWALK_HEIGHT_M
        ),
        trigger_extent=Vector(_TRIGGER_HALF_LENGTH_M, 0.5 * arm.profile.carriageway_m - 0.2, _TRIGGER_HALF_HEIGHT_M),
        trigger_yaw_deg=0.0,
        stop_lane_yaw_deg=math.degrees(heading),
    )


def pole_foot(junction: Junction, arm: Arm) -> tuple[Array, float]:
    """Where the pole for traffic from ``arm`` stands (2,) and how long its mast arm is [m].

    Beyond the junction, to the right of the traffic; across from the stem of a T, behind the far kerb.
    """
    half = arm.profile.carriageway_m
    opposite = junction.opposite(arm)
    reach = 0.5 * half + POLE_BEHIND_KERB_M  # to the middle of the lanes it rules
    if opposite is not None:
        return opposite.point(_POLE_FOOT_PAST_EDGE_M, half + POLE_BEHIND_KERB_M), reach + 0.25 * LANE_WIDTH_M
    far_kerb = max(other.profile.carriageway_m for other in junction.arms if other is not arm)
    center = junction.center
    setback = float(np.hypot(*(arm.point(0.0, 0.0) - center)))
    along = -(setback + far_kerb + POLE_BEHIND_KERB_M)
    outward = np.array([math.cos(arm.yaw), math.sin(arm.yaw)])
    rightward = np.array([-outward[1], outward[0]])
    foot = arm.point(0.0, 0.0) + along * outward - (half + POLE_BEHIND_KERB_M) * rightward
    return foot, reach + 0.25 * LANE_WIDTH_M
