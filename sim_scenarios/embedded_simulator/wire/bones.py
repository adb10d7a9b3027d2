"""Bones of walkers: LibCarla/source/carla/rpc/WalkerBoneControl{In,Out}.h and BoneTransformData{In,Out}.h."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim_scenarios.embedded_simulator.wire.errors import WireError, shown
from sim_scenarios.embedded_simulator.wire.structs import fields, pack_pose, text, unpack_pose
from sim_scenarios.embedded_simulator.world.snapshot import Pose


def pack_bones(
    names: Sequence[str], *, world: Sequence[Pose], component: Sequence[Pose], relative: Sequence[Pose]
) -> list[Any]:
    """WalkerBoneControlOut: every bone in the world, against the actor, and against its parent."""
    rows = zip(names, world, component, relative, strict=True)
    return [[[name, *(pack_pose(pose) for pose in poses)] for name, *poses in rows]]


def unpack_bones(packed: Any) -> dict[str, Pose]:
    """WalkerBoneControlIn: transforms by bone; of a name that comes twice the last one counts.

    Raises:
        WireError: Not an array of names with transforms.
    """
    (bones,) = fields("WalkerBoneControlIn", packed, 1)
    if not isinstance(bones, (list, tuple)):
        raise WireError(f"expected an array of bones, got {shown(bones)}")
    pairs = (fields("BoneTransformDataIn", bone, 2) for bone in bones)
    return {text(name): unpack_pose(pose) for name, pose in pairs}
