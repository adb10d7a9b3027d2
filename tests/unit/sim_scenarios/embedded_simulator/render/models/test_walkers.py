from __future__ import annotations

import functools

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.mesh import Joint, Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.models.walkers import walker_model
from sim_scenarios.embedded_simulator.world.gait import HIP, SHOULDER
from sim_scenarios.embedded_simulator.world.walker_catalogue import TAG_PEDESTRIAN, WALKERS, WalkerSpec
from tests.unit.sim_scenarios.embedded_simulator.render.models.mesh_checks import check_model, digest, enclosed_volume


@functools.cache
def model_of(spec: WalkerSpec) -> Model:
    return walker_model(spec)


def by_id(spec: WalkerSpec) -> str:
    return spec.id


def vertex_colors(mesh: Mesh, part: Part) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(mesh.colors[mesh.triangles[mesh.parts == part].reshape(-1)], np.float32)


@pytest.mark.parametrize("spec", WALKERS, ids=by_id)
def test_sound_at_every_level(spec: WalkerSpec) -> None:
    model = model_of(spec)
    check_model(model, allowed_tags={TAG_PEDESTRIAN})
    near, middle, far = (len(mesh.triangles) for _, mesh in model.levels)
    assert near <= 1000
    assert middle <= 450
    assert far <= 100


@pytest.mark.parametrize("spec", WALKERS, ids=by_id)
def test_as_tall_as_the_table_says_about_the_origin(spec: WalkerSpec) -> None:
    for _, mesh in model_of(spec).levels:
        assert mesh.positions[:, 2].min() == pytest.approx(-spec.height_m / 2, abs=1e-4)
        assert mesh.positions[:, 2].max() == pytest.approx(spec.height_m / 2, abs=1e-4)
        assert np.ptp(mesh.positions[:, 1]) < 0.45 * spec.height_m


@pytest.mark.parametrize("spec", WALKERS, ids=by_id)
def test_limbs_hang_from_hips_and_shoulders(spec: WalkerSpec) -> None:
    for _, mesh in model_of(spec).levels:
        for joint, share, side in (
            (Joint.LEFT_LEG, HIP, -1.0),
            (Joint.RIGHT_LEG, HIP, 1.0),
            (Joint.LEFT_ARM, SHOULDER, -1.0),
            (Joint.RIGHT_ARM, SHOULDER, 1.0),
        ):
            limb = mesh.joints == joint
            assert limb.any()
            np.testing.assert_allclose(mesh.pivots[limb][:, 2], (share - 0.5) * spec.height_m, atol=0.03)
            assert (side * mesh.positions[limb][:, 1]).mean() > 0.0


@pytest.mark.parametrize("spec", WALKERS, ids=by_id)
def test_wears_the_colours_of_the_table(spec: WalkerSpec) -> None:
    mesh = model_of(spec).levels[0][1]
    for part, rgb in ((Part.TROUSERS, spec.trousers), (Part.SKIN, spec.skin), (Part.HAIR, spec.hair)):
        colors = vertex_colors(mesh, part)
        np.testing.assert_allclose(colors, np.tile(np.array(rgb) / 255.0, (len(colors), 1)), atol=1e-5)
    assert (vertex_colors(mesh, Part.CLOTHES) == 1.0).all(), "the actor's colour is multiplied in"


@pytest.mark.parametrize("spec", WALKERS, ids=by_id)
def test_winds_outward_and_is_as_bulky_as_a_person(spec: WalkerSpec) -> None:
    for _, mesh in model_of(spec).levels:
        litres = 1000.0 * enclosed_volume(mesh)
        assert 6.0 * spec.height_m**3 < litres < 25.0 * spec.height_m**3


def test_children_have_larger_heads_for_their_size() -> None:
    def head_share(spec: WalkerSpec) -> float:
        mesh = model_of(spec).levels[0][1]
        hair = mesh.positions[mesh.triangles[mesh.parts == Part.HAIR].reshape(-1)]
        return float(np.ptp(hair[:, 0])) / spec.height_m

    adult = max(head_share(spec) for spec in WALKERS if spec.age == "adult" and spec.gender == "male")
    child = min(head_share(spec) for spec in WALKERS if spec.age == "child" and spec.gender == "male")
    assert child > 1.1 * adult


def test_built_twice_gives_the_same_bytes_and_no_two_are_alike() -> None:
    first = [digest(*(mesh for _, mesh in walker_model(spec).levels)) for spec in WALKERS]
    second = [digest(*(mesh for _, mesh in walker_model(spec).levels)) for spec in WALKERS]
    assert first == second
    assert len(set(first)) == len(WALKERS)
