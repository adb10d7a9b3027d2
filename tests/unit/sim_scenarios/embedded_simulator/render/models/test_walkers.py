from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.mesh import Joint, Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.models.outfits import outfit_of
from sim_scenarios.embedded_simulator.render.models.walkers import walker_model
from sim_scenarios.embedded_simulator.world.gait import HIP, SEATED_DROP, SHOULDER
from sim_scenarios.embedded_simulator.world.walker_catalogue import TAG_PEDESTRIAN, WALKERS, WalkerSpec
from tests.unit.sim_scenarios.embedded_simulator.render.models.mesh_checks import check_model, digest, enclosed_volume
from tests.unit.sim_scenarios.embedded_simulator.render.models.silhouettes import outline_shift_m, silhouette


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
    for _, mesh in model.levels:
        assert (np.ptp(mesh.joints[mesh.triangles], axis=1) == 0).all(), "rays meet each rigid group by itself"
    near, middle, far = (len(mesh.triangles) for _, mesh in model.levels)
    assert near <= 1100
    assert middle <= 450
    assert far <= 150


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
        assert 5.0 * spec.height_m**3 < litres < 32.0 * spec.height_m**3


@pytest.mark.parametrize("spec", WALKERS[::5], ids=by_id)
def test_outlines_stay_where_a_coarser_level_takes_over(spec: WalkerSpec) -> None:
    levels = model_of(spec).levels
    for (distance_m, finer), (_, coarser) in itertools.pairwise(levels):
        pixel_m = distance_m / 640.0  # of an image 1280 pixels and 90 degrees wide
        for azimuth_deg in (0.0, 50.0, 90.0):
            one, other = (silhouette(mesh, azimuth_deg) for mesh in (finer, coarser))
            assert outline_shift_m(one, other) < 0.55 * pixel_m
            assert other.sum() == pytest.approx(one.sum(), rel=0.12)


def test_levels_do_not_make_people_thinner_or_fatter() -> None:
    areas = np.array(
        [[silhouette(mesh, 30.0).sum() for _, mesh in model_of(spec).levels] for spec in WALKERS[::7]], float
    )
    np.testing.assert_allclose((areas[:, 1:] / areas[:, :-1]).mean(axis=0), 1.0, atol=0.04)


def test_a_skirt_lies_on_both_thighs_and_goes_along() -> None:
    spec = next(spec for spec in WALKERS if outfit_of(spec).legwear == "skirt")
    for _, mesh in model_of(spec).levels:
        skirt = np.unique(mesh.triangles[mesh.parts == Part.TROUSERS])
        for joint in (Joint.BODY, Joint.LEFT_LEG, Joint.RIGHT_LEG):
            piece = mesh.positions[skirt][mesh.joints[skirt] == joint]
            assert piece[:, 2].min() == pytest.approx((0.31 - 0.5) * spec.height_m, abs=0.02)


def test_wheelchairs_stand_on_the_ground_when_their_users_sit() -> None:
    for spec in [spec for spec in WALKERS if spec.can_use_wheelchair][::6]:
        model = walker_model(spec, in_wheelchair=True)
        check_model(model, allowed_tags={TAG_PEDESTRIAN})
        for _, mesh in model.levels:
            wheels = mesh.positions[mesh.joints == Joint.REAR_WHEELS]
            assert wheels[:, 2].min() - SEATED_DROP * spec.height_m == pytest.approx(-spec.height_m / 2, abs=0.02)
            assert np.ptp(wheels[:, 1]) < 0.75


def test_children_have_larger_heads_for_their_size() -> None:
    def head_share(spec: WalkerSpec) -> float:
        mesh = model_of(spec).levels[0][1]
        hair = mesh.positions[mesh.triangles[mesh.parts == Part.HAIR].reshape(-1)]
        return float(np.ptp(hair[:, 0])) / spec.height_m

    adult = max(head_share(spec) for spec in WALKERS if spec.age == "adult" and spec.gender == "male")
    child = min(head_share(spec) for spec in WALKERS if spec.age == "child" and spec.gender == "male")
    assert child > 1.1 * adult


def test_built_twice_gives_the_same_bytes_and_no_two_are_alike() -> None:
    first = [digest(*(mesh for _, mesh in model_of(spec).levels)) for spec in WALKERS]
    second = [digest(*(mesh for _, mesh in walker_model(spec).levels)) for spec in WALKERS[::6]]
    assert first[::6] == second
    assert len(set(first)) == len(WALKERS)
