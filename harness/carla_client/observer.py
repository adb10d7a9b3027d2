"""When the cameras of a drive or replay are made and asked, and what they saw as an ``Observation``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import carla

from harness.carla_client.actors import ActorScope, pose_of
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.observation import Observation
from harness.carla_client.sensors import CameraRig
from harness.carla_client.session import Session, server_lost
from harness.carla_client.weather import ShownWeather
from sim_scenarios.camera import CameraSpec

SETTLING_TICKS = 10
"""Before the first recorded frame, on a server whose exposure and textures settle over several frames."""
MAX_MISSED_FRAMES = 2
"""So many frames in a row that a camera owes, each waited for to the end, and it is taken for dead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraTiming:
    """When cameras are made, in ticks before the first recorded one, and how often they look."""

    settling_ticks: int
    sensor_tick_s: float


def camera_timing(endpoint: Endpoint, *, fixed_delta_seconds: float, record_every_n: int) -> CameraTiming:
    """CARLA's cameras look at every tick and are made early; the embedded simulator's look only when they are needed.

    CARLA's exposure adapts over frames, and its ``sensor_tick`` drifts against the recorded ticks (carla issue 3653).
    The embedded simulator has neither, and each frame that it need not render is time gained. What is recorded is the
    same: frames are matched by their number either way.
    """
    if not endpoint.embedded:
        return CameraTiming(settling_ticks=SETTLING_TICKS, sensor_tick_s=0.0)
    return CameraTiming(
        settling_ticks=0, sensor_tick_s=fixed_delta_seconds * record_every_n if record_every_n > 1 else 0.0
    )


class Observer:
    """The cameras on the ego and the weather; ``before_tick`` and ``after_tick`` are called around every tick."""

    def __init__(
        self,
        session: Session,
        scope: ActorScope,
        cast: Sequence[carla.Actor],
        ego: int,
        specs: Sequence[CameraSpec],
        *,
        weather: ShownWeather,
        record_every_n: int,
        first_tick: int,
    ) -> None:
        """Prepare; nothing is made before the first ``before_tick``.

        Args:
            session: Where the ego is.
            scope: Destroys the cameras.
            cast: All actors in the order of the drive log.
            ego: Which of them the cameras are attached to.
            specs: Cameras, each with a name of its own; may be none.
            weather: Follows its timeline.
            record_every_n: Every n-th tick is observed, tick 0 being one of them.
            first_tick: No tick before this one is observed, and no camera looks, but for settling.
        """
        self._session = session
        self._scope = scope
        self._cast = tuple(actor.id for actor in cast)
        self._ego = cast[ego]
        self._specs = tuple(specs)
        self._weather = weather
        self._record_every_n = record_every_n
        self._first_tick = -(-max(0, first_tick) // record_every_n) * record_every_n
        self._timing = camera_timing(
            session.endpoint, fixed_delta_seconds=session.fixed_delta_seconds, record_every_n=record_every_n
        )
        self._rig: CameraRig | None = None
        self._missed_frames: dict[str, int] = {}
        """In a row, by camera."""

    def before_tick(self, tick: int) -> None:
        """Set the weather and make the cameras if it is time; ``tick`` is counted from 0 after the warm-up."""
        self._weather.before_tick(tick)
        if self._rig is None and self._specs and tick >= self._first_tick - self._timing.settling_ticks:
            self._rig = CameraRig(
                self._scope,
                self._ego,
                self._specs,
                cast=self._cast,
                sensor_tick_s=self._timing.sensor_tick_s,
                server_is_alive=self._session.endpoint.is_alive,
            )
            self._weather.show_again()

    def after_tick(
        self, tick: int, snapshot: carla.WorldSnapshot, *, ego_speed: float | None = None
    ) -> Observation | None:
        """What was seen, if this is a recorded tick; waits for the images.

        Args:
            tick: Counted from 0 after the warm-up.
            snapshot: Of the world after this tick.
            ego_speed: [m/s]; None: as the snapshot has it.

        Raises:
            ServerLostError: no image arrives any more.
        """
        if tick < self._first_tick or tick % self._record_every_n:
            if self._rig is not None and self._timing.sensor_tick_s == 0.0:
                self._rig.expect(snapshot.frame)
            return None
        pairs, gaps = self._rig.receive(snapshot.frame, tick=tick) if self._rig is not None else ({}, ())
        self._missed_frames = {gap.camera: self._missed_frames.get(gap.camera, 0) + 1 for gap in gaps if gap.is_missing}
        is_camera_dead = MAX_MISSED_FRAMES in self._missed_frames.values()
        if gaps and (is_camera_dead or not self._session.endpoint.is_alive()):
            seen = "; ".join(f"{gap.camera}: {gap.reason}" for gap in gaps)
            raise server_lost(self._session.endpoint, "waiting for images", seen=seen)
        ego = snapshot.find(self._ego.id)
        return Observation(
            frame=snapshot.frame,
            tick=tick,
            timestamp_s=tick * self._session.fixed_delta_seconds,
            cameras=pairs,
            ego_transform=pose_of(ego.get_transform()),
            ego_speed=float(ego.get_velocity().length()) if ego_speed is None else ego_speed,
            gaps=gaps,
        )
