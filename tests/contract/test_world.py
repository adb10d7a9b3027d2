"""``carla.World``, its snapshots and its debug drawing."""

from __future__ import annotations

import carla
import pytest

from tests.contract.driving import DELTA_S, ahead_of, run


def test_a_tick_is_a_frame(world: carla.World) -> None:
    before = world.get_snapshot()
    frame = world.tick()
    after = world.get_snapshot()
    assert after.frame == frame == before.frame + 1
    assert after.timestamp.frame == after.frame_count or after.frame_count >= 0
    assert after.delta_seconds == pytest.approx(DELTA_S)
    assert after.elapsed_seconds - before.elapsed_seconds == pytest.approx(DELTA_S)
    assert after.platform_timestamp >= before.platform_timestamp
    assert after.timestamp.elapsed_seconds == after.elapsed_seconds
    assert world.id == after.id or isinstance(after.id, int)


def test_snapshots_hold_every_actor(world: carla.World, car: carla.Vehicle) -> None:
    snapshot = world.get_snapshot()
    assert snapshot.has_actor(car.id)
    seen = snapshot.find(car.id)
    assert seen.id == car.id
    assert seen.get_transform() == car.get_transform()
    assert seen.get_velocity() == car.get_velocity()
    assert seen.get_angular_velocity() == car.get_angular_velocity()
    assert seen.get_acceleration() == car.get_acceleration()


def test_callbacks_come_with_ticks(world: carla.World) -> None:
    seen: list[int] = []
    number = world.on_tick(lambda snapshot: seen.append(snapshot.frame))
    frames = [world.tick() for _ in range(3)]
    world.remove_on_tick(number)
    world.tick()
    assert [frame for frame in seen if frame in frames] == frames
    assert max(seen) == frames[-1]


def test_settings_come_back_as_they_were_set(world: carla.World) -> None:
    settings = world.get_settings()
    settings.substepping, settings.max_substeps, settings.max_substep_delta_time = True, 10, 0.01
    settings.deterministic_ragdolls, settings.spectator_as_ego = False, False
    settings.tile_stream_distance, settings.actor_active_distance = 1500.0, 900.0
    settings.max_culling_distance = 0.0
    world.apply_settings(settings)
    assert world.get_settings() == settings
    assert world.get_settings().fixed_delta_seconds == pytest.approx(DELTA_S)


def test_without_synchronous_mode_time_goes_on_by_itself(world: carla.World) -> None:
    settings = world.get_settings()
    settings.synchronous_mode = False
    world.apply_settings(settings)
    try:
        first, second = world.wait_for_tick(10.0), world.wait_for_tick(10.0)
        assert second.frame > first.frame
    finally:
        settings.synchronous_mode = True
        world.apply_settings(settings)


def test_actors_are_found(world: carla.World, car: carla.Vehicle) -> None:
    assert world.get_actor(car.id).id == car.id
    assert car.id in [actor.id for actor in world.get_actors()]
    assert [actor.id for actor in world.get_actors([car.id])] == [car.id]
    assert world.get_spectator().type_id == "spectator"


def test_nothing_spawns_where_something_stands(world: carla.World, car: carla.Vehicle) -> None:
    blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
    assert world.try_spawn_actor(blueprint, car.get_transform()) is None
    with pytest.raises(RuntimeError, match="collision at spawn position"):
        world.spawn_actor(blueprint, car.get_transform())


def test_weather_and_gravity_are_kept(world: carla.World) -> None:
    calm = world.get_weather()
    world.set_weather(carla.WeatherParameters.HardRainSunset)
    world.tick()
    assert world.get_weather().precipitation == carla.WeatherParameters.HardRainSunset.precipitation
    world.set_weather(calm)
    gravity = world.get_imui_sensor_gravity()
    assert gravity == pytest.approx(9.81, abs=0.02)
    world.set_imui_sensor_gravity(1.62)
    assert world.get_imui_sensor_gravity() == pytest.approx(1.62)
    world.set_imui_sensor_gravity(gravity)


def test_rays_meet_the_road(world: carla.World, street: carla.Transform) -> None:
    above = street.location + carla.Location(z=5.0)
    below = street.location - carla.Location(z=5.0)
    road = world.get_map().get_waypoint(street.location).transform.location.z
    hits = world.cast_ray(above, below)
    assert hits
    assert hits[0].location.z == pytest.approx(road, abs=0.1)
    assert hits[0].label in (carla.CityObjectLabel.Roads, carla.CityObjectLabel.RoadLines)
    assert world.ground_projection(above, 20.0).location.z == pytest.approx(road, abs=0.1)
    assert world.project_point(above, carla.Vector3D(0.0, 0.0, -1.0), 20.0).location.z == pytest.approx(road, abs=0.1)
    assert world.project_point(above, carla.Vector3D(0.0, 0.0, 1.0), 20.0) is None


def test_rays_meet_a_car(world: carla.World, car: carla.Vehicle) -> None:
    here = car.get_transform()
    start = ahead_of(here, 15.0, up=0.7).location
    (first, *_) = world.cast_ray(start, here.location + carla.Location(z=0.7))
    assert first.label == carla.CityObjectLabel.Car
    assert first.location.distance(start) == pytest.approx(15.0 - car.bounding_box.extent.x, abs=0.6)


def test_the_towns_objects_have_boxes(world: carla.World) -> None:
    objects = world.get_environment_objects(carla.CityObjectLabel.Buildings)
    assert objects
    assert len({item.id for item in objects}) == len(objects)
    for item in objects:
        assert item.type == carla.CityObjectLabel.Buildings
        assert item.bounding_box.extent.z > 0.5
    assert len(world.get_environment_objects()) > len(objects)
    assert len(world.get_level_bbs(carla.CityObjectLabel.Buildings)) >= 1
    assert len(world.get_level_bbs()) > len(world.get_level_bbs(carla.CityObjectLabel.Buildings))


def test_objects_can_be_hidden(world: carla.World) -> None:
    """A ray that met a building goes through once it is switched off."""
    building = world.get_environment_objects(carla.CityObjectLabel.Buildings)[0]
    middle = building.bounding_box.location
    top = middle + carla.Location(z=building.bounding_box.extent.z + 20.0)
    bottom = carla.Location(middle.x, middle.y, middle.z - building.bounding_box.extent.z + 0.5)

    def meets_building() -> bool:
        world.tick()
        return any(hit.label == carla.CityObjectLabel.Buildings for hit in world.cast_ray(top, bottom))

    assert meets_building()
    world.enable_environment_objects({building.id}, False)
    assert not meets_building()
    world.enable_environment_objects({building.id}, True)
    assert meets_building()


def test_layers_and_names(world: carla.World) -> None:
    world.unload_map_layer(carla.MapLayer.Foliage)
    world.tick()
    world.load_map_layer(carla.MapLayer.Foliage)
    world.tick()
    world.set_annotations_traverse_translucency(True)
    names = world.get_names_of_all_objects()
    assert names
    assert len(names) == len(set(names))


def test_textures_are_taken(world: carla.World) -> None:
    name = next(name for name in world.get_names_of_all_objects() if "uilding" in name or "BP_" in name)
    color, floats = carla.TextureColor(2, 2), carla.TextureFloatColor(2, 2)
    for x in range(2):
        for y in range(2):
            color.set(x, y, carla.Color(200, 30, 30, 255))
            floats.set(x, y, carla.FloatColor(0.1, 0.1, 0.1, 1.0))
    world.apply_color_texture_to_object(name, carla.MaterialParameter.Diffuse, color)
    world.apply_color_texture_to_objects([name], carla.MaterialParameter.Diffuse, color)
    world.apply_float_color_texture_to_object(name, carla.MaterialParameter.Normal, floats)
    world.apply_float_color_texture_to_objects([name], carla.MaterialParameter.Normal, floats)
    world.apply_textures_to_object(name, color, floats, floats, floats)
    world.apply_textures_to_objects([name], color, floats, floats, floats)
    world.tick()


def test_people_have_places_to_go(world: carla.World) -> None:
    world.set_pedestrians_seed(7)
    world.set_pedestrians_cross_factor(0.2)
    places = [world.get_random_location_from_navigation() for _ in range(20)]
    assert all(place is not None for place in places)
    assert len({(place.x, place.y) for place in places}) > 10


def test_lights_of_vehicles_are_listed(world: carla.World, car: carla.Vehicle) -> None:
    car.set_light_state(carla.VehicleLightState(carla.VehicleLightState.LowBeam))
    run(world, 0.1)
    assert world.get_vehicles_light_states()[car.id] == carla.VehicleLightState.LowBeam


def test_traffic_lights_are_found_by_place(world: carla.World) -> None:
    light = next(iter(world.get_actors().filter("traffic.traffic_light")))
    stop = light.get_stop_waypoints()[0]
    behind = stop.previous(5.0)[0]
    assert light.id in [found.id for found in world.get_traffic_lights_from_waypoint(behind, 50.0)]
    assert world.get_traffic_light_from_opendrive_id(light.get_opendrive_id()).id == light.id
    junction = next(w for w in stop.next(15.0) if w.is_junction).junction_id
    assert light.id in [found.id for found in world.get_traffic_lights_in_junction(junction)]
    landmark = next(mark for mark in world.get_map().get_all_landmarks_of_type("1000001"))
    assert world.get_traffic_light(landmark).type_id == "traffic.traffic_light"
    world.freeze_all_traffic_lights(True)
    world.tick()
    assert light.is_frozen()
    world.freeze_all_traffic_lights(False)
    world.reset_all_traffic_lights()
    world.tick()
    assert not light.is_frozen()


def test_signs_are_found(world: carla.World) -> None:
    marks = [mark for kind in ("206", "205", "274") for mark in world.get_map().get_all_landmarks_of_type(kind)]
    signs = [sign for mark in marks if (sign := world.get_traffic_sign(mark)) is not None]
    assert signs
    assert all(sign.type_id.startswith("traffic.") for sign in signs)


def test_a_map_a_library_and_lights_are_had(world: carla.World) -> None:
    assert world.get_map().name
    assert len(world.get_blueprint_library()) > 50
    assert world.get_lightmanager() is not None


def test_drawing_is_accepted(world: carla.World, street: carla.Transform) -> None:
    debug, here, there = world.debug, street.location, ahead_of(street, 5.0).location
    box = carla.BoundingBox(here, carla.Vector3D(1.0, 1.0, 1.0))
    red = carla.Color(255, 0, 0)
    debug.draw_point(here, 0.1, red, 1.0)
    debug.draw_line(here, there, 0.1, red, 1.0)
    debug.draw_arrow(here, there, 0.1, 0.1, red, 1.0)
    debug.draw_box(box, street.rotation, 0.1, red, 1.0)
    debug.draw_string(here, "here", False, red, 1.0)
    debug.draw_hud_point(here, 0.1, red, 1.0)
    debug.draw_hud_line(here, there, 0.1, red, 1.0)
    debug.draw_hud_arrow(here, there, 0.1, 0.1, red, 1.0)
    debug.draw_hud_box(box, street.rotation, 0.1, red, 1.0)
    debug.clear_debug_shape()
    debug.clear_debug_string()
    world.tick()
