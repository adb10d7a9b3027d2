"""Rays against every triangle one by one, and against the depth camera at the same place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.bvh import leaf_count, leaf_first, trees_over
from sim_scenarios.embedded_simulator.render.ray_caster import Hits
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import FAR_M, View, camera_record
from sim_scenarios.embedded_simulator.road.build import build_town
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.snapshot import (
    Pose,
    Rotation,
    Snapshot,
    Vector,
    VehicleLight,
    VisibleActor,
    Weather,
)
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES
from sim_scenarios.embedded_simulator.world.walker_catalogue import WALKERS

LEAF, VEGETATION = 16, 9


def directions_of(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    rays = rng.normal(size=(count, 3))
    rays[: count // 4, rng.integers(3)] = 0.0  # along the axes' planes, too
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


# --- trees ----------------------------------------------------------------------------------------------------------


@given(
    counts=st.lists(st.integers(0, 40), min_size=1, max_size=5),
    leaf_size=st.integers(1, 7),
    kind=st.sampled_from(["spread", "one place", "a row", "powers"]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60)
def test_trees_hold_every_item_once_inside_their_boxes(counts: list[int], leaf_size: int, kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    total = sum(counts)
    middle = {
        "spread": rng.uniform(-50, 50, (total, 3)),
        "one place": np.full((total, 3), 7.0),
        "a row": np.arange(total)[:, None] * np.array([[1.0, 0.0, 0.0]]),
        "powers": 2.0 ** -rng.integers(0, 60, (total, 1)) * np.ones((1, 3)),
    }[kind]
    half = rng.uniform(0, 2, (total, 3))
    items = np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)
    first = np.cumsum([0, *counts])
    trees = trees_over(items, first, leaf_size=leaf_size)

    def visit(node: int, depth: int) -> list[int]:
        assert depth < 64
        inside: list[int] = []
        for side in range(2):
            child = int(trees.children[node, side])
            if child >= 0:
                below = visit(child, depth + 1)
            else:
                start = leaf_first(child)
                below = trees.order[start : start + leaf_count(child)].tolist()
                assert len(below) <= leaf_size
            if below:
                assert (trees.boxes[node, side, :3] <= items[below, :3].min(axis=0)).all()
                assert (trees.boxes[node, side, 3:] >= items[below, 3:].max(axis=0)).all()
            inside += below
        return inside

    for tree, root in enumerate(trees.roots):
        assert sorted(visit(int(root), 1)) == list(range(first[tree], first[tree + 1]))


# --- one by one -----------------------------------------------------------------------------------------------------


def every_triangle(renderer: Renderer, snapshot: Snapshot, eye: NDArray[np.float64]) -> tuple[Any, ...]:
    """Corners (T, 3, 3) in the world, library triangle and row (T,) of all that a camera at ``eye`` would draw."""
    scene, library = renderer._scene, renderer._scene.models.library
    objects, joints = renderer._poser.pose(snapshot)
    corners, numbers, rows = [], [], []
    for row, thing in enumerate(objects):
        if not thing["num_levels"]:
            continue
        levels = np.arange(thing["first_level"], thing["first_level"] + thing["num_levels"])
        distance = np.linalg.norm(thing["center"] - eye)
        mesh = scene.models.level_meshes[levels[np.argmax(distance <= scene.models.level_distances[levels])]]
        which = np.arange(library.first_triangle[mesh], library.first_triangle[mesh + 1])
        vertices = library.triangles[which]
        points = library.positions[vertices].astype(float)
        if thing["joint_base"] >= 0:
            pivots = library.pivots[vertices]
            motions = joints[thing["joint_base"] + library.joints[vertices].astype(int)]
            points = pivots + np.einsum("tcij,tcj->tci", motions[..., :3], points - pivots) + motions[..., 3]
        corners.append(points @ thing["rotation"].T.astype(float) + thing["origin"])
        numbers.append(which)
        rows.append(np.full(len(which), row))
    return np.concatenate(corners), np.concatenate(numbers), np.concatenate(rows)


def nearest(
    renderer: Renderer, snapshot: Snapshot, origin: Vector, rays: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """(N,) distance, row and cosine by solving for every triangle; row -1 for nothing."""
    library, textures = renderer._scene.models.library, renderer._textures
    eye = np.array(origin)
    corners, numbers, rows = every_triangle(renderer, snapshot, eye)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    leaf = library.triangle_info[numbers, 2] == LEAF
    distances, found, cosines = np.full(len(rays), reach), np.full(len(rays), -1), np.zeros(len(rays))
    for i, ray in enumerate(rays):
        towards = normals @ ray
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.einsum("ti,ti->t", corners[:, 0] - eye, normals) / towards
        close = np.flatnonzero((t > 0) & (t < reach) & ((towards < 0) | (leaf & (towards != 0))))
        for k in close[np.argsort(t[close], kind="stable")]:
            point = eye + t[k] * ray
            areas = [
                np.cross(corners[k, (c + 1) % 3] - point, corners[k, (c + 2) % 3] - point) @ normals[k]
                for c in range(3)
            ]
            weights = np.array(areas) / (normals[k] @ normals[k])
            if weights.min() < 0.0:
                continue
            if leaf[k]:
                u, v = weights @ library.attributes[library.triangles[numbers[k]], 3:5]
                material = library.triangle_info[numbers[k], 0]
                size = textures.sizes[material]
                texel = int(np.floor(v * size)) % size * size + int(np.floor(u * size)) % size
                if textures.texels[textures.offsets[material, 0] + texel, 3] < 128:
                    continue
            distances[i], found[i] = t[k], rows[k]
            cosines[i] = abs(towards[k]) / np.linalg.norm(normals[k])
            break
    return distances, found, cosines


def assert_same(hits: Hits, truth: tuple[NDArray[Any], ...]) -> None:
    """Equal but for single rays that meet an edge within rounding."""
    distances, rows, cosines = truth
    same = (np.abs(hits.distance_m - distances) < 1e-3) & (hits.row == rows)
    assert (~same).sum() <= max(1, len(rows) // 200), np.flatnonzero(~same)
    np.testing.assert_allclose(hits.cosine[same], cosines[same], atol=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_rays_meet_what_a_search_through_all_triangles_finds(stage: Any, renderer: Renderer, seed: int) -> None:
    rng = np.random.default_rng(seed)
    actors = [
        stage.car(*rng.uniform(-10, 25, 2), actor_id=11, yaw=30.0 * seed),
        stage.walker(*rng.uniform(0, 12, 2), actor_id=12, gait_phase=0.2 + 0.3 * seed, speed=1.4),
        stage.car(*rng.uniform(-10, 25, 2), actor_id=14),
    ]
    snapshot = stage.snapshot(*actors, frame=seed, hidden=frozenset({1}) if seed % 2 else frozenset())
    origin = Vector(*rng.uniform((-5, -6, 0.3), (25, 8, 5)))
    rays = directions_of(rng, 160)
    hits = renderer.rays.cast(snapshot, origin, rays, np.full(160, 80.0))
    assert_same(hits, nearest(renderer, snapshot, origin, rays, 80.0))


def test_hits_name_tags_and_actors(stage: Any, renderer: Renderer) -> None:
    lights = {"traffic_light_ids": {"7": 91}}
    snapshot = stage.snapshot(stage.car(10, 0, actor_id=70001), stage.walker(0, 6, actor_id=12))
    snapshot = Snapshot(**{f: getattr(snapshot, f) for f in snapshot.__slots__ if f not in lights}, **lights)
    targets = np.array([(10, 0, 1.0), (0, 6, 1.2), (24.98, 9, 3.5), (35, 17, 3), (5, -5, 0.0), (0, 0, 9.0)])
    origin = np.array((0.0, 0.1, 1.2))
    rays = (targets - origin) / np.linalg.norm(targets - origin, axis=1, keepdims=True)
    hits = renderer.rays.cast(snapshot, Vector(*origin), rays, np.full(len(rays), 60.0))
    assert hits.tag.tolist() == [stage.CAR, stage.WALKER, stage.LIGHT, stage.BUILDING, stage.ROAD, 0]
    assert hits.actor_id.tolist() == [70001, 12, 91, 0, 0, 0]
    assert hits.row[-1] == -1
    assert hits.distance_m[-1] == 60.0


def test_reach_and_beyond_bound_the_search(stage: Any, renderer: Renderer) -> None:
    snapshot, down = stage.snapshot(), np.array([[0.0, 0.0, -1.0]])
    start = Vector(0.0, 0.0, 2.0)  # above the painted line, which lies a centimetre above the road

    def met(reach: float, beyond: float) -> tuple[float, int]:
        hits = renderer.rays.cast(snapshot, start, down, np.array([reach]), beyond_m=beyond)
        return round(float(hits.distance_m[0]), 4), int(hits.tag[0])

    assert met(5.0, 0.0) == (1.99, stage.LINE)
    assert met(5.0, 1.995) == (2.0, stage.ROAD)
    assert met(5.0, 2.5) == (5.0, 0)
    assert met(1.5, 0.0) == (1.5, 0)


def test_threads_change_nothing(stage: Any, make_renderer: Callable[[int], Renderer]) -> None:
    snapshot = stage.snapshot(*(stage.car(3.0 * i, -2, actor_id=i + 1) for i in range(5)))
    rays = directions_of(np.random.default_rng(5), 501)
    one, two = (
        make_renderer(threads).rays.cast(snapshot, Vector(1, 4, 1), rays, np.full(501, 70.0)) for threads in (1, 2)
    )
    for name in Hits.__slots__:
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


def test_who_was_seen_first_changes_neither_picture_nor_rays(
    stage: Any, make_renderer: Callable[[int], Renderer]
) -> None:
    """Models are made when they are first posed, also in mid-run, when rays have their trees already."""
    car, walker = stage.car(9.0, 2.0, actor_id=1), stage.walker(6.0, -1.5, actor_id=2, speed=1.0)
    both = stage.snapshot(car, walker)
    aside, up = np.random.default_rng(5).uniform((-0.6, -0.3), (0.6, 0.1), (600, 2)).T
    rays = np.stack([np.ones(600), aside, up], axis=1) / np.sqrt(1.0 + aside**2 + up**2)[:, None]
    seen = []
    for before in ((car, walker), (walker, car), ()):
        renderer = make_renderer(1)
        for actor in before:
            renderer.rays.cast(stage.snapshot(actor), Vector(), rays, np.full(600, 30.0))
        hits = renderer.rays.cast(both, Vector(0.0, 0.0, 1.6), rays, np.full(600, 60.0))
        assert {1, 2} <= set(hits.actor_id.tolist())
        frame = renderer.render(stage.view(), both, color=True)
        assert {stage.CAR, stage.WALKER} <= set(frame.tag.ravel().tolist())
        arrays = (hits.distance_m, hits.row, hits.tag, hits.cosine, frame.rgb, frame.instance, frame.depth_m)
        seen.append([np.ascontiguousarray(array).tobytes() for array in arrays])
    assert seen[0] == seen[1] == seen[2]


def test_more_actors_than_before_get_room(stage: Any, make_renderer: Callable[[int], Renderer]) -> None:
    renderer = make_renderer(1)
    down = np.array([[0.0, 0.0, -1.0]])
    for count in (0, 1, 500, 3):
        cars = [stage.car(-50.0 + 0.3 * i, 3.0, actor_id=i + 1) for i in range(count)]
        last = Vector(-50.0 + 0.3 * max(0, count - 1), 3.0, 8.0)
        hits = renderer.rays.cast(stage.snapshot(*cars), last, down, np.array([20.0]))
        assert (hits.actor_id[0] > 0) == (count > 0)


# --- the depth camera -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def town() -> Town:
    return build_town("Town10HD", seed=0)


@pytest.fixture(scope="module")
def town_renderer(town: Town) -> Renderer:
    return Renderer(town, threads=1)


def test_no_triangle_of_an_actor_belongs_to_two_joints(town_renderer: Renderer) -> None:
    """Rays move whole triangles with the joint of their first corner."""
    for blueprint_id, model in town_renderer._scene.actors.items():
        for _, mesh in model().levels:
            joints, pivots = mesh.joints[mesh.triangles], mesh.pivots[mesh.triangles]
            assert (joints == joints[:, :1]).all(), blueprint_id
            assert (pivots == pivots[:, :1]).all(), blueprint_id


def street_scene(place: Pose) -> Snapshot:
    """Cars, vans, bicycles and walkers ahead of a spawn point."""
    rng = np.random.default_rng(8)
    yaw = np.radians(place.rotation.yaw)
    actors = []
    for i in range(24):
        ahead, aside = rng.uniform(6, 60), rng.uniform(-9, 9)
        x = place.location.x + ahead * np.cos(yaw) - aside * np.sin(yaw)
        y = place.location.y + ahead * np.sin(yaw) + aside * np.cos(yaw)
        spec: Any = WALKERS[i % len(WALKERS)] if i % 2 else VEHICLES[i % len(VEHICLES)]
        z = 0.1 + (spec.height_m / 2 if i % 2 else 0.0)
        actors.append(
            VisibleActor(
                id=i + 1, blueprint_id=spec.id, pose=Pose(Vector(x, y, z), Rotation(1.0, 37.0 * i, -2.0)),
                color=(90, 90, 90), lights=VehicleLight.NONE, steer_deg=20.0, travelled_m=0.3 * i, gait_phase=0.1 * i,
                speed=1.2,
            )
        )  # fmt: skip
    return Snapshot(frame=1, elapsed_s=0.05, delta_s=0.05, weather=Weather(), actors=tuple(actors), traffic_lights={})


@pytest.mark.parametrize(
    ("start", "pitch", "yaw", "roll"), [(0, 0, 0, 0), (0, -12, 25, 8), (40, 6, -20, -15), (71, -4, 170, 3)]
)
def test_rays_agree_with_the_depth_and_semantic_cameras(
    town: Town, town_renderer: Renderer, start: int, pitch: float, yaw: float, roll: float
) -> None:
    """Depth within a centimetre, and the tag, at nearly every pixel; leaves are cut by another mip level there."""
    spawn = town.spawn_points[start]
    pose = Pose(spawn.location._replace(z=2.2), Rotation(pitch, spawn.rotation.yaw + yaw, roll))
    view = View(pose=pose, width=320, height=200, fov_deg=90.0)
    snapshot = street_scene(spawn)
    frame = town_renderer.render(view, snapshot, color=False)
    camera = camera_record(view)[0]
    focal = float(camera["focal_px"])
    columns, lines = np.meshgrid((np.arange(320) + 0.5 - 160.0) / focal, (np.arange(200) + 0.5 - 100.0) / focal)
    axes = [camera[name].astype(float) for name in ("forward", "right", "up")]
    rays = axes[0] + columns[..., None] * axes[1] - lines[..., None] * axes[2]
    lengths = np.linalg.norm(rays, axis=2).ravel()
    rays = rays.reshape(-1, 3) / lengths[:, None]
    hits = town_renderer.rays.cast(snapshot, pose.location, rays, np.full(len(rays), 150.0))
    depth, tag = frame.depth_m.ravel().astype(float), frame.tag.ravel()
    drawn = (depth * lengths < 149.0) & (depth > 0.2)
    seen = np.where(hits.row < 0, FAR_M, hits.distance_m / lengths)
    compared = drawn & (tag != VEGETATION) & (hits.tag != VEGETATION)
    agree = (np.abs(seen - depth) < 0.01) & (hits.tag == tag)
    assert compared.mean() > 0.5
    assert agree[compared].mean() > 0.9998
    leaves = drawn & (tag == VEGETATION)
    assert leaves.sum() > 1000
    assert (hits.tag[leaves] == VEGETATION).mean() > 0.97
    instances = compared & agree & (hits.actor_id > 0)
    assert (frame.instance.ravel()[instances] == hits.actor_id[instances]).all()
    if start == 0 == pitch:
        assert {1, 3, 6, 12, 14, 24} <= set(tag[compared].tolist())  # road, building, pole, walker, car, line
