"""One server and its session: scenarios driven without cameras, and replayed under any weather for any camera.

The session is kept open from one job to the next while they have the same time step: opening one, and loading its town,
takes longer than a short replay.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType

from harness.carla_client.drive import drive
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.log_checks import require_drive_of, require_made_here
from harness.carla_client.observation import Observation
from harness.carla_client.replay import replay
from harness.carla_client.session import Session, open_session
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather_timeline import WeatherTimeline


class Simulator:
    """A server that drives and replays, one thing at a time, while its ``with`` block lasts."""

    def __init__(self, endpoint: Endpoint, *, tick_timeout_s: float) -> None:
        """Name the server; nothing is asked of it yet.

        Args:
            endpoint: the server.
            tick_timeout_s: wall-clock time that one tick may take [s].
        """
        self._endpoint = endpoint
        self._tick_timeout_s = tick_timeout_s
        self._open = ExitStack()
        self._session: Session | None = None
        self._num_notes_told = 0

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close_session()

    def close_session(self) -> None:
        """Leave the server as it was found; the next job opens a session anew."""
        self._session, self._num_notes_told = None, 0
        self._open.close()

    def drive(self, scenario: Scenario, log: Path, *, on_frame: Callable[[int], None]) -> tuple[str, ...]:
        """Drive a scenario without cameras and write its log.

        Args:
            scenario: what is driven.
            log: file for the log.
            on_frame: told how many frames' worth were driven.

        Returns:
            What the scenario asks for and the town had no room for.

        Raises:
            ScenarioFileError: the server cannot run the scenario.
            ServerLostError: the server stopped answering.
        """
        making = drive(self.session_with(scenario.fixed_delta_seconds), scenario, cameras=())
        for done, _ in enumerate(making, start=1):
            on_frame(done)
        log.parent.mkdir(parents=True, exist_ok=True)
        making.log.save(log)
        return making.shortfalls

    def load_log(self, log: Path, scenario: Scenario) -> DriveLog:
        """Read the log of a drive of ``scenario``.

        Raises:
            DataError: it is missing, damaged, of another server version, or of a scenario that was defined otherwise.
        """
        loaded = DriveLog.load(log)
        require_made_here(loaded, self._endpoint, path=log)
        require_drive_of(loaded, scenario, path=log)
        return loaded

    @contextmanager
    def replay(
        self, log: DriveLog, timeline: WeatherTimeline, cameras: Sequence[CameraSpec]
    ) -> Generator[Generator[Observation, None, None], None, None]:
        """Show a drive under a weather to cameras; the replay ends with the block."""
        session = self.session_with(log.fixed_delta_seconds)
        with closing(iter(replay(session, log, weather=timeline, cameras=cameras))) as observations:
            yield observations

    def session_with(self, fixed_delta_seconds: float) -> Session:
        """The session with this time step [s]: the one that is open, or a new one."""
        if self._session is None or self._session.fixed_delta_seconds != fixed_delta_seconds:
            self.close_session()
            self._session = self._open.enter_context(
                open_session(
                    self._endpoint, fixed_delta_seconds=fixed_delta_seconds, tick_timeout_s=self._tick_timeout_s
                )
            )
        return self._session

    def new_notes(self) -> list[str]:
        """What the session has noted about the server since the last call."""
        notes = [] if self._session is None else self._session.notes[self._num_notes_told :]
        self._num_notes_told += len(notes)
        return notes
