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
from harness.carla_client.weather import to_carla
from sim_scenarios.camera import CameraSpec
from sim_scenarios.weather import Weather

SETTLING_TICKS = 10
"""Before the first recorded frame, on a server whose exposure and textures settle over several frames."""
MAX_EMPTY_FRAMES = 2
"""So many frames in a row without any pair, each waited for to the end, and the cameras are taken for dead."""


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
    """The cameras on the ego; ``before_tick`` and ``after_tick`` are called around every tick."""

    def __init__(
        self,
        session: Session,
        scope: ActorScope,
        ego: carla.Actor,
        specs: Sequence[CameraSpec],
        *,
        weather: Weather,
        record_every_n: int,
    ) -> None:
        self._session = session
        self._scope = scope
        self._ego = ego
        self._specs = tuple(specs)
        self._weather = weather
        self._record_every_n = record_every_n
        self._timing = camera_timing(
            session.endpoint, fixed_delta_seconds=session.fixed_delta_seconds, record_every_n=record_every_n
        )
        self._rig: CameraRig | None = None
        self._empty_frames = 0

    def before_tick(self, tick: int) -> None:
        """Make the cameras if it is time; ``tick`` is counted from 0 after the warm-up."""
        if self._rig is None and self._specs and tick >= -self._timing.settling_ticks:
            session = self._session
            self._rig = CameraRig(
                self._scope,
                self._ego,
                self._specs,
                sensor_tick_s=self._timing.sensor_tick_s,
                server_is_alive=session.endpoint.is_alive,
            )
            # Again, now that there are cameras: CARLA attaches rain to those that exist (carla issue 1606).
            session.world.set_weather(to_carla(self._weather))

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
        if tick < 0 or tick % self._record_every_n:
            if self._rig is not None and self._timing.sensor_tick_s == 0.0:
                self._rig.expect(snapshot.frame)
            return None
        pairs, gaps = self._rig.receive(snapshot.frame) if self._rig is not None else ({}, ())
        self._empty_frames = self._empty_frames + 1 if gaps and not pairs else 0
        if gaps and (self._empty_frames >= MAX_EMPTY_FRAMES or not self._session.endpoint.is_alive()):
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
