"""Drive a scenario twice, replay it twice, and hold each run against the one before.

Four runs, each in a session of its own as recording and scoring have them: drive, drive, replay, replay. The first
drive's pictures and those of the first replay lie in a ``Spool`` each; the other runs are compared as they go, picture
by picture. So three questions are answered for each scenario: does a drive repeat itself, does a replay repeat itself,
and does a replay show what the drive showed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from harness.carla_client.drive import Drive, drive
from harness.carla_client.drive_log import DriveLog, Floats
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.observation import Observation
from harness.carla_client.replay import Replay, replay
from harness.carla_client.session import Session, open_session
from harness.determinism.compare import (
    PictureComparison,
    PictureDifference,
    PoseDifference,
    cast_difference,
    pose_difference,
)
from harness.determinism.spool import PLANES, Spool
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario

Question: TypeAlias = Literal["drive twice", "replay twice", "drive and replay"]
ProgressCallback: TypeAlias = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""
OnObservation: TypeAlias = Callable[[Observation], None]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Two runs of one scenario, held against each other."""

    scenario: str
    question: Question
    num_ticks: int
    """Compared, the warm-up included."""
    num_pictures: int
    """Compared: frames x cameras x planes."""
    cast: str | None
    """How the two casts differ; None: they do not. Poses of different casts are not compared."""
    poses: PoseDifference | None
    pictures: PictureDifference | None

    @property
    def is_identical(self) -> bool:
        """Nothing differs."""
        return self.cast is None and self.poses is None and self.pictures is None


def check_scenario(
    endpoint: Endpoint, scenario: Scenario, *, progress: ProgressCallback | None = None
) -> tuple[Answer, ...]:
    """Ask all three questions of one scenario, seen by its own cameras in its own weather.

    Raises:
        ScenarioFileError: the server cannot run it.
        ServerLostError: the server stopped answering.
    """
    runs = _Runs(endpoint, scenario, progress or (lambda what, done, total: None))
    with Spool() as drove, Spool() as shown:
        first = runs.drive("drive 1 of 2", drove.put)
        again = PictureComparison()
        second = runs.drive("drive 2 of 2", lambda seen: _compare(drove, seen, scenario.cameras, again))
        alike = PictureComparison()

        def keep_and_compare(seen: Observation) -> None:
            shown.put(seen)
            _compare(drove, seen, scenario.cameras, alike)

        poses = runs.replay("replay 1 of 2", first, keep_and_compare)
        repeated = PictureComparison()
        poses_again = runs.replay(
            "replay 2 of 2", first, lambda seen: _compare(shown, seen, scenario.cameras, repeated)
        )
    return (
        _answer("drive twice", first, second.transforms, again, cast=cast_difference(first.actors, second.actors)),
        _answer("replay twice", first, poses_again, repeated, against=poses),
        _answer("drive and replay", first, poses, alike),
    )


class _Runs:
    """Runs of one scenario on one server."""

    def __init__(self, endpoint: Endpoint, scenario: Scenario, progress: ProgressCallback) -> None:
        self._endpoint = endpoint
        self._scenario = scenario
        self._progress = progress

    def drive(self, what: str, on_observation: OnObservation) -> DriveLog:
        with self._session() as session:
            run = drive(session, self._scenario, cameras=self._scenario.cameras)
            self._observe(what, run, on_observation)
            return run.log

    def replay(self, what: str, log: DriveLog, on_observation: OnObservation) -> Floats:
        """(T, A, 6) where the server had all actors at all ticks."""
        poses: list[Floats] = []
        with self._session() as session:
            run = replay(
                session,
                log,
                weather=None,
                cameras=self._scenario.cameras,
                on_poses=lambda tick, at_tick: poses.append(at_tick),
            )
            self._observe(what, run, on_observation)
        return np.stack(poses)

    def _session(self) -> AbstractContextManager[Session]:
        return open_session(self._endpoint, fixed_delta_seconds=self._scenario.fixed_delta_seconds)

    def _observe(self, what: str, run: Drive | Replay, on_observation: OnObservation) -> None:
        with closing(iter(run)) as observations:
            for done, seen in enumerate(observations, start=1):
                on_observation(seen)
                self._progress(f"{self._scenario.name} {what}", done, self._scenario.num_frames)


def _compare(kept: Spool, seen: Observation, cameras: Sequence[CameraSpec], comparison: PictureComparison) -> None:
    for camera in cameras:
        pair = seen.cameras.get(camera.name)
        for plane in PLANES:
            if plane in ("rgb", "tags", *camera.planes):
                comparison.add(
                    tick=seen.tick,
                    camera=camera.name,
                    plane=plane,
                    one=kept.get(seen.tick, camera.name, plane),
                    other=None if pair is None else getattr(pair, plane),
                )


def _answer(
    question: Question,
    log: DriveLog,
    poses: Floats,
    pictures: PictureComparison,
    *,
    against: Floats | None = None,
    cast: str | None = None,
) -> Answer:
    """Poses of a run held against those of the log, or of another run; not if the casts differ."""
    before = log.transforms if against is None else against
    apart = pose_difference(before, poses, actors=log.actors, first_tick=-log.warmup_ticks) if cast is None else None
    return Answer(
        scenario=str(log.scenario["name"]),
        question=question,
        num_ticks=min(len(before), len(poses)),
        num_pictures=pictures.num_compared,
        cast=cast,
        poses=apart,
        pictures=pictures.difference,
    )
