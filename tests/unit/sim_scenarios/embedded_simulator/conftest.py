"""A town of one straight street: small enough to reason about, and built in no time.

The street runs along +x from 0 to 200 m with one driving lane each way (y > 0: eastward; CARLA's y points right), a
sidewalk on either side, one traffic light for eastbound traffic at x = 100, a house and a pole.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.town import Lot, Placement, Surface, Town, TrafficLightSite
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import StaticTown, World

OPENDRIVE = """<?xml version="1.0"?>
<OpenDRIVE>
  <header revMajor="1" revMinor="4" name="street" north="0" south="0" east="0" west="0">
    <geoReference>+proj=tmerc +lat_0=49 +lon_0=8 +datum=WGS84 +units=m +no_defs</geoReference>
  </header>
  <road name="street" length="200.0" id="7" junction="-1">
    <type s="0" type="town"/>
    <planView><geometry s="0" x="0" y="0" hdg="0" length="200.0"><line/></geometry></planView>
    <lanes><laneSection s="0">
      <left><lane id="1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></left>
      <center><lane id="0" type="none" level="false"/></center>
      <right><lane id="-1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right>
    </laneSection></lanes>
  </road>
</OpenDRIVE>
"""


def _rectangle(x0: float, y0: float, x1: float, y1: float, z: float, *, tag: int, material: str) -> Surface:
    corners = np.array([(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)], np.float32)
    return Surface(
        positions=corners,
        triangles=np.array([(0, 1, 2), (0, 2, 3)], np.int32),
        uvs=corners[:, :2].copy(),
        material=material,
        tag=tag,
    )


@pytest.fixture(scope="session")
def street_town() -> Town:
    light = TrafficLightSite(
        opendrive_id="501",
        pose=Pose(Vector(100.0, 5.0, 0.0), Rotation(0.0, 180.0, 0.0)),
        arm_m=4.0,
        group=0,
        phase=0,
        trigger_center=Vector(8.0, 3.25, 1.0),
        trigger_extent=Vector(6.0, 1.5, 2.0),
        trigger_yaw_deg=0.0,
        stop_lane_yaw_deg=0.0,
    )
    spawn_points = tuple(Pose(Vector(10.0 + 12.0 * i, 1.75, 0.3), Rotation()) for i in range(6))
    return Town(
        name="Street",
        opendrive=OPENDRIVE,
        spawn_points=spawn_points,
        surfaces=(
            _rectangle(0, -3.5, 200, 3.5, 0.0, tag=1, material="asphalt"),
            _rectangle(0, 3.5, 200, 6.5, 0.15, tag=2, material="sidewalk"),
            _rectangle(0, -6.5, 200, -3.5, 0.15, tag=2, material="sidewalk"),
        ),
        lots=(Lot(center=Vector(50, 15, 0), yaw_deg=-90, depth_m=10, width_m=12, storeys=2, style="house", seed=1),),
        placements=(Placement(kind="pole", location=Vector(150.0, 1.75, 0.0), yaw_deg=0.0),),
        traffic_lights=(light,),
        navigation_mesh=b"mesh of the street",
        bounds_min=Vector(0.0, -6.5, 0.0),
        bounds_max=Vector(200.0, 6.5, 0.15),
        speed_limits_kmh={7: 50},
    )


@pytest.fixture(scope="session")
def street(street_town: Town) -> StaticTown:
    return StaticTown(street_town)


@pytest.fixture
def world(street: StaticTown) -> World:
    return World("Street", street)
