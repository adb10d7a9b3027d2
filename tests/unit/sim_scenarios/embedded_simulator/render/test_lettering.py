"""Shop signs, read back from the texture and from the buildings that carry them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.materials import PANE_GLOSS, bake_materials, material_index
from sim_scenarios.embedded_simulator.render.models.buildings import building_mesh
from sim_scenarios.embedded_simulator.render.textures.lettering import (
    COLUMNS,
    LONGEST,
    NAMES,
    PLATE_COLUMNS,
    PLATE_ROWS,
    PLATE_SCALE,
    ROWS,
    board_uvs,
    glyph_rows,
    plate_texts,
)
from sim_scenarios.embedded_simulator.road.town import Lot
from sim_scenarios.embedded_simulator.world.snapshot import Vector

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ&"
SIGNS = material_index("shop_signs")


def faces() -> list[NDArray[np.bool_]]:
    """Where each board's letters are, the first row on top as one reads."""
    atlas = bake_materials()
    side, start = int(atlas.sizes[SIGNS]), int(atlas.offsets[SIGNS, 0])
    gloss = atlas.texels[start : start + side * side, 3].reshape(side, side) > PANE_GLOSS * 255
    found = []
    for number in range(len(NAMES)):
        u0, v0, u1, v1 = (round(edge * side) for edge in board_uvs(number))
        found.append(gloss[v0:v1, u0:u1][::-1])
    return found


def read(face: NDArray[np.bool_]) -> str:
    """What a board says, by the letter that fits each place; no name begins with a blank column."""
    rows, columns = (np.flatnonzero(face.any(axis=axis)) for axis in (1, 0))
    bits = face[rows[0] + 1 :: 3, columns[0] + 2 :: 4][:7]  # a dot is four texels wide and three high
    text = ""
    for place in range(0, bits.shape[1] - 4, 6):
        cell = bits[:, place : place + 5]
        text += next((letter for letter in LETTERS if np.array_equal(glyph_rows(letter), cell)), " ")
    return text.rstrip()


def test_every_board_can_be_read() -> None:
    assert len(set(NAMES)) == len(NAMES) == COLUMNS * ROWS
    assert max(map(len, NAMES)) <= LONGEST
    assert len({glyph_rows(letter).tobytes() for letter in LETTERS}) == len(LETTERS)
    names = {name: read(face) for name, face in zip(NAMES, faces(), strict=True)}
    assert names == {name: name for name in NAMES}


def test_letters_stand_upright_and_run_to_the_right() -> None:
    """By their shape alone: an L has its foot below and its stem on the left."""
    letter = glyph_rows("L")
    assert letter[-1].all()
    assert letter[:, 0].all()
    assert letter.sum() == 7 + 4


def test_shops_of_a_building_have_names_of_their_own_that_face_the_street() -> None:
    lot = Lot(
        center=Vector(), yaw_deg=0.0, depth_m=14.0, width_m=24.0, storeys=3, style="shop", seed=4
    )  # fmt: skip
    mesh = building_mesh(lot)
    boards = mesh.triangles[mesh.materials == SIGNS].reshape(-1, 6)
    assert len(boards) == round((24.0 - 0.7) / 3.0)
    np.testing.assert_array_equal(mesh.normals[boards.reshape(-1)], [[1.0, 0.0, 0.0]] * boards.size)
    places = set()
    for corners in boards:
        uvs, points = mesh.uvs[corners], mesh.positions[corners]
        places.add((int(uvs[:, 0].mean() * COLUMNS), int(uvs[:, 1].mean() * ROWS)))
        # Who stands in the street sees smaller y on the right, and text runs to the right.
        assert points[uvs[:, 0].argmax(), 1] < points[uvs[:, 0].argmin(), 1]
        assert points[uvs[:, 1].argmax(), 2] > points[uvs[:, 1].argmin(), 2]
    assert len(places) == len(boards)


def test_every_number_plate_can_be_read() -> None:
    atlas, material = bake_materials(), material_index("number_plates")
    side, start = int(atlas.sizes[material]), int(atlas.offsets[material, 0])
    dark = atlas.texels[start : start + side * side, :3].reshape(side, side, 3).max(axis=2) < 64
    height, width = side // PLATE_ROWS, side // PLATE_COLUMNS
    read_back = []
    for number in range(PLATE_COLUMNS * PLATE_ROWS):
        row, column = divmod(number, PLATE_COLUMNS)
        face = dark[row * height : (row + 1) * height, column * width : (column + 1) * width][2:-2, 2:-2][::-1]
        rows, columns = (np.flatnonzero(face.any(axis=axis)) for axis in (1, 0))
        bits = face[rows[0] :: PLATE_SCALE, columns[0] :: PLATE_SCALE][:7]
        cells = [bits[:, place : place + 5] for place in range(0, 6 * 8 - 1, 6)]
        read_back.append(
            "".join(
                next((sign for sign in LETTERS + "0123456789" if np.array_equal(glyph_rows(sign), cell)), " ")
                for cell in cells
            )
        )
    assert tuple(read_back) == plate_texts()
    assert len(set(read_back)) == len(read_back)
