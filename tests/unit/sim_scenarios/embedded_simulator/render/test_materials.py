from __future__ import annotations

import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.materials import (
    MATERIALS,
    MAX_LEVELS,
    PANE_GLOSS,
    MaterialAtlas,
    bake_materials,
    material_index,
)

GROUND = ("asphalt", "sidewalk", "kerb", "grass", "dirt", "paint_white", "paint_yellow", "plaza")


@pytest.fixture(scope="module")
def atlas() -> MaterialAtlas:
    return bake_materials()


def level(atlas: MaterialAtlas, material: int, number: int) -> NDArray[np.uint8]:
    """(S, S, 4) texels of one mip level."""
    side = max(1, int(atlas.sizes[material]) >> number)
    start = int(atlas.offsets[material, number])
    return atlas.texels[start : start + side * side].reshape(side, side, 4)


def digest(atlas: MaterialAtlas) -> str:
    arrays = (atlas.texels, atlas.offsets, atlas.sizes, atlas.noise)
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def test_every_ground_material_of_a_town_exists() -> None:
    assert {material.name for material in MATERIALS} >= set(GROUND)
    assert [material_index(material.name) for material in MATERIALS] == list(range(len(MATERIALS)))
    assert len(MATERIALS) <= 256, "a mesh stores a material in one byte"


def test_shapes_and_types(atlas: MaterialAtlas) -> None:
    assert atlas.texels.dtype == np.uint8
    assert atlas.texels.shape[1] == 4
    assert atlas.offsets.shape == (len(MATERIALS), MAX_LEVELS)
    assert atlas.offsets.dtype == np.int64
    assert atlas.sizes.tolist() == [material.size_px for material in MATERIALS]
    assert all(size & (size - 1) == 0 for size in atlas.sizes.tolist())
    assert atlas.noise.shape == (512, 512, 4)


def test_levels_fill_the_atlas_without_gap_or_overlap(atlas: MaterialAtlas) -> None:
    expected = 0
    for index, material in enumerate(MATERIALS):
        for number in range(material.size_px.bit_length()):
            assert atlas.offsets[index, number] == expected
            expected += (material.size_px >> number) ** 2
        last = atlas.offsets[index, material.size_px.bit_length() - 1]
        assert (atlas.offsets[index, material.size_px.bit_length() :] == last).all()
    assert expected == len(atlas.texels)


@pytest.mark.parametrize("material", range(len(MATERIALS)), ids=lambda index: MATERIALS[index].name)
def test_each_level_is_the_box_filtered_previous_one(atlas: MaterialAtlas, material: int) -> None:
    for number in range(1, MATERIALS[material].size_px.bit_length()):
        finer = level(atlas, material, number - 1).astype(np.float64)
        side = finer.shape[0] // 2
        mean = finer.reshape(side, 2, side, 2, 4).mean(axis=(1, 3))
        assert np.abs(level(atlas, material, number) - mean).max() <= 1.0


@pytest.mark.parametrize("material", range(len(MATERIALS)), ids=lambda index: MATERIALS[index].name)
def test_textures_tile(atlas: MaterialAtlas, material: int) -> None:
    """The step across the seam is no larger than the largest steps between neighbours inside."""
    texture = level(atlas, material, 0)[..., :3].astype(np.float64)
    for axis in (0, 1):
        inside = np.abs(np.diff(texture, axis=axis)).mean(axis=(1 - axis, 2))
        first, last = np.take(texture, 0, axis=axis), np.take(texture, -1, axis=axis)
        seam = np.abs(first - last).mean()
        assert seam <= inside.max() * 1.25 + 2.0


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("asphalt", 0.28, 0.38), ("sidewalk", 0.48, 0.60), ("paint_white", 0.65, 0.88), ("vehicle_glass", 0.08, 0.20)],
)
def test_average_brightness_is_that_of_the_real_thing(atlas: MaterialAtlas, name: str, low: float, high: float) -> None:
    average = level(atlas, material_index(name), 0)[..., :3].mean() / 255.0
    assert low < average < high


def test_only_facades_have_panes(atlas: MaterialAtlas) -> None:
    for index, material in enumerate(MATERIALS):
        across, up = material.window_grid
        share = float((level(atlas, index, 0)[..., 3] > PANE_GLOSS * 255).mean())
        if across * up:
            assert 0.03 < share < 0.8, material.name
        elif material.name.startswith(("facade", "brick", "plaster", "concrete")):
            assert share == 0.0, material.name


def test_every_window_of_a_tile_has_a_pane(atlas: MaterialAtlas) -> None:
    for index, material in enumerate(MATERIALS):
        across, up = material.window_grid
        if across * up == 0:
            continue
        gloss = level(atlas, index, 0)[..., 3] > PANE_GLOSS * 255
        side = material.size_px
        cells = gloss.reshape(up, side // up, across, side // across).any(axis=(1, 3))
        assert cells.all(), material.name


@pytest.mark.parametrize("name", ["leaf", "needles"])
def test_leaves_are_cut_out(atlas: MaterialAtlas, name: str) -> None:
    index = material_index(name)
    assert MATERIALS[index].alpha
    coverage = level(atlas, index, 0)[..., 3]
    assert set(np.unique(coverage)) == {0, 255}
    assert coverage[0].max() == 0, "a card's edge is empty, or it would show as a line"
    assert 0.3 < (coverage > 0).mean() < 0.7


def test_baking_is_deterministic_and_follows_the_seed(atlas: MaterialAtlas) -> None:
    again = bake_materials.__wrapped__(7)
    assert digest(again) == digest(atlas)
    assert bake_materials() is atlas, "kept in memory"


def test_noise_tiles_and_is_centred(atlas: MaterialAtlas) -> None:
    noise = atlas.noise.astype(np.float64)
    assert np.abs(noise.mean(axis=(0, 1)) - 128.0).max() < 3.0
    step = np.abs(np.diff(noise, axis=0)).mean()
    assert np.abs(noise[0] - noise[-1]).mean() < 1.5 * step + 1.0


def test_the_atlas_cannot_be_written_to(atlas: MaterialAtlas) -> None:
    with pytest.raises(ValueError, match="read-only"):
        atlas.texels[0] = 0


@pytest.mark.parametrize("name", ["asphalt", "asphalt_lanes"])
def test_asphalt_shows_from_afar_no_shade_that_would_repeat_along_a_road(atlas: MaterialAtlas, name: str) -> None:
    """Along u, the street; across it the tracks of tyres stay."""
    far = level(atlas, material_index(name), 6)[..., 0].astype(float)
    assert far.std(axis=1).max() < 1.0
