"""Drivers of a closed loop: the ego stands with its brake on until the first tick that counts.

Decisions:

- Every drive begins at standstill: what a drive is judged by is its own, not the warm-up's.
- A commanded ego shows the lamps that CARLA's TrafficManager would switch on: those for the weather, and the brake lamp
  from half of the brake on (VehicleLightStage.cpp).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import carla

from harness.carla_client.ego_drivers import AutopilotDriver
from harness.carla_client.session import Session
from harness.carla_client.weather import ShownWeather, lights_for

Pedals: TypeAlias = tuple[float, float, float]
"""Throttle 0..1, steer -1..1, brake 0..1."""
HOLD: Pedals = (0.0, 0.0, 1.0)
_BRAKE_LAMP = int(carla.VehicleLightState.Brake)
_BRAKE_LAMP_FROM = 0.5


class ControlQueue:
    """Which of the controls that were decided is in force."""

    def __init__(self) -> None:
        """Nothing was decided: hold."""
        self._due: list[tuple[int, Pedals]] = []
        """(from which tick on, what), in the order of the decisions."""
        self._now = HOLD

    def add(self, pedals: Pedals, *, from_tick: int) -> None:
        """Decide ``pedals``, for ``from_tick`` on."""
        self._due.append((from_tick, pedals))

    def clear(self) -> None:
        """Forget what was decided and is not in force yet."""
        self._due.clear()

    def at(self, tick: int) -> Pedals:
        """What is in force in ``tick``: of all that are due, what was decided last. Asked in the order of ticks."""
        due = [i for i, (from_tick, _) in enumerate(self._due) if from_tick <= tick]
        if due:
            self._now = self._due[due[-1]][1]
            del self._due[: due[-1] + 1]  # what was decided earlier and comes later is overtaken
        return self._now


class CommandedDriver:
    """Applies the controls that it is given, each from a tick of its own on."""

    def __init__(self, start: carla.Transform) -> None:
        """Wait at ``start``."""
        self.start = start
        self._queue = ControlQueue()
        self._sent: Pedals | None = None
        self._lamps: int | None = None

    def command(self, pedals: Pedals, *, from_tick: int) -> None:
        """Apply ``pedals`` from ``from_tick`` on, unless something that is decided later is due by then."""
        self._queue.add(pedals, from_tick=from_tick)

    def hold(self, *, from_tick: int) -> None:
        """Brake fully from ``from_tick`` on, whatever else was decided."""
        self._queue.clear()
        self._queue.add(HOLD, from_tick=from_tick)

    def take_over(self, session: Session, ego: carla.Actor) -> None:
        """Nothing: the brake is on already."""

    def before_tick(self, session: Session, ego: carla.Actor, tick: int, weather: ShownWeather) -> None:
        """Apply what is due."""
        now = self._queue.at(tick)
        commands: list[Any] = []
        if now != self._sent:
            throttle, steer, brake = now
            control = carla.VehicleControl(throttle=throttle, steer=steer, brake=brake)
            commands.append(carla.command.ApplyVehicleControl(ego, control))
            self._sent = now
        lamps = lights_for(weather.at(tick)) | (_BRAKE_LAMP if now[2] > _BRAKE_LAMP_FROM else 0)
        if lamps != self._lamps:
            commands.append(carla.command.SetVehicleLightState(ego.id, lamps))
            self._lamps = lamps
        if commands:
            session.client.apply_batch_sync(commands, False)

    def speed(self, tick: int) -> float | None:
        """As the server says."""
        return None


class WaitingAutopilotDriver(AutopilotDriver):
    """The TrafficManager along a way, from tick 0 on."""

    def __init__(self, start: carla.Transform, way: Sequence[carla.Location]) -> None:
        """See ``AutopilotDriver``."""
        super().__init__(start, way)
        self._brake = CommandedDriver(start)
        self._held_from: int | None = None

    def hold(self, *, from_tick: int) -> None:
        """Take the ego back and brake fully from ``from_tick`` on."""
        self._held_from = from_tick

    def take_over(self, session: Session, ego: carla.Actor) -> None:
        """Not yet."""

    def before_tick(self, session: Session, ego: carla.Actor, tick: int, weather: ShownWeather) -> None:
        """Wait during the warm-up; then hand over."""
        if tick < 0:
            self._brake.before_tick(session, ego, tick, weather)
        elif tick == 0:
            super().take_over(session, ego)
        elif self._held_from is not None and tick >= self._held_from:
            if tick == self._held_from:
                ego.set_autopilot(False, session.traffic_manager_port)
                self._brake = CommandedDriver(self.start)
            self._brake.before_tick(session, ego, tick, weather)
