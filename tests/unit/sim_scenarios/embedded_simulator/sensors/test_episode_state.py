"""The bytes that every client follows."""

from __future__ import annotations

import struct

import pytest

from sim_scenarios.embedded_simulator.sensors.episode_state import EpisodeStatePacker
from sim_scenarios.embedded_simulator.wire.sensor_data import (
    ACTOR_RECORD_BYTES,
    EPISODE_HEADER_BYTES,
    HEADER_BYTES,
    SensorType,
    unpack_header,
)
from sim_scenarios.embedded_simulator.world.actors import TrafficLight, Vehicle
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, TrafficLightState, Vector
from sim_scenarios.embedded_simulator.world.world import StaticTown, World

VEHICLE_STATE = struct.Struct("<3f3?if2BIB")


def records(state: bytes) -> dict[int, bytes]:
    body = state[HEADER_BYTES + EPISODE_HEADER_BYTES :]
    cut = [body[i : i + ACTOR_RECORD_BYTES] for i in range(0, len(body), ACTOR_RECORD_BYTES)]
    return {struct.unpack_from("<I", record)[0]: record for record in cut}


def spawn_car(world: World, x: float) -> Vehicle:
    pose = Pose(Vector(x, 1.75, 0.0), Rotation())
    actor = world.spawn(ActorDescription(uid=1, id="vehicle.tesla.model3"), pose)
    assert isinstance(actor, Vehicle)
    return actor


def test_all_actors_are_in_it(world: World) -> None:
    car = spawn_car(world, 20.0)
    world.tick()
    state = EpisodeStatePacker().pack(world)
    header = unpack_header(state)
    assert (header.type_id, header.frame) == (SensorType.WORLD_OBSERVER, world.frame)
    assert records(state).keys() == world.actors.keys()
    assert struct.unpack_from("<6f", records(state)[car.id], 5) == (20.0, 1.75, 0.0, 0.0, 0.0, 0.0)


def test_a_vehicle_before_a_red_light_is_told_so(world: World) -> None:
    (light,) = world.of_kind(TrafficLight)
    group = world.traffic_lights.group_of(light)
    group.override(light, TrafficLightState.RED)
    group.set_frozen(True)
    before, away = spawn_car(world, 92.0), spawn_car(world, 20.0)
    world.tick()
    by_id = records(EpisodeStatePacker().pack(world))
    *_, limit, state, has_light, light_id, _ = VEHICLE_STATE.unpack_from(by_id[before.id], 65)
    assert (limit, state, has_light, light_id) == (50.0, TrafficLightState.RED, 1, light.id)
    *_, state, has_light, light_id, _ = VEHICLE_STATE.unpack_from(by_id[away.id], 65)
    assert (state, has_light, light_id) == (TrafficLightState.GREEN, 0, 0)


def test_a_light_tells_its_opendrive_id(world: World) -> None:
    (light,) = world.of_kind(TrafficLight)
    world.tick()
    record = records(EpisodeStatePacker().pack(world))[light.id]
    assert record[65:97].rstrip(b"\0") == b"501"
    assert struct.unpack_from("<f", record, 65 + 32 + 12)[0] == pytest.approx(0.05)  # elapsed


def test_what_stands_still_is_seen_when_it_is_put_elsewhere(world: World) -> None:
    (light,) = world.of_kind(TrafficLight)
    packer, start = EpisodeStatePacker(), light.pose
    for location in (start.location, Vector(1.0, 2.0, 3.0), start.location):
        world.set_pose(light.id, Pose(location, start.rotation))
        world.tick()
        assert records(packer.pack(world)) == records(EpisodeStatePacker().pack(world))
        assert struct.unpack_from("<3f", records(packer.pack(world))[light.id], 5) == location


def test_equal_runs_give_equal_bytes(street: StaticTown) -> None:
    def run() -> list[bytes]:
        world = World("Street", street)
        spawn_car(world, 20.0).set_velocity(Vector(5.0, 0.0, 0.0))
        states, packer = [], EpisodeStatePacker()
        for _ in range(20):
            world.tick()
            states.append(packer.pack(world))
        return states

    assert run() == run()
