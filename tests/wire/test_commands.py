"""Batch commands: the variant's index decides, whatever the body's first field is called."""

from __future__ import annotations

from typing import Any

import pytest

from sim_scenarios.embedded_simulator.wire.commands import (
    COMMAND_METHODS,
    ActorCommand,
    ConsoleCommand,
    SpawnCommand,
    unpack_command,
)
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

POSE_PACKED = [[1.0, 2.0, 3.0], [0.0, 90.0, 0.0]]
POSE = Pose(Vector(1.0, 2.0, 3.0), Rotation(0.0, 90.0, 0.0))


def test_indices_are_those_of_0_9_16() -> None:
    assert sorted([0, 20, *COMMAND_METHODS]) == list(range(22))


@pytest.mark.parametrize(
    ("index", "body", "expected"),
    [
        (1, [24], ActorCommand(method="destroy_actor", actor_id=24, arguments=())),
        (6, [24, POSE_PACKED], ActorCommand(method="set_actor_transform", actor_id=24, arguments=(POSE_PACKED,))),
        (
            7,
            [24, POSE_PACKED, 1.4],
            ActorCommand(method="set_walker_state", actor_id=24, arguments=(POSE_PACKED, 1.4)),
        ),
        (18, [24, 5], ActorCommand(method="set_vehicle_light_state", actor_id=24, arguments=(5,))),
        (20, ["stat fps"], ConsoleCommand(line="stat fps")),
    ],
)
def test_commands(index: int, body: list[Any], expected: Any) -> None:
    assert unpack_command([[index, body]]) == expected


def test_spawn_ignores_an_uninitialised_attachment_type() -> None:
    follow_up = [[16, [0, True]]]
    body = [[1, "vehicle.a", []], POSE_PACKED, [False], 112, "", [follow_up]]
    assert unpack_command([[0, body]]) == SpawnCommand(
        description=ActorDescription(uid=1, id="vehicle.a"),
        pose=POSE,
        parent_id=None,
        do_after=(ActorCommand(method="set_actor_autopilot", actor_id=0, arguments=(True,)),),
    )


def test_spawn_with_a_parent() -> None:
    command = unpack_command([[0, [[1, "sensor.a", []], POSE_PACKED, [True, 24], 0, "", []]]])
    assert isinstance(command, SpawnCommand)
    assert command.parent_id == 24


@pytest.mark.parametrize(
    "packed", [[], [[22, [1]]], [[-1, [1]]], [[6]], [[6, []]], [[0, [1, 2]]], "spawn", [[1, ["x"]]]]
)
def test_what_is_no_command_is_refused(packed: Any) -> None:
    with pytest.raises(WireError, match="expected"):
        unpack_command(packed)
