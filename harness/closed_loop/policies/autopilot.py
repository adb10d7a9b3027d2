"""CARLA's TrafficManager drives. It runs in the client, knows the map, the lights and where everybody is."""

from __future__ import annotations

from harness.closed_loop.policy import DrivingObservation, EpisodeFacts, Policy, Sense, VehicleControl


class AutopilotPolicy(Policy):
    """Says what the TrafficManager does; the rollout hands the car to it."""

    senses = frozenset({Sense.AUTOPILOT})

    def begin(self, episode: EpisodeFacts) -> None:
        """Nothing to prepare."""

    def act(self, observation: DrivingObservation) -> VehicleControl:
        """What is in force already."""
        return observation.applied
