"""``carla.Client``."""

from __future__ import annotations

from pathlib import Path

import carla
import pytest

from tests.contract.driving import Spawn, run, speed_of

STRAIGHT_ROAD = """<?xml version="1.0"?>
<OpenDRIVE>
 <header revMajor="1" revMinor="4" name="straight"><geoReference>+proj=tmerc +lat_0=49 +lon_0=8</geoReference></header>
 <road name="one" length="200" id="1" junction="-1">
  <link/><type s="0" type="town"><speed max="50" unit="km/h"/></type>
  <planView><geometry s="0" x="0" y="0" hdg="0" length="200"><line/></geometry></planView>
  <elevationProfile><elevation s="0" a="0" b="0" c="0" d="0"/></elevationProfile><lateralProfile/>
  <lanes><laneSection s="0">
   <left><lane id="1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/>
    <roadMark sOffset="0" type="solid" weight="standard" color="white" width="0.15"/></lane></left>
   <center><lane id="0" type="none" level="false">
    <roadMark sOffset="0" type="broken" weight="standard" color="yellow" width="0.15"/></lane></center>
   <right><lane id="-1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/>
    <roadMark sOffset="0" type="solid" weight="standard" color="white" width="0.15"/></lane></right>
  </laneSection></lanes>
 </road>
</OpenDRIVE>
"""


def test_versions_agree(client: carla.Client) -> None:
    assert client.get_server_version().startswith(client.get_client_version()[:6])


def test_there_are_towns_and_one_is_loaded(client: carla.Client) -> None:
    maps = client.get_available_maps()
    assert any(name.endswith("/Town01") for name in maps)
    assert any(name.endswith(client.get_world().get_map().name.split("/")[-1]) for name in maps)


def test_worlds_are_loaded_when_asked_for(client: carla.Client) -> None:
    world = client.load_world("Town01")
    assert world.get_map().name.endswith("Town01")
    assert client.load_world_if_different("Town01") is None
    assert client.get_world().id == world.id
    again = client.reload_world(reset_settings=True)
    assert again.id != world.id
    assert again.get_map().name.endswith("Town01")


def test_an_unknown_world_is_an_error_and_the_old_one_stays(client: carla.Client) -> None:
    before = client.get_world().id
    with pytest.raises(RuntimeError, match="Nowhere"):
        client.load_world("Nowhere")
    assert client.get_world().id == before


def test_a_world_is_made_of_opendrive(client: carla.Client) -> None:
    parameters = carla.OpendriveGenerationParameters(vertex_distance=2.0, wall_height=1.0)
    world = client.generate_opendrive_world(STRAIGHT_ROAD, parameters)
    try:
        assert 'length="200"' in world.get_map().to_opendrive()
        here = world.get_map().get_waypoint(carla.Location(x=100.0, y=1.75))
        below = world.ground_projection(here.transform.location + carla.Location(z=2.0), 5.0)
        assert below.label == carla.CityObjectLabel.Roads
        assert below.location.z == pytest.approx(here.transform.location.z, abs=0.05)
    finally:
        client.load_world("Town01")


def test_files_are_delivered(client: carla.Client, tmp_path: Path) -> None:
    client.set_files_base_folder(str(tmp_path))
    for name in client.get_required_files("Nav", False):
        assert client.request_file(name) is None
        assert any(path.is_file() and path.stat().st_size for path in tmp_path.rglob("*"))


def test_batches_answer_command_by_command(client: carla.Client, world: carla.World) -> None:
    blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
    place, *_ = world.get_map().get_spawn_points()
    spawn, destroy = carla.command.SpawnActor, carla.command.DestroyActor
    answers = client.apply_batch_sync([spawn(blueprint, place), spawn(blueprint, place), destroy(987654)], True)
    assert [answer.has_error() for answer in answers] == [False, True, True]
    assert world.get_actor(answers[0].actor_id).type_id == "vehicle.tesla.model3"
    client.apply_batch([destroy(answers[0].actor_id)])
    world.tick()
    assert answers[0].actor_id not in [actor.id for actor in world.get_actors()]


def test_what_is_recorded_can_be_replayed(client: carla.Client, world: carla.World, spawn: Spawn) -> None:
    place, *_ = world.get_map().get_spawn_points()
    car = spawn("vehicle.tesla.model3", place, role_name="hero")
    assert "contract.log" in client.start_recorder("contract.log", True)
    car.apply_control(carla.VehicleControl(throttle=0.6))
    run(world, 3.0)
    client.stop_recorder()
    end = car.get_location()
    assert "Frames: 6" in client.show_recorder_file_info("contract.log", False)
    assert isinstance(client.show_recorder_collisions("contract.log", "a", "a"), str)
    assert isinstance(client.show_recorder_actors_blocked("contract.log", 1.0, 10.0), str)
    client.set_replayer_time_factor(1.0)
    client.set_replayer_ignore_hero(False)
    client.set_replayer_ignore_spectator(True)
    answer = client.replay_file("contract.log", 0.0, 0.0, 0, False)
    assert "contract.log" in answer
    run(world, 2.9)
    (seen,) = world.get_actors().filter("vehicle.*")
    assert seen.get_location().distance(end) < 2.0
    assert speed_of(seen) > 1.0
    client.stop_replayer(False)
    world.tick()


def test_a_log_that_does_not_exist_is_said_so(client: carla.Client, world: carla.World) -> None:
    assert "not found" in client.show_recorder_file_info("never.log", False)
    assert "not found" in client.replay_file("never.log", 0.0, 0.0, 0)


def test_a_traffic_manager_and_a_world_are_had(client: carla.Client) -> None:
    client.set_timeout(60.0)
    manager = client.get_trafficmanager(8000)
    assert manager.get_port() == 8000
    manager.shut_down()  # one that runs on while its world is left takes the client's process down
    assert client.get_world().get_settings() is not None
