"""Props: the model of street furniture that fits, stretched to the catalogue's size, or a plain box in its colour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models.levels import fitted, model_of
from sim_scenarios.embedded_simulator.render.models.placements import placement_model
from sim_scenarios.embedded_simulator.world.prop_catalogue import PropSpec


def prop_model(spec: PropSpec) -> Model:
    """Return the model of one row of the catalogue, exactly as large as its box and tagged as the prop is."""
    if isinstance(spec.look, str):
        levels = [(distance, _tagged(mesh, spec.tag)) for distance, mesh in placement_model(spec.look).levels]
    else:
        red, green, blue = (channel / 255.0 for channel in spec.look)
        builder = MeshBuilder()
        finish = Finish(material="painted_metal", tag=spec.tag, color=(red, green, blue))
        builder.box((0.0, 0.0, 0.5 * spec.height_m), (spec.length_m, spec.width_m, spec.height_m), finish)
        levels = [(float("inf"), builder.build())]
    x, y = 0.5 * spec.length_m, 0.5 * spec.width_m
    return model_of(*((distance, fitted(mesh, (-x, -y, 0.0), (x, y, spec.height_m))) for distance, mesh in levels))


def _tagged(mesh: Mesh, tag: int) -> Mesh:
    return replace(mesh, tags=np.full(len(mesh.tags), tag, np.uint8))
