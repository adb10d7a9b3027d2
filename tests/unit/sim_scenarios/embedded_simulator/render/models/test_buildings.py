from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Part
from sim_scenarios.embedded_simulator.render.models.building_parts import AWNING_Z_M
from sim_scenarios.embedded_simulator.render.models.buildings import building_mesh
from sim_scenarios.embedded_simulator.road.town import Lot
from sim_scenarios.embedded_simulator.world.snapshot import Vector
from tests.unit.sim_scenarios.embedded_simulator.render.models.mesh_checks import check_mesh, digest, enclosed_volume

BUILDING = 3
STYLES = ("house", "shop", "apartment", "office", "tower", "warehouse")

lots = st.builds(
    Lot,
    center=st.builds(Vector, x=st.floats(-300, 300), y=st.floats(-300, 300), z=st.floats(0.0, 0.2)),
    yaw_deg=st.floats(-180.0, 180.0),
    depth_m=st.floats(9.0, 24.0),
    width_m=st.floats(8.0, 30.0),
    storeys=st.integers(1, 24),
    style=st.sampled_from(STYLES),
    seed=st.integers(0, 2**31 - 1),
)


def lot(style: str, *, seed: int = 1, yaw_deg: float = 0.0, storeys: int = 5) -> Lot:
    return Lot(center=Vector(), yaw_deg=yaw_deg, depth_m=14.0, width_m=18.0, storeys=storeys, style=style, seed=seed)


def in_lot_frame(place: Lot, mesh: Mesh) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(V, 3) positions with x towards the street and y along the facade."""
    angle = np.radians(place.yaw_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
    return np.asarray((mesh.positions - np.array(place.center)) @ turn)


@given(lots)
@settings(max_examples=60, deadline=None)
def test_sound_and_within_its_plot(place: Lot) -> None:
    mesh = building_mesh(place)
    check_mesh(mesh, allowed_tags={BUILDING})
    assert len(mesh.triangles) <= 500
    local = in_lot_frame(place, mesh)
    beyond = np.maximum(np.abs(local[:, 0]) - place.depth_m / 2, np.abs(local[:, 1]) - place.width_m / 2)
    assert beyond.max() <= 1.2
    low = local[:, 2] < AWNING_Z_M - 0.01
    assert beyond[low].max() <= 1e-3, "nothing stands in the way of who walks along the plot"
    assert local[:, 2].min() > -0.01


@pytest.mark.parametrize("style", STYLES)
def test_every_style_has_windows_and_more_than_a_box(style: str) -> None:
    mesh = building_mesh(lot(style))
    assert (mesh.parts == Part.WINDOW).any()
    assert 40 <= len(mesh.triangles) <= 450
    assert enclosed_volume(mesh) > 14.0 * 18.0 * 3.0


@pytest.mark.parametrize("style", ["apartment", "office", "tower"])
def test_storeys_make_it_higher(style: str) -> None:
    low, high = building_mesh(lot(style, storeys=4)), building_mesh(lot(style, storeys=9))
    gained = float(high.positions[:, 2].max() - low.positions[:, 2].max())
    assert gained > 4 * 3.0


@pytest.mark.parametrize("style", STYLES)
def test_seeds_make_it_different(style: str) -> None:
    assert len({digest(building_mesh(lot(style, seed=seed))) for seed in range(12)}) == 12


def test_the_facade_looks_to_the_street_whatever_the_yaw() -> None:
    """Shop windows are on the street side only: their normals are the lot's turned +x."""
    for yaw in (0.0, 90.0, -135.0):
        mesh = building_mesh(lot("shop", yaw_deg=yaw))
        front = np.array([np.cos(np.radians(yaw)), np.sin(np.radians(yaw)), 0.0])
        low_windows = (mesh.parts == Part.WINDOW) & (mesh.positions[mesh.triangles].mean(axis=1)[:, 2] < 3.0)
        facing = mesh.normals[mesh.triangles[low_windows][:, 0]] @ front
        assert facing.max() > 0.99


def test_no_window_is_cut() -> None:
    """Facades span whole bays and storeys of the texture's window grid of four by four."""
    mesh = building_mesh(lot("apartment"))
    corners = mesh.triangles[mesh.parts == Part.WINDOW]
    for triangle in corners:
        span = np.ptp(mesh.uvs[triangle], axis=0) * 4
        if span.min() > 0.9:
            np.testing.assert_allclose(span, np.round(span), atol=1e-3)


def test_built_twice_gives_the_same_bytes() -> None:
    assert digest(building_mesh(lot("tower"))) == digest(building_mesh(lot("tower")))
