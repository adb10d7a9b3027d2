"""The map drives: pure pursuit of the route's own geometry, at the speed that limit and bends allow.

What an exact map and an exact position are worth without eyes: it stops for nobody and for no light.
"""

from __future__ import annotations

import math

import numpy as np

from harness.carla_client.route_plan import RoutePlan
from harness.closed_loop.mask_driver.path import Floats, continued
from harness.closed_loop.mask_driver.speed import SpeedControl, bend_speed
from harness.closed_loop.mask_driver.steering import pursuit_curvature, wheel
from harness.closed_loop.policy import DrivingObservation, EpisodeFacts, Explanation, Policy, Sense, VehicleControl

_BEHIND_M, _AHEAD_M = 4.0, 42.0


class RoutePolicy(Policy):
    """Follows the line of the map."""

    senses = frozenset({Sense.ROUTE})

    def __init__(self) -> None:
        """Nothing is needed before ``begin``."""
        self._facts: EpisodeFacts | None = None
        self._speed: SpeedControl | None = None
        self._explanation: Explanation | None = None

    def begin(self, episode: EpisodeFacts) -> None:
        """Start anew."""
        self._facts, self._speed = episode, SpeedControl(step_s=episode.decision_s)

    def act(self, observation: DrivingObservation) -> VehicleControl:
        """Towards the route's points ahead."""
        assert self._facts is not None
        assert self._facts.route is not None
        assert self._speed is not None
        vehicle = self._facts.vehicle
        line, here = route_ahead(self._facts.route, observation)
        target = min(observation.speed_limit, bend_speed(line, start_m=here, speed=observation.speed))
        pedals = self._speed.pedals(speed=observation.speed, target=target)
        curvature = pursuit_curvature(
            line, speed=observation.speed, yaw_rate=observation.yaw_rate, rear_axle_x_m=vehicle.rear_axle_x_m
        )
        self._explanation = Explanation(
            center_line=line[round(here) :].astype(np.float32),
            corridor_width_m=vehicle.width_m,
            target_speed=target,
        )
        return VehicleControl(
            throttle=pedals.throttle,
            steer=wheel(curvature, speed=observation.speed, vehicle=vehicle),
            brake=pedals.brake,
        )

    def explain(self) -> Explanation | None:
        """The way that it follows."""
        return self._explanation


def route_ahead(route: RoutePlan, observation: DrivingObservation) -> tuple[Floats, float]:
    """The route around the car in the ego frame (N, 2) [m], and how far along it the car is."""
    assert observation.pose is not None
    assert observation.route_s_m is not None
    s_m = observation.route_s_m
    at = np.arange(max(0.0, s_m - _BEHIND_M), min(route.length_m, s_m + _AHEAD_M), 1.0)
    world = np.stack([np.interp(at, route.s_m, route.points[:, axis]) for axis in (0, 1)], axis=1)
    yaw = math.radians(observation.pose[4])
    c, s = math.cos(yaw), math.sin(yaw)
    line = (world - np.array(observation.pose[:2])) @ np.array([[c, -s], [s, c]])
    if len(line) < 2:
        line = np.array([[-1.0, 0.0], [0.0, 0.0]])
    # Beyond the goal the way goes on straight, so that the car arrives without slowing down.
    return continued(line, length_m=_BEHIND_M + _AHEAD_M, curvature=0.0), s_m - float(at[0]) if len(at) else 1.0
