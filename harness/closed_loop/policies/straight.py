"""Nobody drives: wheel straight, speed held. The lower bound, and how far a road goes straight by itself."""

from __future__ import annotations

from harness.closed_loop.mask_driver.speed import SpeedControl
from harness.closed_loop.policy import DrivingObservation, EpisodeFacts, Policy, VehicleControl

SPEED_MPS = 6.0


class StraightPolicy(Policy):
    """Sees nothing."""

    def __init__(self) -> None:
        """Nothing is needed before ``begin``."""
        self._speed: SpeedControl | None = None

    def begin(self, episode: EpisodeFacts) -> None:
        """Start anew."""
        self._speed = SpeedControl(step_s=episode.decision_s)

    def act(self, observation: DrivingObservation) -> VehicleControl:
        """Straight on, at the limit or ``SPEED_MPS``, whichever is less."""
        assert self._speed is not None
        pedals = self._speed.pedals(speed=observation.speed, target=min(SPEED_MPS, observation.speed_limit))
        return VehicleControl(throttle=pedals.throttle, brake=pedals.brake)
