"""What an event camera (DVS) is asked for: its attributes, read and checked when it is spawned.

Names, defaults and meanings are CARLA's (Carla/Sensor/DVSCamera.cpp).
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_scenarios.embedded_simulator.world.attribute_values import is_on, number_within
from sim_scenarios.embedded_simulator.world.description import ActorDescription

_LEAST_THRESHOLD = 0.001
"""With none at all, a change of brightness would be endlessly many events."""
_LARGEST = 1e9
_LONGEST_NS = 10**18


@dataclass(frozen=True, kw_only=True, slots=True)
class EventShape:
    """When a pixel sends an event.

    Brightness is ``log(log_eps + grey / 255)``, or grey itself (0..255) without ``use_log``.
    """

    positive_threshold: float
    """By how much it must have risen since the pixel's last event."""
    negative_threshold: float
    """By how much it must have fallen."""
    sigma_positive_threshold: float
    """Standard deviation of the threshold, drawn anew for each pixel and image."""
    sigma_negative_threshold: float
    refractory_period_ns: int
    """A pixel sends nothing for so long after an event."""
    use_log: bool
    log_eps: float


def event_shape(description: ActorDescription) -> EventShape:
    """The shape of an event camera.

    Raises:
        WorldError: A value cannot be meant.
    """
    return EventShape(
        positive_threshold=number_within(description, "positive_threshold", 0.3, _LEAST_THRESHOLD, _LARGEST),
        negative_threshold=number_within(description, "negative_threshold", 0.3, _LEAST_THRESHOLD, _LARGEST),
        sigma_positive_threshold=number_within(description, "sigma_positive_threshold", 0.0, 0.0, _LARGEST),
        sigma_negative_threshold=number_within(description, "sigma_negative_threshold", 0.0, 0.0, _LARGEST),
        refractory_period_ns=int(number_within(description, "refractory_period_ns", 0, 0, _LONGEST_NS)),
        use_log=is_on(description, "use_log", default=True),
        log_eps=number_within(description, "log_eps", 0.001, 1e-9, _LARGEST),
    )
