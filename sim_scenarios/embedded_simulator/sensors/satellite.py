"""The GNSS receiver: the sensor's place on Earth by the map's geo reference, plus the noise its blueprint asks for.

The place is what the client's ``Map.transform_to_geolocation`` gives. In 0.9.16 latitude grows with y, although the
IMU's compass has its north at -y; CARLA mended that later (its pull request 9552).
"""

from __future__ import annotations

import numpy as np

from sim_scenarios.embedded_simulator.wire.sensor_data import pack_gnss
from sim_scenarios.embedded_simulator.world.actors import Sensor
from sim_scenarios.embedded_simulator.world.roads import Roads


def measure_gnss(sensor: Sensor, roads: Roads, *, noise: np.random.Generator) -> bytes:
    """Payload of a GNSS message."""
    latitude, longitude, altitude = (
        value + sensor.number(f"noise_{name}_bias") + sensor.number(f"noise_{name}_stddev") * noise.standard_normal()
        for name, value in zip(("lat", "lon", "alt"), roads.geolocation(sensor.pose.location), strict=True)
    )
    return pack_gnss(latitude=latitude, longitude=longitude, altitude=altitude)
