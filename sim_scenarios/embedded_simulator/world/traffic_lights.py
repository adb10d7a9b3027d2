"""When the lights change, and which vehicle stands before which.

A group (one junction) cycles through its phases: the lights of the current phase are green, then yellow, then the whole
group is red for a moment, then the next phase. ``set_state`` by a client holds until the group's next change;
``freeze`` stops the group (Carla/Traffic/TrafficLightGroup.cpp behaves alike).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim_scenarios.embedded_simulator.physics.light_boxes import light_boxes_at
from sim_scenarios.embedded_simulator.world.actors import TrafficLight, Vehicle
from sim_scenarios.embedded_simulator.world.geometry import transform_point
from sim_scenarios.embedded_simulator.world.snapshot import TrafficLightState

_STAGES = (TrafficLightState.GREEN, TrafficLightState.YELLOW, TrafficLightState.RED)
_MAX_HEADING_ERROR_DEG = 60.0
_LEVEL_M = 1.5
"""What is farther above or below a trigger box than this is on another level of the road."""


class SignalGroup:
    """The lights of one junction and where they are in their cycle."""

    def __init__(self, lights: Sequence[TrafficLight]) -> None:
        self.lights = tuple(lights)
        by_phase: dict[int, list[TrafficLight]] = {}
        for light in lights:
            by_phase.setdefault(light.site.phase, []).append(light)
        self._phases = [members for _, members in sorted(by_phase.items())]
        self.frozen = False
        self.reset()

    def reset(self) -> None:
        """Starts the cycle anew: first phase, green."""
        self._phase = 0
        self._stage = 0
        self._elapsed_s = 0.0
        self._show()

    def set_frozen(self, frozen: bool) -> None:
        """Stops or continues the cycle."""
        self.frozen = frozen
        for light in self.lights:
            light.frozen = frozen

    def override(self, light: TrafficLight, state: TrafficLightState) -> None:
        """One light shows ``state`` until the group's next change, a whole stage from now."""
        light.state = state
        self._elapsed_s = light.elapsed_s = 0.0

    def advance(self, delta_s: float) -> None:
        """Lets time pass; at most one change happens in a tick."""
        if self.frozen:
            return
        self._elapsed_s += delta_s
        duration = self._stage_duration_s()
        if self._elapsed_s >= duration:
            self._elapsed_s = min(self._elapsed_s - duration, delta_s)
            self._next_stage()
        for light in self.lights:
            light.elapsed_s = self._elapsed_s

    def _stage_duration_s(self) -> float:
        current = self._phases[self._phase]
        match _STAGES[self._stage]:
            case TrafficLightState.GREEN:
                return max(light.green_s for light in current)
            case TrafficLightState.YELLOW:
                return max(light.yellow_s for light in current)
            case _:
                return max(light.red_s for light in current)

    def _next_stage(self) -> None:
        self._stage = (self._stage + 1) % len(_STAGES)
        if self._stage == 0:
            self._phase = (self._phase + 1) % len(self._phases)
        self._show()

    def _show(self) -> None:
        for light in self.lights:
            light.state, light.elapsed_s = TrafficLightState.RED, self._elapsed_s
        for light in self._phases[self._phase]:
            light.state = _STAGES[self._stage]


class TrafficLightControl:
    """All groups of a town and the trigger volumes of their lights."""

    def __init__(self, lights: Sequence[TrafficLight]) -> None:
        by_group: dict[int, list[TrafficLight]] = {}
        for light in lights:
            by_group.setdefault(light.site.group, []).append(light)
        self._groups = {number: SignalGroup(members) for number, members in sorted(by_group.items())}
        self._triggers = _TriggerVolumes(lights)

    def group_of(self, light: TrafficLight) -> SignalGroup:
        """The group a light belongs to."""
        return self._groups[light.site.group]

    def advance(self, delta_s: float) -> None:
        """One tick of every group."""
        for group in self._groups.values():
            group.advance(delta_s)

    def reset_all(self) -> None:
        """Every group starts its cycle anew."""
        for group in self._groups.values():
            group.reset()

    def freeze_all(self, frozen: bool) -> None:
        """Stops or continues every group."""
        for group in self._groups.values():
            group.set_frozen(frozen)

    def watch(self, vehicles: Sequence[Vehicle]) -> None:
        """Tells each vehicle which light, if any, it stands before."""
        for vehicle, light in zip(vehicles, self._triggers.lights_at(vehicles), strict=True):
            vehicle.traffic_light = light


class _TriggerVolumes:
    """Turned boxes on the ground, all tested against all vehicles at once."""

    def __init__(self, lights: Sequence[TrafficLight]) -> None:
        self._lights = tuple(lights)
        centers = [transform_point(light.site.pose, light.site.trigger_center) for light in lights]
        yaws = [math.radians(light.site.pose.rotation.yaw + light.site.trigger_yaw_deg) for light in lights]
        self._boxes = np.array(
            [
                (
                    *center,
                    math.cos(yaw),
                    math.sin(yaw),
                    *light.site.trigger_extent,
                    light.site.stop_lane_yaw_deg,
                )
                for light, center, yaw in zip(lights, centers, yaws, strict=True)
            ]
        )  # (L, 9)

    def lights_at(self, vehicles: Sequence[Vehicle]) -> list[TrafficLight | None]:
        if not self._lights or not vehicles:
            return [None] * len(vehicles)
        states = np.array([(*v.pose.location, v.pose.rotation.yaw) for v in vehicles])  # (V, 4)
        found = light_boxes_at(states, self._boxes, _LEVEL_M, _MAX_HEADING_ERROR_DEG).tolist()
        return [None if number < 0 else self._lights[number] for number in found]
