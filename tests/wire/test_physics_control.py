"""The largest struct, there and back."""

from __future__ import annotations

import msgpack
import pytest

from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.physics_control import pack_physics, unpack_physics
from sim_scenarios.embedded_simulator.world.snapshot import Vector
from sim_scenarios.embedded_simulator.world.vehicle_physics import CurvePoint, Gear, VehiclePhysics, Wheel

PHYSICS = VehiclePhysics(
    torque_curve=(CurvePoint(0.0, 1.0),),
    forward_gears=(Gear(1.0, 2.0, 3.0),),
    mass=1234.0,
    center_of_mass=Vector(1.0, 2.0, 3.0),
    wheels=(Wheel(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, Vector(10.0, 11.0, 12.0)),),
)


def test_field_order() -> None:
    packed = msgpack.unpackb(msgpack.packb(pack_physics(PHYSICS)))
    assert len(packed) == 17
    assert packed[0] == [[0.0, 1.0]]
    assert packed[6] is True  # use_gear_autobox
    assert packed[10] == [[1.0, 2.0, 3.0]]
    assert packed[11] == 1234.0
    assert packed[15] == [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, [10.0, 11.0, 12.0]]]


def test_round_trip() -> None:
    assert unpack_physics(msgpack.unpackb(msgpack.packb(pack_physics(PHYSICS)))) == PHYSICS


@pytest.mark.parametrize("index", [0, 10, 11, 13, 15, 16])
def test_a_field_of_another_type_is_refused(index: int) -> None:
    packed = pack_physics(PHYSICS)
    packed[index] = "not that"
    with pytest.raises(WireError, match="expected"):
        unpack_physics(packed)
