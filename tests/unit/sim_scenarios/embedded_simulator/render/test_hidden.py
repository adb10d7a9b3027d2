"""What stands behind houses is left out, and no pixel tells."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.culling import Culler
from sim_scenarios.embedded_simulator.render.hidden import TILE_PX, farthest_of_tiles, hidden
from sim_scenarios.embedded_simulator.render.jit import Records, Workers
from sim_scenarios.embedded_simulator.render.mesh import Model, Part
from sim_scenarios.embedded_simulator.render.model_table import ModelTable, model_entry
from sim_scenarios.embedded_simulator.render.projection import DRAW
from sim_scenarios.embedded_simulator.render.raster import NO_SLOT
from sim_scenarios.embedded_simulator.render.scene import blank_rows, placed_rows
from sim_scenarios.embedded_simulator.render.view import View, camera_record
from sim_scenarios.embedded_simulator.render.visibility import VisibilityPass
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector


class Boxes(NamedTuple):
    """Boxes of many sizes in a field, every third of leaves with gaps."""

    models: ModelTable
    rows: Records


@pytest.fixture(scope="module")
def boxes(stage: Any) -> Boxes:
    rng = np.random.default_rng(5)
    models, rows = ModelTable(), []
    for number in range(400):
        half = rng.uniform(0.3, (2.0, 20.0)[number % 2], 3)
        leaf = {"material": "leaf", "part": Part.LEAF} if number % 3 == 0 else {}
        mesh = stage.box_mesh(tuple(-half), tuple(half), tag=1, **leaf)
        model = Model(levels=((math.inf, mesh),), radius_m=1.0)
        entry = model_entry(model, first_level=len(models.level_meshes))
        models.add([model])
        turn, place = rng.uniform(0.0, 2 * math.pi), np.array([*rng.uniform(-200.0, 200.0, 2), half[2]], np.float32)
        about_z = np.array([[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
        rows.append(placed_rows(entry, about_z[None].astype(np.float32), place[None]))
    return Boxes(models, np.concatenate(rows))


def picture(boxes: Boxes, textures: Any, view: View, *, leaves_hidden_out: bool) -> tuple[int, list[NDArray[Any]]]:
    """How much was drawn, and the nearness, object and triangle at each pixel."""
    camera = camera_record(view)
    nearness, slot_at = np.empty((view.height, view.width), np.float32), np.empty((view.height, view.width), np.int32)
    seen = VisibilityPass(boxes.models.library, textures, Workers(2)).run(
        camera, Culler(boxes.models).draws(boxes.rows, camera), boxes.rows, np.zeros((1, 3, 4), np.float32),
        nearness=nearness, slot_at=slot_at, leaves_hidden_out=leaves_hidden_out,
    )  # fmt: skip
    slots = seen.slots[np.maximum(slot_at, 0)]
    is_sky = slot_at == NO_SLOT
    objects = np.where(is_sky, -1, seen.draws["object"][slots["draw"] * ~is_sky])
    return len(seen.draws), [nearness, objects, np.where(is_sky, -1, slots["triangle"])]


@pytest.mark.parametrize("size", [(160, 90), (333, 131)])
def test_a_picture_is_the_same_without_what_is_hidden(boxes: Boxes, stage: Any, size: tuple[int, int]) -> None:
    rng, textures = np.random.default_rng(1), stage.models().textures
    counts = np.zeros(2)
    for yaw in range(0, 360, 30):
        place = Vector(*rng.uniform(-100.0, 100.0, 2), float(rng.choice([0.5, 2.0, 30.0])))
        pose = Pose(place, Rotation(yaw=float(yaw), pitch=float(rng.uniform(-25.0, 10.0))))
        view = View(pose=pose, width=size[0], height=size[1], fov_deg=float(rng.uniform(30.0, 120.0)))
        (few, without), (many, whole) = (picture(boxes, textures, view, leaves_hidden_out=out) for out in (True, False))
        for a, b in zip(without, whole, strict=True):
            assert a.tobytes() == b.tobytes()
        counts += few, many
    assert counts[0] < 0.7 * counts[1]


@pytest.mark.parametrize(
    ("center", "half", "is_hidden"),
    [
        ((60.0, 0.0, 0.0), 1.0, True), ((40.0, 0.0, 0.0), 1.0, False), ((52.0, 0.0, 0.0), 3.0, False),
        ((60.0, 29.0, 0.0), 1.0, False), ((60.0, 20.0, 0.0), 1.0, True), ((200.0, 0.0, 0.0), 30.0, True),
        ((0.0, 0.0, 0.0), 70.0, False),
    ],
)  # fmt: skip
def test_only_what_is_wholly_behind_counts_as_hidden(
    stage: Any, center: tuple[float, float, float], half: float, is_hidden: bool
) -> None:
    """A wall at 50 m covers the middle half of a picture 90 degrees wide: 25 m to either side of the way."""
    camera = camera_record(stage.view(z=0.0, width=160, height=90))
    nearness = np.zeros((90, 160), np.float32)
    nearness[:, 40:120] = 1.0 / 50.0
    rows = blank_rows(1)
    rows["center"], rows["half"] = center, half
    assert hidden(camera, np.zeros(2, DRAW), rows, nearness)[0] == is_hidden


@pytest.mark.parametrize("shape", [(8, 12), (9, 13), (3, 2), (90, 161)])
def test_a_tile_has_its_farthest_point(shape: tuple[int, int]) -> None:
    nearness = np.random.default_rng(0).random(shape, np.float32)
    tiles = farthest_of_tiles(nearness)
    for (row, column), farthest in np.ndenumerate(tiles):
        y, x = row * TILE_PX, column * TILE_PX
        assert farthest == nearness[y : y + TILE_PX, x : x + TILE_PX].min()
    assert tiles.shape == (math.ceil(shape[0] / TILE_PX), math.ceil(shape[1] / TILE_PX))


def test_an_object_s_box_holds_its_coarse_levels_too(stage: Any) -> None:
    fine = stage.box_mesh((-1.0, -1.0, 0.0), (1.0, 1.0, 4.0), tag=1)
    coarse = stage.box_mesh((-1.5, -1.0, 0.0), (1.0, 1.2, 3.0), tag=1)
    entry = model_entry(Model(levels=((30.0, fine), (math.inf, coarse)), radius_m=1.0), first_level=0)
    row = placed_rows(entry, np.eye(3, dtype=np.float32)[None], np.zeros((1, 3), np.float32))[0]
    assert list(row["center"]) == [0.0, 0.0, 2.0]
    np.testing.assert_allclose(row["half"], [1.5, 1.2, 2.0])
