"""What a town is: plain data that the world simulates in and the renderer draws.

Frame of reference: CARLA's left-handed axes (x forward/east, y right/south, z up), metres, degrees.
Sidewalks lie ``SIDEWALK_HEIGHT_M`` above the road beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

SIDEWALK_HEIGHT_M = 0.15


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Surface:
    """A piece of ground, wall or marking: one material and one semantic tag."""

    positions: NDArray[np.float32]
    """(V, 3) [m]."""
    triangles: NDArray[np.int32]
    """(T, 3) indices; ``cross(p1 - p0, p2 - p0)`` points up (or outward for kerb faces)."""
    uvs: NDArray[np.float32]
    """(V, 2) [m]: texture coordinates in metres, the renderer divides by the material's tile size."""
    material: str
    """A ground material of ``render/materials.py``."""
    tag: int
    """CARLA semantic tag: 1 road, 2 sidewalk, 4 wall, 10 terrain, 24 road line, 25 ground, 26 bridge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lot:
    """A rectangular plot on which the renderer puts one building."""

    center: Vector
    """Of the plot, at ground height."""
    yaw_deg: float
    """Direction of the street side: the facade looks along +x of the turned frame."""
    depth_m: float
    """Along the turned x axis."""
    width_m: float
    """Along the turned y axis (the facade)."""
    storeys: int
    style: str
    """house, shop, apartment, office, tower or warehouse."""
    seed: int
    """Of everything the renderer chooses about this building."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """One piece of street furniture or planting."""

    kind: str
    """A model of ``render/models``; the names that exist are listed in ``PLACEMENT_KINDS``."""
    location: Vector
    yaw_deg: float
    """The model's own +x, turned: a lamp's arm, a sign's face and a bench's front look along +x."""
    scale: float = 1.0
    seed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Barrier:
    """An upright box that stops what runs into it: a piece of a wall, a parapet or a pillar; surfaces draw it."""

    center: Vector
    yaw_deg: float
    extent: Vector
    """Half sizes [m]."""
    tag: int
    """CARLA semantic tag."""


PLACEMENT_KINDS = (
    "tree_broadleaf", "tree_round", "tree_conifer", "bush", "hedge", "flower_bed",
    "street_lamp", "pole", "bollard", "bench", "bin", "hydrant", "fence", "wall", "guard_rail",
    "bus_stop", "kiosk", "sign_stop", "sign_yield", "sign_speed_30", "sign_speed_40", "sign_speed_50",
    "sign_speed_60", "sign_speed_90", "sign_crosswalk",
    "cone", "barrier", "planter",
    "parked_sedan", "parked_hatchback", "parked_suv", "parked_van", "parked_bicycle", "manhole", "drain",
    "fountain", "statue", "train_carriage",
)  # fmt: skip
"""hedge, fence, wall and guard_rail are 3 m long along their y axis; parked cars carry the Car tag."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrafficLightSite:
    """One signal: where its pole stands, which lanes it stops, and when it shows green."""

    opendrive_id: str
    pose: Pose
    """Of the pole's foot; the heads face along the pose's +x (towards the traffic they stop)."""
    arm_m: float
    """Length of the mast arm along the pose's -y... +y axis: positive reaches to the +y side (over the road)."""
    group: int
    """Lights of one junction share a group and are never green together unless they share a phase."""
    phase: int
    """Index of the green phase within the group, 0 first."""
    trigger_center: Vector
    """Centre of the trigger volume in the pole's frame (as ``carla.TrafficLight.trigger_volume`` gives it)."""
    trigger_extent: Vector
    """Half sizes of the trigger volume; a vehicle whose centre is inside is 'at' the light."""
    trigger_yaw_deg: float
    """Turn of the trigger volume relative to the pole's frame."""
    stop_lane_yaw_deg: float
    """World heading of the traffic it stops; only vehicles within 60 degrees of it are affected."""

    @property
    def num_heads(self) -> int:
        """One on the pole and, if there is an arm, one at its end."""
        return 1 if self.arm_m == 0.0 else 2

    @property
    def actor_pose(self) -> Pose:
        """Transform of the CARLA actor: its +x points to the right of the traffic, its +y against it.

        The client's ``get_stop_waypoints`` walks along the actor's forward vector and expects to cross the lanes.
        """
        pitch, yaw, roll = self.pose.rotation
        return Pose(self.pose.location, Rotation(pitch, yaw - 90.0, roll))

    @property
    def actor_trigger_center(self) -> Vector:
        """Centre of the trigger volume in the frame of ``actor_pose``."""
        return Vector(-self.trigger_center.y, self.trigger_center.x, self.trigger_center.z)

    @property
    def actor_trigger_extent(self) -> Vector:
        """Half sizes of the trigger volume in the frame of ``actor_pose``: x across the lanes, y along them."""
        return Vector(self.trigger_extent.y, self.trigger_extent.x, self.trigger_extent.z)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Town:
    """Everything static."""

    name: str
    """CARLA's name for it, ``Town10HD``."""
    opendrive: str
    """The map as OpenDRIVE 1.4 text; client and server both read their lanes from it."""
    spawn_points: tuple[Pose, ...]
    """At least 100, each inside a driving lane, facing along it, 0.3 m above the road, clear of one another."""
    surfaces: tuple[Surface, ...]
    lots: tuple[Lot, ...]
    placements: tuple[Placement, ...]
    traffic_lights: tuple[TrafficLightSite, ...]
    navigation_mesh: bytes
    """Recast/Detour 'MSET' file with sidewalk, crosswalk and road areas, for the client's walker AI."""
    bounds_min: Vector
    bounds_max: Vector
    """Box around all surfaces [m]."""
    speed_limits_kmh: Mapping[int, int] = field(default_factory=dict)
    """Speed limit of every OpenDRIVE road, by road id; roads inside junctions too."""
    barriers: tuple[Barrier, ...] = ()
    """What stops vehicles besides lots and placements."""
    shows_surfaces: bool = True
    """Whether cameras see the surfaces (``enable_mesh_visibility`` of a generated world); they carry in any case."""
