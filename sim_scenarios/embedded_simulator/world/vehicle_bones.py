"""Names and places of a vehicle's bones, as CARLA's skeletons call them."""

from __future__ import annotations

import math

from sim_scenarios.embedded_simulator.world.actors import Vehicle
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.vehicle_physics import wheel_places

_FOUR_WHEELS = ("Wheel_Front_Left", "Wheel_Front_Right", "Wheel_Rear_Left", "Wheel_Rear_Right")
_TWO_WHEELS = ("Wheel_Front", "Wheel_Rear")
_BODY = "Vehicle_Base"


def vehicle_bones(vehicle: Vehicle) -> dict[str, Pose]:
    """Body and wheels on the vehicle; wheels are turned about their axles and steered."""
    names = _FOUR_WHEELS if vehicle.spec.number_of_wheels == 4 else _TWO_WHEELS
    row = vehicle.state[0]
    poses = {_BODY: Pose()}
    for k, (name, (along, across)) in enumerate(zip(names, wheel_places(vehicle.spec), strict=True)):
        turned, steered = math.degrees(row["rotation"][k]), math.degrees(row["wheel_angle"][k])
        axle = Vector(along, across, float(vehicle.parameters["radius"][0, k]))
        poses[name] = Pose(axle, Rotation(-turned, steered, 0.0))
    return poses
