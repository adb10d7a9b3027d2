"""What an actor is made from and what is told about it: blueprints, attributes, boxes. Fields in wire order."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector


class AttributeType(enum.IntEnum):
    """Values of ``carla.ActorAttributeType``."""

    BOOL = 1
    INT = 2
    FLOAT = 3
    STRING = 4
    RGB_COLOR = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class AttributeDefinition:
    """One attribute of a blueprint."""

    id: str
    type: AttributeType
    value: str
    """The default."""
    recommended: tuple[str, ...] = ()
    is_modifiable: bool = True
    restrict_to_recommended: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Blueprint:
    """One row of the blueprint library."""

    uid: int
    id: str
    attributes: tuple[AttributeDefinition, ...]

    @property
    def tags(self) -> str:
        """Comma-separated parts of the id; ``BlueprintLibrary.filter`` also looks here."""
        return ",".join(self.id.split("."))


class AttributeValue(NamedTuple):
    """An attribute as a spawn request carries it."""

    id: str
    type: int
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ActorDescription:
    """What a client asks to spawn, kept with the actor and told to every client."""

    uid: int
    id: str
    attributes: tuple[AttributeValue, ...] = ()

    def attribute(self, name: str, default: str = "") -> str:
        """The value of an attribute, or ``default`` where the client sent none."""
        return next((attribute.value for attribute in self.attributes if attribute.id == name), default)


class BoundingBox(NamedTuple):
    """A box in the frame of its actor (or of the world, for scenery); ``extent`` holds half sizes [m]."""

    location: Vector = Vector()
    extent: Vector = Vector()
    rotation: Rotation = Rotation()


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentObject:
    """One static object of the town; pose and box are in world coordinates."""

    id: int
    name: str
    pose: Pose
    box: BoundingBox
    tag: int
    layer: int = 0
    """Bit of ``carla.MapLayer`` that it is part of, 0 for what is always there."""
    signal_id: str = ""
    """OpenDRIVE id of the traffic light that it is part of."""


class LabelledPoint(NamedTuple):
    """Where a ray hit something, and the semantic tag of what it hit."""

    location: Vector
    label: int
