from __future__ import annotations

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.models.placements import placement_model
from sim_scenarios.embedded_simulator.road.town import PLACEMENT_KINDS
from tests.unit.sim_scenarios.embedded_simulator.render.models.mesh_checks import (
    check_model,
    digest,
    leaf_materials_agree,
)

TAGS = {
    "tree_broadleaf": {9}, "tree_round": {9}, "tree_conifer": {9}, "bush": {9}, "hedge": {9}, "flower_bed": {9},
    "street_lamp": {6}, "pole": {6}, "bollard": {6}, "bench": {20}, "bin": {20}, "hydrant": {20}, "fence": {5},
    "wall": {4}, "guard_rail": {28}, "bus_stop": {20}, "kiosk": {20}, "sign_stop": {6, 8}, "sign_yield": {6, 8},
    "sign_speed_30": {6, 8}, "sign_speed_40": {6, 8},
    "sign_speed_50": {6, 8}, "sign_speed_60": {6, 8}, "sign_speed_90": {6, 8},
    "sign_crosswalk": {6, 8}, "cone": {21}, "barrier": {21},
    "planter": {9, 20}, "parked_sedan": {14}, "parked_hatchback": {14}, "parked_suv": {14}, "parked_van": {14},
    "parked_bicycle": {6, 19}, "manhole": {1}, "drain": {1},
    "fountain": {20, 23}, "statue": {22}, "train_carriage": {17},
}  # fmt: skip
SIGNS = [kind for kind in PLACEMENT_KINDS if kind.startswith("sign_")]
TREES = [kind for kind in PLACEMENT_KINDS if kind.startswith("tree_")]


def test_the_table_of_this_test_is_complete() -> None:
    assert set(TAGS) == set(PLACEMENT_KINDS)


@pytest.mark.parametrize("kind", PLACEMENT_KINDS)
def test_sound_at_every_level(kind: str) -> None:
    model = placement_model(kind)
    check_model(model, allowed_tags=TAGS[kind], decreasing=len(model.levels) > 1)
    for _, mesh in model.levels:
        assert leaf_materials_agree(mesh)
        assert mesh.positions[:, 2].min() > -0.35, "nothing but a fringe of leaves lies below the ground"
        assert len(mesh.triangles) < 2000


@pytest.mark.parametrize("kind", ["hedge", "fence", "wall", "guard_rail"])
def test_runs_are_three_metres_along_y(kind: str) -> None:
    finest = placement_model(kind).levels[0][1]
    solid = finest.positions[finest.triangles[finest.parts != Part.LEAF].reshape(-1)]
    assert np.ptp(solid[:, 1]) == pytest.approx(3.0, abs=0.05)
    assert np.ptp(solid[:, 0]) < 0.8


@pytest.mark.parametrize("kind", SIGNS)
def test_signs_face_forward(kind: str) -> None:
    """All that is printed on a sign (its coloured sheets) looks along +x, at every level."""
    for _, mesh in placement_model(kind).levels:
        sheet = mesh.materials == _sheet()
        assert sheet.any()
        normals = mesh.normals[mesh.triangles[sheet].reshape(-1)]
        np.testing.assert_allclose(normals, np.tile([1.0, 0.0, 0.0], (len(normals), 1)), atol=1e-5)


def _sheet() -> int:
    from sim_scenarios.embedded_simulator.render.materials import material_index

    return material_index("sign_face")


def test_text_reads_from_left_to_right() -> None:
    """On STOP, seen from +x, the S (no stroke in its lower left corner's middle) is on the left: at larger y."""
    mesh = placement_model("sign_stop").levels[0][1]
    letters = np.isclose(mesh.positions[:, 0], mesh.positions[:, 0].max(), atol=1e-4)
    strokes = mesh.positions[letters]
    left, right = strokes[strokes[:, 1] > 0.17], strokes[strokes[:, 1] < -0.17]
    # The P on the right leaves its lower right empty; the S on the left does not.
    assert (right[right[:, 1] < -0.27][:, 2].min()) > (left[left[:, 1] > 0.27][:, 2].min())


def test_a_lamp_shines_down_at_the_end_of_its_arm() -> None:
    for _, mesh in placement_model("street_lamp").levels:
        glowing = mesh.triangles[mesh.parts == Part.STREET_LAMP].reshape(-1)
        assert len(glowing)
        assert (mesh.normals[glowing][:, 2] < -0.99).all()
        assert mesh.positions[glowing][:, 0].min() > 1.5
        assert mesh.positions[glowing][:, 2].min() > 6.5


@pytest.mark.parametrize("kind", TREES)
def test_trees_have_few_cards_and_one_size(kind: str) -> None:
    model = placement_model(kind)
    cards = [int((mesh.parts == Part.LEAF).sum()) // 2 for _, mesh in model.levels]
    assert cards[0] <= 120
    assert cards[1] <= 45
    assert cards[2] <= 14
    heights = [float(mesh.positions[:, 2].max()) for _, mesh in model.levels]
    assert max(heights) - min(heights) < 1.2, "a tree does not shrink when the level of detail changes"


@pytest.mark.parametrize("kind", ["parked_sedan", "parked_van", "parked_bicycle"])
def test_parked_cars_take_the_paint_that_the_scene_gives_each(kind: str) -> None:
    for _, mesh in placement_model(kind).levels:
        assert (mesh.parts == Part.PAINT).mean() > (0.05 if kind == "parked_bicycle" else 0.2)


def test_built_twice_gives_the_same_bytes() -> None:
    for kind in ("tree_broadleaf", "bush", "sign_speed_30", "bus_stop"):
        first = digest(*(mesh for _, mesh in placement_model.__wrapped__(kind).levels))
        assert first == digest(*(mesh for _, mesh in placement_model(kind).levels))
