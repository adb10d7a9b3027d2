"""Worlds from OpenDRIVE text: ``carla.Client.generate_opendrive_world`` sends the text, then asks to load it."""

from __future__ import annotations

from typing import Any

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.road.opendrive_town import GenerationParameters
from sim_scenarios.embedded_simulator.wire.structs import fields, flag, number, text


def copy_opendrive_to_file(context: Context, opendrive: Any, parameters: Any) -> None:
    """Builds the town of a text, under the name that the client loads next; the world stays as it is until then."""
    context.towns.generate(text(opendrive), _unpack(parameters))


def _unpack(parameters: Any) -> GenerationParameters:
    vertex_distance, max_road_length, wall_height, additional_width, smooth, visible, pedestrians = fields(
        "OpendriveGenerationParameters", parameters, 7
    )
    return GenerationParameters(
        vertex_distance=number(vertex_distance),
        max_road_length=number(max_road_length),
        wall_height=number(wall_height),
        additional_width=number(additional_width),
        smooth_junctions=flag(smooth),
        enable_mesh_visibility=flag(visible),
        enable_pedestrian_navigation=flag(pedestrians),
    )
