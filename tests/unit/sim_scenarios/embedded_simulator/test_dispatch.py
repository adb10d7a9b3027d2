"""Every request gets an answer of the right shape, whatever it asks for."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import msgpack
import pytest

from sim_scenarios.embedded_simulator.dispatch import IGNORED, REFUSED, ROUTES, Dispatcher, Reply
from sim_scenarios.embedded_simulator.handlers.batch import _HANDLERS
from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.wire.commands import COMMAND_METHODS
from sim_scenarios.embedded_simulator.wire.rpc import Request
from sim_scenarios.embedded_simulator.world.actors import TrafficLight, Vehicle, Walker
from sim_scenarios.embedded_simulator.world.description import LabelledPoint
from sim_scenarios.embedded_simulator.world.snapshot import Vector
from sim_scenarios.embedded_simulator.world.towns import TownLibrary
from sim_scenarios.embedded_simulator.world.world import EPISODE_STREAM_ID, World

POSE = [[20.0, 1.75, 0.0], [0.0, 0.0, 0.0]]
CAR = [1, "vehicle.tesla.model3", [["color", 5, "1,2,3"]]]


class Tokens:
    """Streams without sockets."""

    def __init__(self) -> None:
        self.announced: list[int] = []
        self.renewed: list[int] = []

    def token(self, stream_id: int) -> bytes:
        return bytes([stream_id]) * 24

    def announce(self, stream_id: int) -> None:
        self.announced.append(stream_id)

    def renew(self, stream_id: int) -> None:
        self.renewed.append(stream_id)


class Points:
    """Rays that tell what they were asked: what they meet is tested with the sensors."""

    async def points_along(self, start: Vector, end: Vector) -> list[LabelledPoint]:
        return [LabelledPoint(start, 3), LabelledPoint(end, 1)]

    async def first_point(self, start: Vector, towards: Vector, reach_m: float) -> LabelledPoint | None:
        return LabelledPoint(towards, 2) if reach_m == 10.0 else None


class Desk:
    """Asks as a client does and unpacks the answer."""

    def __init__(self, world: World, towns: TownLibrary) -> None:
        self.world = world
        self.streams = Tokens()

        async def tick() -> int:
            return world.tick().snapshot.frame

        self._dispatcher = Dispatcher(Context(world=world, towns=towns, streams=self.streams, tick=tick, rays=Points()))

    def ask(self, method: str, *arguments: Any) -> Any:
        """[1, msgid, error, result] -> (error, result)."""
        request = Request(msgid=7, method=method, arguments=arguments, is_async=False)
        kind, msgid, error, result = msgpack.unpackb(asyncio.run(self._dispatcher.answer(request)))
        assert (kind, msgid) == (1, 7)
        return error, result

    def value(self, method: str, *arguments: Any) -> Any:
        error, result = self.ask(method, *arguments)
        assert error is None
        ((index, content),) = result
        assert index == 1, content
        return content

    def reason(self, method: str, *arguments: Any) -> str:
        """The error that the client shows: inside the answer, because it hides the text of an rpc-level one."""
        error, result = self.ask(method, *arguments)
        if ROUTES[method].reply is Reply.BARE:
            assert result is None
            return str(error)
        assert error is None
        ((failed, (reason,)),) = result
        assert failed is (True if ROUTES[method].reply is Reply.VOID else 0)
        return str(reason)


@pytest.fixture
def desk(world: World, street_town: Town) -> Desk:
    return Desk(world, TownLibrary(["Street"], lambda name: street_town))


def spawn_car(desk: Desk, ahead: float = 0.0) -> Vehicle:
    (x, y, z), turn = POSE
    return desk.world.actor_of_kind(desk.value("spawn_actor", CAR, [[x + ahead, y, z], turn])[0], Vehicle)


# --- the table ------------------------------------------------------------------------------------------------------


def test_a_method_is_in_one_table_only() -> None:
    methods = [*ROUTES, *IGNORED, *REFUSED]
    assert len(methods) == len(set(methods))


def test_every_command_has_a_handler() -> None:
    assert set(COMMAND_METHODS.values()) == set(_HANDLERS)


@pytest.mark.parametrize("method", ["no_such_method", "", "__class__", "export_cosmos_x"])
def test_an_unknown_method_is_named(desk: Desk, method: str) -> None:
    error, result = desk.ask(method, 1, 2)
    assert f"no method '{method}'" in error
    assert result is None


@pytest.mark.parametrize("method", sorted(ROUTES))
def test_a_wrong_number_of_arguments_is_answered(desk: Desk, method: str) -> None:
    assert desk.reason(method, *range(20)).startswith(f"{method}: expected")


@pytest.mark.parametrize("method", sorted(IGNORED))
def test_ignored_methods_succeed(desk: Desk, method: str) -> None:
    assert desk.ask(method, 1) == (None, [[False]])


@pytest.mark.parametrize("method", sorted(REFUSED))
def test_refused_methods_say_why(desk: Desk, method: str) -> None:
    error, ((flag, (reason,)),) = desk.ask(method)
    assert error is None
    assert flag in (0, True)
    assert reason.startswith(f"{method}: ")


@pytest.mark.parametrize("arguments", [("x", POSE), (1, None), (CAR, [[0.0, 0.0]]), (CAR, [["a", 0, 0], [0, 0, 0]])])
def test_arguments_of_the_wrong_shape_are_answered(desk: Desk, arguments: tuple[Any, ...]) -> None:
    assert desk.reason("spawn_actor", *arguments).startswith("spawn_actor: expected")


def test_a_number_that_is_none_is_said_to_the_client(desk: Desk) -> None:
    assert "finite number" in desk.reason("spawn_actor", CAR, [[float("nan"), 0.0, 0.0], [0.0, 0.0, 0.0]])


def test_a_mistake_inside_costs_one_call(desk: Desk, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setattr(desk.world, "place", None)
    assert "get_map_data failed inside the server" in desk.reason("get_map_data")
    assert desk.value("version") == "0.9.16"
    assert "Traceback" in capfd.readouterr().err


# --- session --------------------------------------------------------------------------------------------------------


def test_maps(desk: Desk) -> None:
    assert desk.value("get_available_maps") == ["/Game/Carla/Maps/Street", "/Game/Carla/Maps/Street_Opt"]
    name, points = desk.value("get_map_info")
    assert name == "Carla/Maps/Street"
    assert len(points) == len(desk.world.place.town.spawn_points)


@pytest.mark.parametrize("name", ["Street_Opt", "/Game/Carla/Maps/Street_Opt"])
def test_load_a_town(desk: Desk, name: str) -> None:
    assert desk.ask("load_new_episode", name, True, 65535) == (None, [[False]])
    assert desk.value("get_map_info")[0] == "Carla/Maps/Street_Opt"
    assert desk.value("get_episode_info")[0] == 2
    assert desk.streams.renewed == [EPISODE_STREAM_ID]
    assert desk.ask("load_new_episode", "", True, 65535) == (None, [[False]])
    assert desk.value("get_map_info")[0] == "Carla/Maps/Street_Opt"


def test_an_unknown_town_lists_those_there_are(desk: Desk) -> None:
    _, ((failed, (reason,)),) = desk.ask("load_new_episode", "Stret", True, 65535)
    assert failed is True
    assert reason == "Map 'Stret' not found; this server has Street, Street_Opt; did you mean Street?"
    assert desk.world.episode_id == 1


def test_the_navigation_mesh_is_named_by_its_content(desk: Desk) -> None:
    (name,) = desk.value("get_required_files", "Nav")
    assert name.startswith("Carla/Maps/Nav/Street-")
    assert desk.value("request_file", name) == b"mesh of the street"
    assert desk.value("get_required_files", "TM") == []
    _, ((index, (reason,)),) = desk.ask("request_file", "../../etc/passwd")
    assert index == 0
    assert "no file" in reason


def test_settings_return_a_frame_that_was_broadcast(desk: Desk) -> None:
    desk.value("tick_cue")
    settings = desk.value("get_episode_settings")
    settings[0], settings[2] = True, [True, 0.1]
    assert desk.value("set_episode_settings", settings) == desk.world.frame
    assert desk.value("get_episode_settings") == settings
    assert desk.world.tick().snapshot.delta_s == 0.1


def test_weather(desk: Desk) -> None:
    wanted = [float(i) for i in range(14)]
    assert desk.ask("set_weather_parameters", wanted) == (None, [[False]])
    assert desk.value("get_weather_parameters") == wanted


# --- actors ---------------------------------------------------------------------------------------------------------


def test_spawn_describe_destroy(desk: Desk) -> None:
    actor_id, parent_id, description, box, tags, token = desk.value("spawn_actor", CAR, POSE)
    assert (parent_id, description, tags, token) == (0, CAR, b"\x0e", b"")
    assert box[3] == actor_id
    assert desk.value("get_actors_by_id", [actor_id, 9999])[0][0] == actor_id
    assert desk.value("get_actor_bounding_box", actor_id) == box
    assert desk.value("destroy_actor", actor_id) is True
    _, ((index, (reason,)),) = desk.ask("destroy_actor", actor_id)
    assert (index, reason) == (0, "unable to destroy actor: not found")


def test_what_a_traffic_manager_asks_of_a_car_that_was_just_destroyed_is_no_error(desk: Desk) -> None:
    car = spawn_car(desk)
    desk.value("destroy_actor", car.id)
    nowhere = [[0.0] * 3] * 3
    for ticks in (0, 1, 9):
        for _ in range(ticks):
            desk.value("tick_cue")
        assert desk.value("get_actor_bounding_box", car.id) == [*nowhere, 0]
        assert desk.ask("set_actor_simulate_physics", car.id, True) == (None, [[False]])
    desk.value("tick_cue")
    assert desk.value("get_actor_bounding_box", car.id) == [*nowhere, 0]
    assert "not found" in desk.reason("set_actor_simulate_physics", car.id, True)
    assert "not found" in desk.reason("set_actor_simulate_physics", 9999, True)


def test_a_sensor_carries_its_token_and_announces(desk: Desk) -> None:
    car = spawn_car(desk)
    camera = [1, "sensor.camera.rgb", []]
    actor = desk.value("spawn_actor_with_parent", camera, [[1.0, 0, 2.0], [0, 0, 0]], car.id, 0, "")
    stream_id = actor[5][0]
    assert len(actor[5]) == 24
    assert actor[1] == car.id
    assert desk.value("get_sensor_token", stream_id) == [actor[5]]
    assert desk.streams.announced == [stream_id]


def test_lights(desk: Desk) -> None:
    car = spawn_car(desk)
    desk.ask("set_vehicle_light_state", car.id, [0xFFFFFFFF])
    assert int(car.lights) == 2047
    desk.ask("set_vehicle_light_state", car.id, [10])
    assert desk.value("get_vehicle_light_states") == [[car.id, 10]]
    assert desk.value("get_vehicle_light_state", car.id) == [10]


def test_a_method_for_another_kind_of_actor_is_refused(desk: Desk) -> None:
    _, ((failed, (reason,)),) = desk.ask("apply_control_to_walker", desk.world.spectator.id, [[1, 0, 0], 1.0, False])
    assert failed is True
    assert "is a spectator, expected a walker" in reason


def test_a_batch_of_controls_is_each_of_them_alone(desk: Desk) -> None:
    together, alone = [spawn_car(desk, x) for x in (0.0, 10.0)], [spawn_car(desk, x) for x in (20.0, 30.0)]
    controls = [[0.25, -2.0, 9.0, True, False, True, 3], [1.5, 0.125, -1.0, False, True, False, 0]]
    commands = [[[2, [car.id, control]]] for car, control in zip(together, controls, strict=True)]
    assert desk.ask("apply_batch", commands, False)[1] == [[[1, car.id]] for car in together]
    for car, control in zip(alone, controls, strict=True):
        desk.ask("apply_control_to_vehicle", car.id, control)
    assert [car.control for car in together] == [car.control for car in alone]
    assert [type(part) for part in together[0].control] == [type(part) for part in alone[0].control]
    commands[1][0][1] = [999, controls[1]]
    commands[0][0][1] = [together[0].id, controls[1]]
    first, (second,) = desk.ask("apply_batch", commands, False)[1]
    assert first == [[1, together[0].id]]
    assert second[0] == 0
    assert together[0].control == alone[1].control


def test_physics_control_takes_effect(desk: Desk) -> None:
    car = spawn_car(desk)
    control = desk.value("get_physics_control", car.id)
    control[11] = 3000.0
    desk.ask("apply_physics_control", car.id, control)
    assert car.mass_kg == 3000.0
    assert desk.value("get_physics_control", car.id) == control


def test_wheels_are_where_the_vehicle_stands(desk: Desk) -> None:
    car = spawn_car(desk)
    positions = [wheel[9] for wheel in desk.value("get_physics_control", car.id)[15]]
    middle = [sum(axis) / 4.0 for axis in zip(*positions, strict=True)]
    assert middle[:2] == pytest.approx([100.0 * car.pose.location.x, 100.0 * car.pose.location.y])
    front_left, front_right, rear_left, _ = positions
    assert front_left[0] - rear_left[0] == pytest.approx(100.0 * car.spec.wheelbase_m)
    assert 100.0 < front_right[1] - front_left[1] < 100.0 * car.spec.width_m


def test_impulse(desk: Desk) -> None:
    car = spawn_car(desk)
    desk.ask("add_actor_impulse", car.id, [car.mass_kg * 3.0, 0.0, 0.0])
    desk.world.tick()
    assert car.velocity.x == pytest.approx(3.0, abs=0.05)


def test_rays_are_passed_on_and_packed(desk: Desk) -> None:
    start, end = [50.0, 0.0, 5.0], [50.0, 0.0, -5.0]
    assert desk.value("cast_ray", start, end) == [[start, 3], [end, 1]]
    assert desk.value("project_point", start, [0.0, 0.0, -2.0], 10.0) == [True, [[0.0, 0.0, -2.0], 2]]
    assert desk.value("project_point", start, [0.0, 0.0, -2.0], 9.0) == [False, [[0.0, 0.0, 0.0], 0]]
    assert "finite" in desk.reason("cast_ray", [float("nan"), 0.0, 0.0], end)


def test_environment_objects(desk: Desk) -> None:
    things = desk.value("get_environment_objects", 255)
    assert {thing[4] for thing in things} == {1, 2, 3, 6, 7}
    (_, box, _, name, tag), mast = desk.value("get_environment_objects", 6)
    assert mast[3] == "TrafficLight_501_Poles_0"
    assert (name, tag) == ("pole_0", 6)
    assert desk.value("get_all_level_BBs", 6)[0] == box


def test_boxes_of_traffic_lights_are_those_of_their_heads(desk: Desk) -> None:
    (light,) = desk.world.of_kind(TrafficLight)
    heads = desk.value("get_light_boxes", light.id)
    assert desk.value("get_all_level_BBs", 7) == heads
    assert [box for box in desk.value("get_all_level_BBs", 255) if box in heads] == heads


def test_the_register_of_traffic_managers(desk: Desk) -> None:
    assert desk.value("is_traffic_manager_running", 8000) is False
    assert desk.value("get_traffic_manager_running", 8000) == ["", 0]
    assert desk.value("add_traffic_manager_running", ["127.0.0.1", 8000]) is True
    assert desk.value("add_traffic_manager_running", ["127.0.0.1", 8000]) is False
    assert desk.value("get_traffic_manager_running", 8000) == ["127.0.0.1", 8000]
    assert desk.value("destroy_traffic_manager", 8000) is True


# --- batches --------------------------------------------------------------------------------------------------------


def test_a_batch_answers_each_command_and_goes_on_after_a_failure(desk: Desk) -> None:
    spawn = [[0, [CAR, POSE, [False], 200, "", []]]]
    error, answers = desk.ask("apply_batch", [spawn, spawn, [[1, [9999]]], [[20, ["stat"]]], [[99, []]], "?"], False)
    assert error is None
    assert [answer[0][0] for answer in answers] == [1, 0, 0, 0, 0, 0]
    assert answers[1][0][1] == ["Spawn failed because of collision at spawn position"]
    assert "actor" in answers[2][0][1][0]


def test_what_is_done_after_spawning_is_done_with_the_new_actor(desk: Desk) -> None:
    control = [0.5, 0.0, 0.0, False, False, False, 0]
    after = [[[2, [0, control]]], [[18, [0, 3]]], [[16, [0, True]]]]
    _, ((answer,),) = desk.ask("apply_batch", [[[0, [CAR, POSE, [False], 0, "", after]]]], False)
    car = desk.world.actor_of_kind(answer[1], Vehicle)
    assert car.control.throttle == 0.5
    assert car.lights == 3


def test_a_walker_s_state_is_that_of_its_feet(desk: Desk) -> None:
    walker_id = desk.value("spawn_actor", [1, "walker.pedestrian.0002", []], [[20.0, 5.0, 1.05], [0, 0, 0]])[0]
    desk.ask("apply_batch", [[[7, [walker_id, [[21.0, 5.0, 0.15], [0, 0, 0]], 1.4]]]], False)
    assert desk.world.actor_of_kind(walker_id, Walker).pose.location == pytest.approx((21.0, 5.0, 1.05))


def test_walkers_in_one_go_or_one_by_one_go_the_same_way(desk: Desk) -> None:
    people = [
        desk.value("spawn_actor", [2, f"walker.pedestrian.000{n}", []], standing(10.0 * n))[0] for n in range(1, 5)
    ]

    def states() -> list[Any]:
        return [
            [[7, [number, [[10.0 * n + 0.07, 5.0, 0.15], [0.0, 9.0 * n, 0.0]], 1.4]]]
            for n, number in enumerate(people, 1)
        ]

    def seen() -> list[Any]:
        walkers = [desk.world.actor_of_kind(number, Walker) for number in people]
        return [(walker.pose, walker.control) for walker in walkers]

    for command in states():
        assert desk.ask("apply_batch", [command], False)[1] == [[[1, command[0][1][0]]]]
    one_by_one = seen()
    for walker in (desk.world.actor_of_kind(number, Walker) for number in people):
        desk.world.set_pose(walker.id, walker.last_pose)
    assert seen() != one_by_one
    assert desk.ask("apply_batch", states(), False)[1] == [[[1, number]] for number in people]
    assert seen() == one_by_one
    assert seen()[1][1].direction == pytest.approx((math.cos(math.radians(18)), math.sin(math.radians(18)), 0.0))


@pytest.mark.parametrize(
    "wrong",
    [[9999, [[1.0, 2.0, 3.0], [0, 0, 0]], 1.0], [None, [[math.nan, 2.0, 3.0], [0, 0, 0]], 1.0],
     [None, [[1.0, 2.0], [0, 0, 0]], 1.0], [None, [[1.0, 2.0, 1e30], [0, 0, 0]], 1.0], ["x"]],
)  # fmt: skip
def test_a_walker_that_cannot_be_placed_answers_for_itself(desk: Desk, wrong: list[Any]) -> None:
    people = [desk.value("spawn_actor", [2, "walker.pedestrian.0002", []], standing(x))[0] for x in (10.0, 20.0)]
    wrong = [people[1] if part is None else part for part in wrong]
    right = [[7, [people[0], [[11.0, 5.0, 0.15], [0, 0, 0]], 1.4]]]
    _, answers = desk.ask("apply_batch", [right, [[7, wrong]], right], False)
    assert [answer[0][0] for answer in answers] == [1, 0, 1]
    assert desk.world.actor(people[0]).pose.location.x == 11.0
    assert desk.world.actor(people[1]).pose.location.x == 20.0


def standing(x: float) -> list[Any]:
    return [[x, 5.0, 1.05], [0.0, 0.0, 0.0]]


def test_a_batch_ticks_only_when_asked(desk: Desk) -> None:
    desk.ask("apply_batch", [], False)
    assert desk.world.frame == 0
    desk.ask("apply_batch", [], True)
    assert desk.world.frame == 1


def test_hidden_objects_are_listed_still_and_have_no_level_box(desk: Desk) -> None:
    house = desk.value("get_environment_objects", 3)[0]
    assert desk.ask("enable_environment_objects", [house[2]], False) == (None, [[False]])
    assert desk.value("get_environment_objects", 3)[0] == house
    assert desk.value("get_all_level_BBs", 3) == []
    assert desk.world.tick().snapshot.hidden_objects == {house[2]}
    assert "no environment objects [99]" in desk.reason("enable_environment_objects", [house[2], 99], True)
    assert desk.world.tick().snapshot.hidden_objects == frozenset()
    assert len(desk.value("get_all_level_BBs", 3)) == 1


def test_a_new_episode_shows_everything(desk: Desk) -> None:
    desk.ask("enable_environment_objects", [1], False)
    desk.ask("load_new_episode", "", False, 65535)
    assert desk.world.hidden_objects == frozenset()


def test_lights_go_there_and_back(desk: Desk) -> None:
    (house,) = desk.value("query_lights_state", "127.0.0.1:2000")
    assert (house[0], house[3], house[5]) == (1, 3, False)
    wanted = [1, [0.0, 0.0, 0.0], 100.0, 4, [1, 2, 3], True]
    assert desk.ask("update_lights_state", "127.0.0.1:2000", [wanted], False) == (None, [[False]])
    assert desk.value("query_lights_state", "127.0.0.1:2000") == [[1, house[1], *wanted[2:]]]
    assert desk.world.tick().snapshot.switched_lights[0].is_on
    assert desk.ask("update_day_night_cycle", "127.0.0.1:2000", True) == (None, [[False]])
    assert not desk.value("query_lights_state", "")[0][5]


@pytest.mark.parametrize(
    ("field", "wrong", "reason"),
    [
        (2, -1.0, "intensity >= 0"),
        (3, 9, "group 0 to 4"),
        (4, [1, 2], "expected Color"),
        (4, [1, 2, 300], "0 to 255"),
    ],
)
def test_light_states_are_checked(desk: Desk, field: int, wrong: Any, reason: str) -> None:
    state: list[Any] = [1, [0.0, 0.0, 0.0], 100.0, 4, [1, 2, 3], True]
    state[field] = wrong
    assert reason in desk.reason("update_lights_state", "", [state], False)


SHAPES = [
    [0, [[1.0, 2.0, 3.0], 0.1]],
    [1, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], 0.1]],
    [2, [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], 0.1], 0.2]],
    [3, [[[1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0], 0], [1.0, 2.0, 3.0], 0.1]],
    [4, [[1.0, 2.0, 3.0], "hello", False]],
    [5, [[1.0, 2.0, 3.0], 0.1]],
    [6, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], 0.1]],
    [7, [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], 0.1], 0.2]],
    [8, [[[1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0], 0], [1.0, 2.0, 3.0], 0.1]],
]
"""As the real client sends them."""


@pytest.mark.parametrize("primitive", SHAPES)
def test_debug_shapes_are_read_to_the_end(desk: Desk, primitive: list[Any]) -> None:
    assert desk.ask("draw_debug_shape", [primitive, [1, 2, 3], -1.0, True]) == (None, [[False]])
    kind, body = primitive
    assert "expected" in desk.reason("draw_debug_shape", [[kind, body[:-1]], [1, 2, 3], -1.0, True])
    assert "expected" in desk.reason("draw_debug_shape", [primitive, [1, 2], -1.0, True])
    assert "expected" in desk.reason("draw_debug_shape", [primitive, [1, 2, 3], "long", True])
    assert "primitive 0 to 8" in desk.reason("draw_debug_shape", [[9, body], [1, 2, 3], -1.0, True])


def test_a_texture_paints_in_its_mean_colour(desk: Desk) -> None:
    red, black = [255, 0, 0, 255], [0, 0, 0, 255]
    texture = [2, 1, [red, black]]
    assert desk.ask("apply_color_texture_to_objects", ["pole_0"], 2, texture) == (None, [[False]])
    assert desk.world.tick().snapshot.painted_objects == ((2, (0.5, 0.0, 0.0)),)
    floats = [1, 2, [[0.25, 3.0, 0.0, 1.0], [0.25, 0.0, 0.0, 1.0]]]
    assert desk.ask("apply_float_color_texture_to_objects", ["pole_0"], 2, floats) == (None, [[False]])
    assert desk.world.tick().snapshot.painted_objects == ((2, (0.25, 0.5, 0.0)),)
    assert desk.ask("apply_color_texture_to_objects", ["Building_house_0"], 0, texture) == (None, [[False]])
    assert len(desk.world.tick().snapshot.painted_objects) == 1  # a map of normals is no colour
    desk.ask("load_new_episode", "", False, 65535)
    assert desk.world.tick().snapshot.painted_objects == ()


@pytest.mark.parametrize(
    ("names", "parameter", "texture", "reason"),
    [
        (["pole_9"], 2, [1, 1, [[1, 1, 1, 1]]], "no object 'pole_9': get_names_of_all_objects lists those there are"),
        ("pole_0", 2, [1, 1, [[1, 1, 1, 1]]], "expected an array of object names"),
        (["pole_0"], 4, [1, 1, [[1, 1, 1, 1]]], "material parameter 0 to 3"),
        (["pole_0"], 2, [2, 2, [[1, 1, 1, 1]]], "expected a texture of 2 x 2 texels, more than none, got 1"),
        (["pole_0"], 2, [0, 0, []], "more than none"),
        (["pole_0"], 2, [1, 1, [[1, 1, 1]]], "four numbers each"),
        (["pole_0"], 2, [1, 1, [[1, "x", 1, 1]]], "four numbers each"),
        (["pole_0"], 2, [1, 1, [[1, 256, 1, 1]]], "texels of 0 to 255"),
    ],
)
def test_textures_are_checked(desk: Desk, names: Any, parameter: int, texture: Any, reason: str) -> None:
    assert reason in desk.reason("apply_color_texture_to_objects", names, parameter, texture)


def test_nothing_is_published_over_ros(desk: Desk) -> None:
    assert desk.ask("enable_sensor_for_ros", 2) == (None, [[False]])
    assert desk.value("is_sensor_enabled_for_ros", 2) is False
