"""Vehicles for the tests of the kernel: rows of the catalogue on ground that a function describes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics import vehicle
from sim_scenarios.embedded_simulator.physics.vehicle_rows import COMMANDS, MAX_WHEELS, STATE
from sim_scenarios.embedded_simulator.physics.wheel_points import wheel_points
from sim_scenarios.embedded_simulator.world.powertrains import default_physics
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES
from sim_scenarios.embedded_simulator.world.vehicle_parameters import parameters_of
from sim_scenarios.embedded_simulator.world.vehicle_physics import VehiclePhysics

SPECS = {spec.id.removeprefix("vehicle."): spec for spec in VEHICLES}
Height = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


def flat(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.zeros_like(x)


class Fleet:
    """Rows of some vehicles, at rest at the origin, and what drives them."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        ground: Height = flat,
        physics: VehiclePhysics | None = None,
        substep_s: float = vehicle.SUBSTEP_S,
    ) -> None:
        specs = [SPECS[name] for name in names]
        self.parameters: NDArray[Any] = np.concatenate(
            [parameters_of(spec, physics or default_physics(spec)) for spec in specs]
        )
        self.state = np.zeros(len(specs), STATE)
        self.state["gear"] = 1
        self.commands = np.zeros(len(specs), COMMANDS)
        self.commands["gravity"], self.commands["friction"] = vehicle.GRAVITY, -1.0
        self.ground, self.substep_s = ground, substep_s

    def drive(self, seconds: float, *, delta_s: float = 0.05, **commands: Any) -> NDArray[Any]:
        """Drives on under changed commands and returns the state."""
        for name, value in commands.items():
            self.commands[name] = value
        for _ in range(round(seconds / delta_s)):
            points = np.empty((len(self.state), 2, MAX_WHEELS, 3))
            wheel_points(self.state, self.parameters, delta_s, points)
            heights = self.ground(points[..., 0], points[..., 1])
            vehicle.advance(
                self.state,
                self.parameters,
                self.commands,
                heights,
                delta_s=delta_s,
                substep_s=self.substep_s,
            )
        return self.state

    def roll_at(self, speed: float) -> Fleet:
        """Sets all of them going straight ahead, in a gear for that speed."""
        self.state["vx"] = speed * np.cos(self.state["yaw"])
        self.state["vy"] = speed * np.sin(self.state["yaw"])
        self.state["asleep"] = 0
        for row, own in zip(self.state, self.parameters, strict=True):
            omegas = speed / own["radius"][0] * own["ratios"][2 : 2 + own["gears"]]
            row["gear"] = 1 + int(np.argmax(omegas < 0.9 * own["max_omega"]))
            row["engine_omega"] = own["idle_omega"]
        return self

    @property
    def speed(self) -> NDArray[np.float64]:
        return np.hypot(self.state["vx"], self.state["vy"])
