"""Bones as the client packs and reads them."""

from __future__ import annotations

import pytest

from sim_scenarios.embedded_simulator.wire.bones import pack_bones, unpack_bones
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

POSE = Pose(Vector(1.0, 2.0, 3.0), Rotation(4.0, 5.0, 6.0))
PACKED = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
REST = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_a_bone_goes_out_with_three_poses() -> None:
    packed = pack_bones(["crl_root"], world=[POSE], component=[Pose()], relative=[Pose()])
    assert packed == [[["crl_root", PACKED, REST, REST]]]


def test_bones_come_in_by_name() -> None:
    assert unpack_bones([[["crl_hand__L", PACKED], ["crl_root", REST]]]) == {"crl_hand__L": POSE, "crl_root": Pose()}


@pytest.mark.parametrize("packed", [[], [3], [[["crl_root"]]], [[[5, REST]]], [[["crl_root", [[1.0, 2.0], REST[1]]]]]])
def test_half_formed_bones_are_refused(packed: object) -> None:
    with pytest.raises(WireError):
        unpack_bones(packed)
