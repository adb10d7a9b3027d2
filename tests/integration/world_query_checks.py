"""What the unmodified carla client asks about the world and switches in it; one function a topic.

Run as ``python world_query_checks.py PORT CHECK``, each in a process of its own; ``test_world_queries.py`` runs them.
"""

from __future__ import annotations

import math
import queue
import sys
import time
from typing import Any

import carla
import numpy as np
import pytest

DELTA_S = 0.05


def connect(port: int) -> carla.Client:
    client = carla.Client("127.0.0.1", port, worker_threads=8)
    client.set_timeout(20.0)
    return client


def fresh_world(client: carla.Client, name: str = "Town10HD_Opt", **changes: Any) -> carla.World:
    """A new episode in synchronous mode."""
    world = client.load_world(name, True, **changes)
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    world.tick()
    return world


def tags_seen(world: carla.World, pose: carla.Transform) -> Any:
    """(H, W) semantic tags of what a camera at a pose sees after a tick."""
    blueprint = world.get_blueprint_library().find("sensor.camera.semantic_segmentation")
    blueprint.set_attribute("image_size_x", "320")
    blueprint.set_attribute("image_size_y", "240")
    camera = world.spawn_actor(blueprint, pose)
    images: queue.Queue[Any] = queue.Queue()
    camera.listen(images.put)
    world.tick()
    image = images.get(timeout=60)
    camera.stop()
    camera.destroy()
    return np.frombuffer(image.raw_data, np.uint8).reshape(240, 320, 4)[..., 2]


def above(location: carla.Location, height_m: float = 40.0) -> carla.Transform:
    return carla.Transform(location + carla.Location(z=height_m), carla.Rotation(pitch=-90.0))


# --- objects and layers ---------------------------------------------------------------------------------------------


def check_labels(port: int) -> None:
    client = connect(port)
    world = fresh_world(client)
    expected = {
        "Roads", "Sidewalks", "Buildings", "Walls", "Fences", "Poles", "TrafficLight", "TrafficSigns", "Vegetation",
        "Terrain", "Car", "Bicycle", "Static", "Dynamic", "Other", "Water", "RoadLines", "Ground", "GuardRail",
    }  # fmt: skip
    everything = world.get_environment_objects(carla.CityObjectLabel.Any)
    by_label = {
        name: world.get_environment_objects(label)
        for name, label in carla.CityObjectLabel.names.items()
        if name != "Any"
    }
    assert {name for name, things in by_label.items() if things} == expected
    assert sum(map(len, by_label.values())) == len(everything) == len(world.get_level_bbs())
    for name, things in by_label.items():
        assert all(str(thing.type) == name for thing in things)
        assert len(world.get_level_bbs(carla.CityObjectLabel.names[name])) == len(things)
    assert len({thing.id for thing in everything}) == len({thing.name for thing in everything}) == len(everything)
    again = client.reload_world().get_environment_objects(carla.CityObjectLabel.Any)
    assert [(thing.id, thing.name) for thing in again] == [(thing.id, thing.name) for thing in everything]


def check_hiding(port: int) -> None:
    world = fresh_world(connect(port))
    tower = max(
        world.get_environment_objects(carla.CityObjectLabel.Buildings), key=lambda thing: thing.bounding_box.extent.z
    )
    eye = above(tower.bounding_box.location, tower.bounding_box.extent.z + 20.0)
    buildings = int(carla.CityObjectLabel.Buildings)
    assert tags_seen(world, eye)[120, 160] == buildings
    world.enable_environment_objects({tower.id}, False)
    assert tags_seen(world, eye)[120, 160] != buildings
    assert tower.id in {thing.id for thing in world.get_environment_objects(carla.CityObjectLabel.Buildings)}
    world.enable_environment_objects({tower.id}, True)
    assert tags_seen(world, eye)[120, 160] == buildings


def check_layers(port: int) -> None:
    client = connect(port)
    world = fresh_world(client)
    count = len(world.get_level_bbs(carla.CityObjectLabel.Any))
    layers = {
        carla.MapLayer.Buildings: carla.CityObjectLabel.Buildings,
        carla.MapLayer.Foliage: carla.CityObjectLabel.Vegetation,
        carla.MapLayer.Ground: carla.CityObjectLabel.Terrain,
        carla.MapLayer.ParkedVehicles: carla.CityObjectLabel.Car,
        carla.MapLayer.Props: carla.CityObjectLabel.Static,
        carla.MapLayer.Walls: carla.CityObjectLabel.Walls,
    }
    for layer, label in layers.items():
        world.unload_map_layer(layer)
        assert not world.get_level_bbs(label)
        world.load_map_layer(layer)
        assert world.get_level_bbs(label)
    world.unload_map_layer(carla.MapLayer.StreetLights)
    assert count > len(world.get_level_bbs(carla.CityObjectLabel.Any))
    world = fresh_world(client, map_layers=carla.MapLayer.NONE)
    names = {name for name, label in carla.CityObjectLabel.names.items() if world.get_level_bbs(label)} - {"Any"}
    assert names == {"Roads", "Sidewalks", "RoadLines", "TrafficLight", "TrafficSigns", "Poles"}
    world = fresh_world(client, map_layers=carla.MapLayer(carla.MapLayer.Buildings | carla.MapLayer.Ground))
    assert world.get_level_bbs(carla.CityObjectLabel.Buildings)
    assert not world.get_level_bbs(carla.CityObjectLabel.Vegetation)
    world = fresh_world(
        client, "Town10HD", map_layers=carla.MapLayer.NONE
    )  # a town without layers: nothing to leave out
    world.unload_map_layer(carla.MapLayer.All)
    assert len(world.get_level_bbs(carla.CityObjectLabel.Any)) == count


# --- textures and debug drawing -------------------------------------------------------------------------------------


def check_textures_and_drawing(port: int) -> None:
    world = fresh_world(connect(port))
    names = world.get_names_of_all_objects()
    texture, floats = carla.TextureColor(4, 2), carla.TextureFloatColor(2, 2)
    texture.set(0, 0, carla.Color(200, 0, 0, 255))
    floats.set(1, 1, carla.FloatColor(0.5, 0.5, 0.5, 1.0))
    world.apply_color_texture_to_object(names[0], carla.MaterialParameter.Diffuse, texture)
    world.apply_float_color_texture_to_objects(names[:3], carla.MaterialParameter.Emissive, floats)
    world.apply_textures_to_object(names[1], texture, floats, floats, floats)
    with pytest.raises(RuntimeError, match="no object 'Building_nowhere_0'"):
        world.apply_color_texture_to_object("Building_nowhere_0", carla.MaterialParameter.Diffuse, texture)
    draw, here, there = world.debug, carla.Location(1, 2, 3), carla.Location(4, 5, 6)
    color, box = carla.Color(1, 2, 3), carla.BoundingBox(here, carla.Vector3D(1, 1, 1))
    draw.draw_point(here, 0.1, color, 5.0)
    draw.draw_line(here, there, 0.1, color, 5.0)
    draw.draw_arrow(here, there, 0.1, 0.2, color, 5.0)
    draw.draw_box(box, carla.Rotation(), 0.1, color, 5.0)
    draw.draw_string(here, "hello", False, color, 5.0)
    draw.draw_hud_box(box, carla.Rotation(), 0.1, color, 5.0)
    draw.clear_debug_shape()
    draw.clear_debug_string()
    world.set_annotations_traverse_translucency(True)
    world.tick()
    camera = world.spawn_actor(world.get_blueprint_library().find("sensor.camera.rgb"), above(here))
    with pytest.raises(RuntimeError, match="get_gbuffer_token: G-buffers are not rendered"):
        camera.listen_to_gbuffer(carla.GBufferTextureID.SceneColor, lambda image: None)
    camera.enable_for_ros()
    assert not camera.is_enabled_for_ros()
    camera.disable_for_ros()
    camera.destroy()


# --- signs and traffic lights ---------------------------------------------------------------------------------------


def check_signs(port: int) -> None:
    world = fresh_world(connect(port))
    town = world.get_map()
    landmarks = {landmark.id: landmark for landmark in town.get_all_landmarks()}
    signs = [actor for actor in world.get_actors().filter("traffic.*") if actor.type_id != "traffic.traffic_light"]
    assert {type(sign) for sign in signs} == {carla.TrafficSign}
    kinds = {sign.type_id for sign in signs}
    assert {"traffic.stop", "traffic.yield", "traffic.speed_limit.30", "traffic.speed_limit.60"} <= kinds
    found = {world.get_traffic_sign(mark).id for mark in landmarks.values() if mark.type in ("205", "206", "274")}
    assert found == {sign.id for sign in signs}
    for sign in signs:
        volume = sign.trigger_volume
        middle = sign.get_transform().transform(carla.Location(volume.location))
        waypoint = town.get_waypoint(middle)
        assert middle.distance(waypoint.transform.location) < 6.0
        # The client mends wrapped angles only in part, so headings are compared as directions.
        heading = math.radians(sign.get_transform().rotation.yaw + volume.rotation.yaw)
        ahead = waypoint.transform.get_forward_vector()
        assert math.cos(heading) * ahead.x + math.sin(heading) * ahead.y > 0.9
    signs[0].destroy()  # belongs to the town
    world.tick()
    assert world.get_actor(signs[0].id) is not None


def check_traffic_lights(port: int) -> None:
    world = fresh_world(connect(port))
    town = world.get_map()
    lights = list(world.get_actors().filter("traffic.traffic_light"))
    by_id = {light.get_opendrive_id(): light for light in lights}
    assert len(by_id) == len(lights)
    assert sorted(light.get_pole_index() for light in lights) == list(range(len(lights)))
    for landmark in town.get_all_landmarks_of_type("1000001"):
        light = world.get_traffic_light(landmark)
        assert light.id == world.get_traffic_light_from_opendrive_id(landmark.id).id == by_id[landmark.id].id
    for light in lights:
        group = {member.id for member in light.get_group_traffic_lights()}
        assert light.id in group
        affected, stops = light.get_affected_lane_waypoints(), light.get_stop_waypoints()
        assert affected
        assert stops
        volume = light.get_transform().transform(carla.Location(light.trigger_volume.location))
        assert all(stop.transform.location.distance(volume) < 15.0 for stop in stops)
        junction = next(waypoint for waypoint in stops[0].next_until_lane_end(2.0)[-1].next(3.0)).get_junction()
        assert junction is not None
        assert {member.id for member in world.get_traffic_lights_in_junction(junction.id)} == group
        ahead = {member.id for member in world.get_traffic_lights_from_waypoint(stops[0], 60.0)}
        assert light.id in ahead
        assert len(light.get_light_boxes()) in (1, 2)
    light = lights[0]
    light.set_green_time(4.0)
    light.set_yellow_time(1.0)
    light.set_red_time(0.5)
    light.set_state(carla.TrafficLightState.Yellow)
    world.freeze_all_traffic_lights(True)
    world.tick()
    assert (light.get_green_time(), light.get_yellow_time(), light.get_red_time()) == (4.0, 1.0, 0.5)
    assert light.get_state() == light.state == carla.TrafficLightState.Yellow
    for _ in range(40):
        world.tick()
    assert light.is_frozen()
    assert light.get_state() == carla.TrafficLightState.Yellow
    world.freeze_all_traffic_lights(False)
    light.reset_group()
    world.tick()
    assert not light.is_frozen()
    assert light.get_elapsed_time() < 0.2
    world.reset_all_traffic_lights()
    world.tick()
    assert sum(other.get_state() == carla.TrafficLightState.Green for other in lights) > 1


# --- props ----------------------------------------------------------------------------------------------------------


def check_props(port: int) -> None:
    world = fresh_world(connect(port))
    library = world.get_blueprint_library()
    props = library.filter("static.prop.*")
    assert len(props) == 96
    assert {prop.get_attribute("size").as_str() for prop in props if prop.has_attribute("size")} >= {"tiny", "huge"}
    spot = world.get_map().get_spawn_points()[0]
    for name, tag in (("bin", 21), ("vendingmachine", 20)):
        thing = world.spawn_actor(library.find(f"static.prop.{name}"), spot)
        assert list(thing.semantic_tags) == [tag]
        assert (tags_seen(world, above(spot.location, 6.0)) == tag).sum() > 150
        thing.destroy()
    mesh = library.find("static.prop.mesh")
    mesh.set_attribute("mesh_path", "/Game/Carla/Static/Car/SM_Some.SM_Some")
    with pytest.raises(RuntimeError, match="no Unreal assets here"):
        world.spawn_actor(mesh, spot)


# --- lights ---------------------------------------------------------------------------------------------------------


def check_light_manager(port: int) -> None:
    world = fresh_world(connect(port))
    manager = world.get_lightmanager()
    lamps = manager.get_all_lights(carla.LightGroup.Street)
    assert len(manager.get_all_lights()) == len(lamps) + len(manager.get_all_lights(carla.LightGroup.Building))
    assert manager.get_turned_on_lights(carla.LightGroup.NONE) == []
    some = lamps[:3]
    manager.turn_on(some)
    manager.set_color(some, carla.Color(10, 20, 30))
    manager.set_intensities(some, [100.0, 200.0, 300.0])
    manager.set_light_group(some, carla.LightGroup.Other)
    lamps[3].set_light_state(carla.LightState(50.0, carla.Color(1, 2, 3), carla.LightGroup.Street, True))
    world.tick()  # the client sends its changes with a tick
    second = connect(port)
    other = second.get_world().get_lightmanager()
    seen = [light for light in other.get_all_lights() if light.id in {lamp.id for lamp in some}]
    assert [light.light_group for light in seen] == [carla.LightGroup.Other] * 3
    assert other.get_intensity(seen) == [100.0, 200.0, 300.0]
    assert other.get_color(seen) == [carla.Color(10, 20, 30)] * 3
    assert other.is_active(seen) == [True] * 3
    assert len(other.get_turned_on_lights(carla.LightGroup.NONE)) == 4
    assert len(other.get_turned_off_lights(carla.LightGroup.Street)) == len(lamps) - 4
    assert other.get_light_state([lamps[3]])[0].intensity == 50.0
    lamps[5].turn_on()
    for _ in range(100):  # the other client is told by the episode state, which it reads when it comes to it
        world.tick()
        if len(other.get_turned_on_lights(carla.LightGroup.NONE)) == 5:
            break
        time.sleep(0.02)
    assert len(other.get_turned_on_lights(carla.LightGroup.NONE)) == 5
    world.set_weather(carla.WeatherParameters.ClearNight)
    manager.set_day_night_cycle(False)  # off as they are, whatever the sun does now
    for _ in range(3):
        world.tick()
    assert len(connect(port).get_world().get_lightmanager().get_turned_on_lights(carla.LightGroup.Street)) > 100


CHECKS = {name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")}

if __name__ == "__main__":
    CHECKS[sys.argv[2]](int(sys.argv[1]))
