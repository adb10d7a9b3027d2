"""Drives of scenarios on a server: driven once without cameras, or taken from a recording, then replayed at will.

A drive log that had to be made is kept beside the tables (``drives/<scenario>.npz``), so that a resumed run replays the
very same drive, and so that the score can be repeated under other weathers later.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.carla_client.drive import drive
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.observation import Observation
from harness.carla_client.replay import replay
from harness.carla_client.session import Session, open_session
from harness.errors import DataError
from harness.scoring.runner import ProgressCallback
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import Weather

_DECIDES_THE_DRIVE = (
    "town", "seed", "duration_s", "fixed_delta_seconds", "record_every_n", "warmup_ticks", "ego", "traffic",
)  # fmt: skip
"""Fields of a scenario that change what happens in it; weather and cameras only change how it looks."""


class LoggedDrive:
    """A drive log on a session that can replay it."""

    def __init__(self, session: Session, log: DriveLog) -> None:
        self._session = session
        self._log = log

    @property
    def num_frames(self) -> int:
        """Recorded ticks of the log."""
        return self._log.num_frames

    def replay(self, weather: Weather, cameras: Sequence[CameraSpec]) -> Generator[Observation, None, None]:
        """Show the drive under ``weather`` to ``cameras``."""
        yield from replay(self._session, self._log, weather=weather, cameras=cameras)


class DriveOpener:
    """Opens the drive of a scenario in a session of its own, which ends with the context."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        kept: Path,
        recorded: Path | None = None,
        progress: ProgressCallback | None = None,
    ) -> None:
        """Say where drive logs are.

        Args:
            endpoint: the server.
            kept: folder for the logs that are made; those that lie there already are used again.
            recorded: a recording whose logs are taken instead.
            progress: told about the ticks of drives that are made.
        """
        self._endpoint = endpoint
        self._kept = kept
        self._recorded = recorded
        self._progress = progress or (lambda what, done, total: None)

    def check(self, scenarios: Sequence[Scenario]) -> None:
        """Read every log that a recording is to give, so that a missing one is known before the first tick.

        Raises:
            DataError: a log is missing, damaged, or of a scenario that was defined otherwise.
        """
        if self._recorded is not None:
            for scenario in scenarios:
                self._load(self._recorded / "drives", scenario)

    @contextmanager
    def __call__(self, scenario: Scenario) -> Iterator[LoggedDrive]:
        """Get the drive of ``scenario``, driving it if there is no log yet."""
        log = self._existing_log(scenario)
        delta = scenario.fixed_delta_seconds
        with open_session(self._endpoint, fixed_delta_seconds=delta) as session:
            yield LoggedDrive(session, self._make_log(session, scenario) if log is None else log)

    def _existing_log(self, scenario: Scenario) -> DriveLog | None:
        if self._recorded is not None:
            return self._load(self._recorded / "drives", scenario)
        if (self._kept / f"{scenario.name}.npz").exists():
            return self._load(self._kept, scenario)
        return None

    def _make_log(self, session: Session, scenario: Scenario) -> DriveLog:
        making = drive(session, scenario, cameras=())
        for done, _ in enumerate(making, start=1):
            self._progress("drive", done, scenario.num_frames)
        self._kept.mkdir(parents=True, exist_ok=True)
        making.log.save(self._kept / f"{scenario.name}.npz")
        return making.log

    @staticmethod
    def _load(folder: Path, scenario: Scenario) -> DriveLog:
        path = folder / f"{scenario.name}.npz"
        log = DriveLog.load(path)
        wanted = scenario.model_dump(mode="json")
        for field in _DECIDES_THE_DRIVE:
            seen = log.scenario.get(field)
            if seen != wanted[field]:
                raise DataError(
                    f"drive log {path} was made with {field} {seen!r}, but scenario {scenario.name} has "
                    f"{wanted[field]!r}: record it again, or use the suite and the --seed that it was recorded with"
                )
        return log
