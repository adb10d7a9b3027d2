"""The three tag tables of CARLA. The server writes the tags, so its version picks the table, never the client's."""

from __future__ import annotations

import re

from datasets.errors import LabelError
from datasets.labels.label_set import LabelSet, classes_of

# Names are those of carla.CityObjectLabel, colours those of ColorConverter.CityScapesPalette, read out of each wheel.
CARLA_29 = LabelSet(
    name="carla29",
    ignored=frozenset({0}),
    classes=classes_of(
        ("NONE", 0, 0, 0),
        ("Roads", 128, 64, 128),
        ("Sidewalks", 244, 35, 232),
        ("Buildings", 70, 70, 70),
        ("Walls", 102, 102, 156),
        ("Fences", 190, 153, 153),
        ("Poles", 153, 153, 153),
        ("TrafficLight", 250, 170, 30),
        ("TrafficSigns", 220, 220, 0),
        ("Vegetation", 107, 142, 35),
        ("Terrain", 152, 251, 152),
        ("Sky", 70, 130, 180),
        ("Pedestrians", 220, 20, 60),
        ("Rider", 255, 0, 0),
        ("Car", 0, 0, 142),
        ("Truck", 0, 0, 70),
        ("Bus", 0, 60, 100),
        ("Train", 0, 80, 100),
        ("Motorcycle", 0, 0, 230),
        ("Bicycle", 119, 11, 32),
        ("Static", 110, 190, 160),
        ("Dynamic", 170, 120, 50),
        ("Other", 55, 90, 80),
        ("Water", 45, 60, 150),
        ("RoadLines", 157, 234, 50),
        ("Ground", 81, 0, 81),
        ("Bridge", 150, 100, 100),
        ("RailTrack", 230, 150, 140),
        ("GuardRail", 180, 165, 180),
    ),
)
"""Servers 0.9.14 - 0.9.16 and 0.10.x."""

CARLA_23 = LabelSet(
    name="carla23",
    ignored=frozenset({0}),
    classes=classes_of(
        ("NONE", 0, 0, 0),
        ("Buildings", 70, 70, 70),
        ("Fences", 100, 40, 40),
        ("Other", 55, 90, 80),
        ("Pedestrians", 220, 20, 60),
        ("Poles", 153, 153, 153),
        ("RoadLines", 157, 234, 50),
        ("Roads", 128, 64, 128),
        ("Sidewalks", 244, 35, 232),
        ("Vegetation", 107, 142, 35),
        ("Vehicles", 0, 0, 142),
        ("Walls", 102, 102, 156),
        ("TrafficSigns", 220, 220, 0),
        ("Sky", 70, 130, 180),
        ("Ground", 81, 0, 81),
        ("Bridge", 150, 100, 100),
        ("RailTrack", 230, 150, 140),
        ("GuardRail", 180, 165, 180),
        ("TrafficLight", 250, 170, 30),
        ("Static", 110, 190, 160),
        ("Dynamic", 170, 120, 50),
        ("Water", 45, 60, 150),
        ("Terrain", 145, 170, 100),
    ),
)
"""Servers 0.9.10 - 0.9.13."""

CARLA_13 = LabelSet(
    name="carla13",
    ignored=frozenset({0}),
    classes=classes_of(
        ("None", 0, 0, 0),
        ("Buildings", 70, 70, 70),
        ("Fences", 190, 153, 153),
        ("Other", 250, 170, 160),
        ("Pedestrians", 220, 20, 60),
        ("Poles", 153, 153, 153),
        ("RoadLines", 157, 234, 50),
        ("Roads", 128, 64, 128),
        ("Sidewalks", 244, 35, 232),
        ("Vegetation", 107, 142, 35),
        ("Vehicles", 0, 0, 142),
        ("Walls", 102, 102, 156),
        ("TrafficSigns", 220, 220, 0),
    ),
)
"""Servers 0.8.x - 0.9.9: sky is None, traffic lights are TrafficSigns."""


def tag_table_for_server(version: str) -> LabelSet:
    """The tag set that a server of `version` ("0.9.16", suffixes allowed) writes; LabelError when no table is known."""
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    if match:
        major, minor, patch = (int(part or 0) for part in match.groups())
        if (major, minor) == (0, 8):
            return CARLA_13
        if (major, minor) == (0, 9) and patch <= 16:
            return CARLA_29 if patch >= 14 else CARLA_23 if patch >= 10 else CARLA_13
        if (major, minor) == (0, 10):
            return CARLA_29
    raise LabelError(
        f"server version {version!r} has no known tag table; expected 0.8.x - 0.9.9 (13 tags), 0.9.10 - 0.9.13 (23), "
        "0.9.14 - 0.9.16 or 0.10.x (29). Check the server's tags before adding a table"
    )
