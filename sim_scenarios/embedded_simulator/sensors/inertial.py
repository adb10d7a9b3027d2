"""The IMU: what an ideal one on a rigid body feels, plus the noise its blueprint asks for.

At rest it shows gravity upwards. The compass is 0 towards north (-y), pi/2 towards east (+x)
(Carla/Sensor/InertialMeasurementUnit.cpp, ``ComputeCompass``). The acceleration is that of the sensor's own place, as
there. Two differences: the first readings, which CARLA makes from places that it does not know yet, are sensible; and
on a turned mount the gyroscope shows the turning about the sensor's own axes, where CARLA turns it the wrong way.
"""

from __future__ import annotations

import math

import numpy as np

from sim_scenarios.embedded_simulator.wire.sensor_data import pack_imu
from sim_scenarios.embedded_simulator.world.actors import Sensor
from sim_scenarios.embedded_simulator.world.geometry import rotate_back, rotation_matrix
from sim_scenarios.embedded_simulator.world.snapshot import Vector


def measure_imu(sensor: Sensor, *, acceleration: Vector, gravity: float, noise: np.random.Generator) -> bytes:
    """Payload of an IMU message; ``acceleration`` is the sensor's, world axes [m/s^2]."""
    axes = rotation_matrix(sensor.pose.rotation)
    felt = Vector(acceleration.x, acceleration.y, acceleration.z + gravity)
    turning = Vector(*(math.radians(rate) for rate in sensor.angular_velocity))
    return pack_imu(
        accelerometer=_noisy(rotate_back(axes, felt), sensor, "noise_accel_stddev", "", noise),
        gyroscope=_noisy(rotate_back(axes, turning), sensor, "noise_gyro_stddev", "noise_gyro_bias", noise),
        compass=math.atan2(axes[0][0], -axes[1][0]) % math.tau,
    )


def _noisy(ideal: Vector, sensor: Sensor, deviation: str, bias: str, noise: np.random.Generator) -> Vector:
    parts = []
    for axis, value in zip("xyz", ideal, strict=True):
        sigma = sensor.number(f"{deviation}_{axis}")
        offset = sensor.number(f"{bias}_{axis}") if bias else 0.0
        parts.append(value + offset + sigma * noise.standard_normal())
    return Vector(*parts)
