"""Which windows the viewer opens: a tab for each scenario, with the drive in space and each camera's planes."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from harness.streams import Stream
from harness.viewing.stream_writer import SECONDS, entity_of, moves


def layout(rerun: Any, streams: Sequence[Stream]) -> Any:
    """A tab for each scenario: the drive in space, then each camera's planes."""
    blueprint = importlib.import_module("rerun.blueprint")
    tabs = []
    for scenario in dict.fromkeys(stream.scenario for stream in streams):
        own = [stream for stream in streams if stream.scenario == scenario]
        views = []
        if any(moves(stream) for stream in own):
            flat = [rerun.new_entity_path([*entity_of(each), plane]) for each in own for plane in ("tags", "instance")]
            views.append(
                blueprint.Spatial3DView(
                    origin=rerun.new_entity_path([scenario]),
                    contents=["$origin/**", *(f"- {entity}" for entity in flat)],
                    name="drive",
                )
            )
        views += [
            blueprint.Spatial2DView(
                origin=rerun.new_entity_path([*entity_of(stream), plane]),
                name=" ".join((*entity_of(stream)[1:], plane)),
            )
            for stream in own
            for plane in stream.planes
        ]
        tabs.append(blueprint.Grid(*views, name=scenario))
    return blueprint.Blueprint(
        blueprint.Tabs(*tabs), blueprint.TimePanel(timeline=SECONDS), collapse_panels=True, auto_views=False
    )
