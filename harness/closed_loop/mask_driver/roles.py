"""What each class of a label set means to a driver.

A class of another set than CARLA's means what the tags that become it mean. One that mixes roles is a hazard only if
all of it is, and road if any of it is: "road" of Cityscapes holds the lane markings, and a user's "everything else" is
nothing to brake for.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.labels import CARLA_29, LabelError, LabelSet, translation
from harness.errors import CheckpointError


class Role(enum.IntEnum):
    """What a pixel is to a driver."""

    UNKNOWN = 0
    """Says nothing about the ground: sky, buildings, what has no class."""
    ROAD = 1
    LINE = 2
    """Painted on the road."""
    GROUND = 3
    """Level and not for cars: pavements, grass."""
    VEHICLE = 4
    WALKER = 5
    """Riders, too."""
    OBSTACLE = 6
    """Whatever else stands: poles, signs, barriers, things."""


HAZARDS = (Role.VEHICLE, Role.WALKER, Role.OBSTACLE)

_TAGS: dict[Role, tuple[str, ...]] = {
    Role.ROAD: ("Roads",),
    Role.LINE: ("RoadLines",),
    Role.GROUND: ("Sidewalks", "Terrain", "Ground", "Vegetation", "Water", "RailTrack"),
    Role.VEHICLE: ("Car", "Truck", "Bus", "Train", "Motorcycle", "Bicycle"),
    Role.WALKER: ("Pedestrians", "Rider"),
    Role.OBSTACLE: (
        "Poles", "TrafficLight", "TrafficSigns", "Static", "Dynamic", "Walls", "Fences", "GuardRail",
    ),
}  # fmt: skip
_ROLE_OF_TAG = {CARLA_29.class_id(tag): role for role, tags in _TAGS.items() for tag in tags}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Roles:
    """The role of every class id."""

    lookup: npt.NDArray[np.uint8]
    """(256,) ``Role`` of each class id; UNKNOWN for ids without a class."""
    road: tuple[int, ...]
    """Ids of the classes that are road."""
    lines: tuple[int, ...]
    """Ids of the classes that are lines; none where the set counts them as road."""


def roles_of(label_set: LabelSet) -> Roles:
    """What the classes of ``label_set`` mean to a driver; nothing, where they cannot be told from CARLA's tags."""
    try:
        class_of_tag = translation(CARLA_29, label_set).lookup
    except LabelError:  # classes of something else altogether
        class_of_tag = np.full(256, label_set.ignore_id, np.uint8)
    lookup = np.zeros(256, np.uint8)
    for class_id in range(label_set.num_classes):
        tags = [tag for tag in range(CARLA_29.num_classes) if class_of_tag[tag] == class_id]
        lookup[class_id] = _role({_ROLE_OF_TAG.get(tag, Role.UNKNOWN) for tag in tags})
    of_class = lookup[: label_set.num_classes]
    return Roles(
        lookup=lookup,
        road=tuple(int(each) for each in np.flatnonzero(of_class == Role.ROAD)),
        lines=tuple(int(each) for each in np.flatnonzero(of_class == Role.LINE)),
    )


def require_road(roles: Roles, label_set: LabelSet) -> None:
    """Refuse a label set by which nobody can drive.

    Raises:
        CheckpointError: no class of it is road.
    """
    if not roles.road:
        raise CheckpointError(
            f"label set {label_set.name!r} has no class for the road (its classes: {', '.join(label_set.names)}), so "
            "a mask of it cannot drive: train a net with a set that has one, such as carla29 or cityscapes19"
        )


def _role(roles: set[Role]) -> Role:
    if len(roles) == 1:
        return next(iter(roles))
    if Role.ROAD in roles:
        return Role.ROAD
    if roles and roles <= set(HAZARDS):
        return max(roles, key=(Role.OBSTACLE, Role.VEHICLE, Role.WALKER).index)
    return Role.GROUND if Role.GROUND in roles else Role.UNKNOWN
