"""Every prop of the catalogue is drawn as large as it is."""

from __future__ import annotations

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.models.props import prop_model
from sim_scenarios.embedded_simulator.world.prop_catalogue import PROP_SPECS, PROPS, PropSpec


@pytest.mark.parametrize("spec", PROPS, ids=lambda spec: spec.id.removeprefix("static.prop."))
def test_a_model_fills_its_box_and_carries_its_tag(spec: PropSpec) -> None:
    half = np.array([0.5 * spec.length_m, 0.5 * spec.width_m])
    for _, mesh in prop_model(spec).levels:
        low, high = mesh.positions.min(axis=0), mesh.positions.max(axis=0)
        np.testing.assert_allclose(low, [*-half, 0.0], atol=1e-4)
        np.testing.assert_allclose(high, [*half, spec.height_m], atol=1e-4)
        assert set(mesh.tags.tolist()) == {spec.tag}


def test_sizes_are_words_of_carla() -> None:
    assert {spec.size for spec in PROPS} == {"tiny", "small", "medium", "big", "huge"}
    assert PROP_SPECS["static.prop.colacan"].size == "tiny"
    assert len(PROP_SPECS) == len(PROPS) == 96
