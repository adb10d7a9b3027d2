"""What a vehicle measures: axles, bumpers and how far its wheels turn, as the server tells it.

Wheel positions come in the world, in centimetres (``WheelPhysicsControl`` of CARLA 0.9.16, Unreal's own unit).
"""

from __future__ import annotations

from dataclasses import dataclass

import carla
import numpy as np

from harness.errors import ScenarioFileError

_CM = 0.01
_WHEELBASE_M = (0.5, 10.0)
"""Of anything that one would call a car; outside, the unit is another one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VehicleMeasures:
    """In the vehicle's own frame: origin on the ground under its middle, x forward."""

    wheelbase_m: float
    rear_axle_x_m: float
    front_m: float
    """From the origin to the front bumper."""
    rear_m: float
    """From the origin to the rear bumper, positive."""
    width_m: float
    max_steer_deg: float
    """Of the front wheels at full lock and standstill."""
    steering_curve: tuple[tuple[float, float], ...]
    """(speed [km/h], share of ``max_steer_deg`` at full lock), speeds rising."""


def vehicle_measures(vehicle: carla.Vehicle, transform: carla.Transform) -> VehicleMeasures:
    """Ask for them; ``transform`` is where the vehicle is now.

    Raises:
        ScenarioFileError: it has no two axles at a distance that cars have.
    """
    physics = vehicle.get_physics_control()
    forward, origin = transform.get_forward_vector(), transform.location
    along_m = np.array(
        [
            (wheel.position.x * _CM - origin.x) * forward.x + (wheel.position.y * _CM - origin.y) * forward.y
            for wheel in physics.wheels
        ]
    )
    front_x, rear_x = (along_m.max(), along_m.min()) if len(along_m) else (0.0, 0.0)
    if not _WHEELBASE_M[0] <= front_x - rear_x <= _WHEELBASE_M[1]:
        raise ScenarioFileError(
            f"the ego {vehicle.type_id} has {len(along_m)} wheels with {front_x - rear_x:g} m between its axles, "
            f"expected {_WHEELBASE_M[0]:g} to {_WHEELBASE_M[1]:g} m: choose a car as the ego's blueprint"
        )
    box = vehicle.bounding_box
    return VehicleMeasures(
        wheelbase_m=float(front_x - rear_x),
        rear_axle_x_m=float(rear_x),
        front_m=box.location.x + box.extent.x,
        rear_m=box.extent.x - box.location.x,
        width_m=2.0 * box.extent.y,
        max_steer_deg=max(wheel.max_steer_angle for wheel in physics.wheels),
        steering_curve=tuple(sorted((point.x, point.y) for point in physics.steering_curve)),
    )
