"""Road marks of every kind and colour that OpenDRIVE has, on a straight road of 60 m along x."""

from __future__ import annotations

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.materials import material_index
from sim_scenarios.embedded_simulator.road.opendrive_town import GenerationParameters, town_from_opendrive
from tests import opendrive_texts as texts

_MIDDLE = 'type="broken" weight="standard" color="yellow" width="0.12"'


def middle_line(kind: str, color: str) -> dict[tuple[str, int], np.ndarray]:
    """Corners (T, 2) [m] of the triangles along the middle of the road, by material and tag."""
    text = texts.file_of(texts.road(1, [(0.0, 0.0, 0.0, 60.0, 0.0)], texts.street()))
    assert text.count(_MIDDLE) == 1
    text = text.replace(_MIDDLE, _MIDDLE.replace("broken", kind).replace("yellow", color))
    town = town_from_opendrive(text, name="OpenDriveMap", generation=GenerationParameters(wall_height=0.0))
    found: dict[tuple[str, int], list[np.ndarray]] = {}
    for surface in town.surfaces:
        corners = surface.positions[surface.triangles][:, :, :2].astype(float)
        corners = corners[(np.abs(corners[:, :, 1]) < 0.4).all(axis=1)]
        if len(corners):
            found.setdefault((surface.material, surface.tag), []).append(corners)
    return {cover: np.concatenate(parts) for cover, parts in found.items()}


def plan_area(corners: np.ndarray) -> float:
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return float(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / 2.0)


@pytest.mark.parametrize(
    ("color", "material"),
    [
        ("standard", "white"), ("white", "white"), ("yellow", "yellow"), ("orange", "orange"), ("red", "red"),
        ("green", "green"), ("blue", "blue"),
    ],
)  # fmt: skip
def test_lines_have_the_colour_of_the_file(color: str, material: str) -> None:
    ((cover, corners),) = middle_line("solid", color).items()
    assert cover == (f"paint_{material}", 24)
    assert material_index(f"paint_{material}") >= 0
    assert plan_area(corners) == pytest.approx(60.0 * 0.12, rel=1e-3)


def test_botts_dots_are_round_and_four_to_a_dash() -> None:
    (dots,), (dashes,) = (middle_line(kind, "white").values() for kind in ("botts dots", "broken"))
    num_dashes = plan_area(dashes) / (3.0 * 0.12)
    octagon = 8 * 0.5 * 0.05**2 * np.sin(np.pi / 4.0)
    assert plan_area(dots) == pytest.approx(4 * round(num_dashes) * octagon, rel=1e-3)
    assert float(np.abs(dots[:, :, 1]).max()) == pytest.approx(0.05, abs=1e-4)


@pytest.mark.parametrize(("kind", "cover", "width_m"), [("curb", ("kerb", 2), 0.15), ("grass", ("grass", 10), 0.3)])
def test_rims_of_stone_and_grass_are_no_paint(kind: str, cover: tuple[str, int], width_m: float) -> None:
    found = middle_line(kind, "standard")
    assert set(found) == {cover}
    assert plan_area(found[cover]) == pytest.approx(60.0 * width_m, rel=1e-3)


def test_marks_of_no_kind_are_not_drawn() -> None:
    assert middle_line("none", "white") == {}
