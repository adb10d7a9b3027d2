"""A drive with instruments on its ego: each tick comes as plain data, each observed tick with its pictures, too."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import carla

from harness.carla_client.drive import Drive, drive
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.ego_drivers import EgoDriver
from harness.carla_client.ego_instruments import EgoInstruments, EgoReading
from harness.carla_client.observation import Observation
from harness.carla_client.route_plan import RoutePlan
from harness.carla_client.session import Session
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario


class WatchedDrive:
    """One drive of a scenario along a route; iterate once over it, then take its log."""

    def __init__(
        self,
        session: Session,
        scenario: Scenario,
        *,
        driver: EgoDriver,
        plan: RoutePlan,
        cameras: Sequence[CameraSpec],
        observe_every_n: int,
        extra_ticks: int,
        on_reading: Callable[[int, EgoReading], None],
    ) -> None:
        """Prepare; nothing happens before it is iterated.

        Args:
            session: With the scenario's time step.
            scenario: What is to happen.
            driver: Of the ego.
            plan: Where the ego is to go.
            cameras: Who sees it; may be none.
            observe_every_n: There is an observation of every n-th tick, the first one included.
            extra_ticks: So many more than the scenario's duration, unless ``end`` is called.
            on_reading: Called after each tick from 0 on, before its pictures are waited for.
        """
        self._session = session
        self._plan = plan
        self._on_reading = on_reading
        self._instruments: EgoInstruments | None = None
        self._drive: Drive = drive(
            session,
            scenario,
            cameras=cameras,
            driver=driver,
            observe_every_n=observe_every_n,
            extra_ticks=extra_ticks,
            on_tick=self._on_tick,
        )

    @property
    def instruments(self) -> EgoInstruments:
        """On the ego, from tick 0 on."""
        assert self._instruments is not None, "instruments are there from tick 0 on"
        return self._instruments

    @property
    def log(self) -> DriveLog:
        """Of the ticks that were driven so far."""
        return self._drive.log

    @property
    def shortfalls(self) -> tuple[str, ...]:
        """What the scenario asks for and the town had no room for, one sentence each."""
        return self._drive.shortfalls

    def end(self) -> None:
        """The tick that is being driven is the last one."""
        self._drive.end()

    def __iter__(self) -> Generator[Observation, None, None]:
        """Drive; see ``Drive`` for what it raises."""
        yield from self._drive

    def _on_tick(self, tick: int, snapshot: carla.WorldSnapshot) -> None:
        if tick == -1:  # there is always one: the first tick of the warm-up spawns
            self._instruments = EgoInstruments(self._session, self._drive, self._plan, first_tick=0)
        elif tick >= 0:
            self._on_reading(tick, self.instruments.read(snapshot))
