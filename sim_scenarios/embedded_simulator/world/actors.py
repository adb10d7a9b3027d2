"""The things that exist in an episode: mutable state that the world owns and nothing else writes.

One class for each kind that behaves differently; spectator and walker controllers are plain ``Actor``.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.ackermann import AckermannMemory
from sim_scenarios.embedded_simulator.road.town import TrafficLightSite
from sim_scenarios.embedded_simulator.world.controls import (
    AckermannControl,
    AckermannSettings,
    VehicleControl,
    WalkerControl,
)
from sim_scenarios.embedded_simulator.world.description import ActorDescription, BoundingBox
from sim_scenarios.embedded_simulator.world.event_camera import EventShape
from sim_scenarios.embedded_simulator.world.gait import Manner
from sim_scenarios.embedded_simulator.world.prop_catalogue import PropSpec
from sim_scenarios.embedded_simulator.world.ray_sensors import LidarShape, RadarShape
from sim_scenarios.embedded_simulator.world.skeleton import BonePose
from sim_scenarios.embedded_simulator.world.snapshot import Pose, TrafficLightState, Vector, VehicleLight
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec
from sim_scenarios.embedded_simulator.world.vehicle_physics import VehiclePhysics
from sim_scenarios.embedded_simulator.world.walker_catalogue import WalkerSpec

WALKER_MASS_KG = 75.0
DEFAULT_SPEED_LIMIT_KMH = 30.0


@dataclass(kw_only=True, slots=True)
class Actor:
    """What every actor has."""

    id: int
    description: ActorDescription
    pose: Pose
    box: BoundingBox = field(default_factory=BoundingBox)
    tags: bytes = b""
    """Semantic tags, one byte each."""
    parent_id: int = 0
    relative_pose: Pose | None = None
    """To the parent; None when nothing is attached to."""
    velocity: Vector = field(default_factory=Vector)
    angular_velocity: Vector = field(default_factory=Vector)
    """[deg/s]."""
    acceleration: Vector = field(default_factory=Vector)

    @property
    def type_id(self) -> str:
        """The blueprint's id."""
        return self.description.id


@dataclass(kw_only=True, slots=True)
class MovingActor(Actor):
    """A vehicle, walker or prop: what has a body."""

    simulate_physics: bool = True
    has_collisions: bool = True
    has_gravity: bool = True
    """Whether it has weight; walkers always do."""
    color: tuple[int, int, int] = (128, 128, 128)
    travelled_m: float = 0.0
    age_s: float = 0.0
    """Simulated time since spawning."""
    last_pose: Pose
    """At the end of the previous tick; what a client moves an actor by shows against it."""

    @property
    def mass_kg(self) -> float:
        """What a contact has to move."""
        raise NotImplementedError

    def be_pushed(self, pose: Pose, *, velocity: Vector, angular_velocity: Vector) -> None:
        """Goes on from where a contact has put it: world [m/s] and [deg/s]."""
        self.pose, self.velocity, self.angular_velocity = pose, velocity, angular_velocity


@dataclass(kw_only=True, slots=True)
class Vehicle(MovingActor):
    """A vehicle under pedals, targets or plain poses.

    Whoever changes its pose or velocities between two ticks finds them taken over at the next one.
    """

    spec: VehicleSpec
    physics: VehiclePhysics
    """As a client reads and writes it."""
    parameters: NDArray[Any]
    """(1,) of ``physics.vehicle_rows.PARAMETERS``: the same as the kernel reads it."""
    state: NDArray[Any]
    """(1,) of ``physics.vehicle_rows.STATE``."""
    known: tuple[Pose, Vector, Vector]
    """Pose, velocity and angular velocity as the last tick left them."""
    control: VehicleControl = field(default_factory=VehicleControl)
    used_control: VehicleControl | None = None
    """What the last tick drove by; a control that does not stick ends with its tick."""
    ackermann: AckermannControl | None = None
    """Set while the last control given was an Ackermann one."""
    ackermann_settings: AckermannSettings = field(default_factory=AckermannSettings)
    ackermann_memory: AckermannMemory = field(default_factory=AckermannMemory)
    constant_velocity: Vector | None = None
    """In the vehicle's own frame, while enabled."""
    pending_force: Vector = field(default_factory=Vector)
    """[N] acting during the next tick."""
    pending_torque: Vector = field(default_factory=Vector)
    """[N m] about the world's axes, likewise."""
    surface_friction: float | None = None
    """Of the friction trigger that the vehicle is in."""
    steer_deg: float = 0.0
    """Of the front wheels."""
    path_speed: float = 0.0
    """[m/s] that the poses of the last two ticks show, in the streams' precision."""
    forward_speed: float = 0.0
    """[m/s] along the heading."""
    gear: int = 1
    """-1 reverse, 0 neutral."""
    is_over_box: bool = False
    """Whether the top of a box, not the ground, is what it falls or stands on."""
    has_rolled: bool = False
    """Whether it lies on its side or roof."""
    wheel_yaw_deg: dict[int, float] = field(default_factory=dict)
    """By wheel: what a client turned it to, for the eye only and while there are no physics, as in CARLA."""
    wheel_pitch_deg: dict[int, float] = field(default_factory=dict)
    open_doors: frozenset[int] = frozenset()
    lights: VehicleLight = VehicleLight.NONE
    speed_limit_kmh: float = DEFAULT_SPEED_LIMIT_KMH
    traffic_light: TrafficLight | None = None
    """The light whose trigger volume the vehicle is in."""

    @property
    def mass_kg(self) -> float:
        """As its physics control says."""
        return float(self.parameters["mass"][0])

    def set_velocity(self, velocity: Vector) -> None:
        """Goes on at ``velocity`` (world), whatever its wheels say to that."""
        self.velocity = velocity

    @property
    def control_sticks(self) -> bool:
        """Whether a control lasts until the next one: the blueprint's default."""
        return self.description.attribute("sticky_control", "true").lower() == "true"


@dataclass(kw_only=True, slots=True)
class FrictionTrigger(Actor):
    """A box in which tyres have another grip."""

    friction: float
    """In place of the tyres' ``tire_friction``."""
    extent: Vector
    """Half sizes [m]."""


@dataclass(kw_only=True, slots=True)
class Walker(MovingActor):
    """A walker under a control, or moved by the client's navigation."""

    spec: WalkerSpec
    control: WalkerControl = field(default_factory=WalkerControl)
    sent_pose: Pose | None = None
    """The newest pose that is in the streams' single precision already."""
    gait_phase: float = 0.0
    """Strides walked since spawning."""
    gait_speed: float = 0.0
    """[m/s] over the ground in the last tick, from the poses that clients read."""
    is_airborne: bool = True
    """Jumping or falling; whoever is spawned comes down to the ground first."""
    dead_s: float | None = None
    """Simulated time since death; None for the living."""
    falls_forward: bool = False
    fell_at: Vector = field(default_factory=Vector)
    """Where the feet of a dead walker are."""
    manner: Manner = Manner.STRAIGHT
    """How it stands, or that it sits in a wheelchair."""
    set_pose: BonePose | None = None
    """The bones that a client has set, each against its parent."""
    pose_blend: float = 0.0
    """How far ``set_pose`` shows: 0 is the gait alone, 1 the pose alone."""

    @property
    def is_alive(self) -> bool:
        """Whether it stands on its own feet."""
        return self.dead_s is None

    @property
    def is_invincible(self) -> bool:
        """Whether its client declared that nothing can knock it down, which is the blueprint's default."""
        return self.description.attribute("is_invincible", "true").lower() == "true"

    @property
    def feet(self) -> Vector:
        """[m] in the world, under the origin."""
        x, y, z = self.pose.location
        return Vector(x, y, z - 0.5 * self.spec.height_m)

    @property
    def mass_kg(self) -> float:
        """The same for all."""
        return WALKER_MASS_KG


@dataclass(kw_only=True, slots=True)
class Prop(MovingActor):
    """Something that stands about, loose or not."""

    spec: PropSpec
    rests_at: Pose | None = None
    """Where it lies still, so that nothing needs to be done about it until something moves it."""

    @property
    def mass_kg(self) -> float:
        """As in the catalogue."""
        return self.spec.mass_kg


@dataclass(kw_only=True, slots=True)
class TrafficLight(Actor):
    """One signal; its group decides when it changes."""

    site: TrafficLightSite
    pole_index: int
    state: TrafficLightState = TrafficLightState.RED
    green_s: float = 10.0
    yellow_s: float = 3.0
    red_s: float = 2.0
    """After yellow, before the next phase's green: everybody waits."""
    elapsed_s: float = 0.0
    frozen: bool = False


@dataclass(kw_only=True, slots=True)
class TrafficSign(Actor):
    """A stop, yield or speed sign."""

    sign_id: str
    """Of its OpenDRIVE signal."""


class SensorKind(enum.Enum):
    """What a sensor measures."""

    RGB = "sensor.camera.rgb"
    SEMANTIC = "sensor.camera.semantic_segmentation"
    DEPTH = "sensor.camera.depth"
    INSTANCE = "sensor.camera.instance_segmentation"
    NORMALS = "sensor.camera.normals"
    OPTICAL_FLOW = "sensor.camera.optical_flow"
    DVS = "sensor.camera.dvs"
    COLLISION = "sensor.other.collision"
    LANE_INVASION = "sensor.other.lane_invasion"
    GNSS = "sensor.other.gnss"
    IMU = "sensor.other.imu"
    OBSTACLE = "sensor.other.obstacle"
    RADAR = "sensor.other.radar"
    LIDAR = "sensor.lidar.ray_cast"
    SEMANTIC_LIDAR = "sensor.lidar.ray_cast_semantic"


CAMERA_KINDS = frozenset(kind for kind in SensorKind if kind.value.startswith("sensor.camera."))
PICTURE_KINDS = frozenset({SensorKind.RGB, SensorKind.DVS})
"""Cameras that look at light: theirs are the attributes of post-processing."""
LIDAR_KINDS = frozenset({SensorKind.LIDAR, SensorKind.SEMANTIC_LIDAR})


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraShape:
    """Image size and horizontal field of view."""

    width: int
    height: int
    fov_deg: float


@dataclass(kw_only=True, slots=True)
class Sensor(Actor):
    """A sensor; the ones that stream have a stream id."""

    kind: SensorKind
    stream_id: int
    """0 for the lane invasion sensor, which the client computes itself."""
    sensor_tick_s: float
    """At least this much simulated time lies between two measurements; 0 measures every tick."""
    camera: CameraShape | None = None
    events: EventShape | None = None
    lidar: LidarShape | None = None
    radar: RadarShape | None = None
    numbers: dict[str, float] = field(default_factory=dict)
    """Attributes that ``number`` has read; they stay as they were spawned."""

    def number(self, name: str, default: float = 0.0) -> float:
        """A numeric attribute; ``default`` where it is missing or is no number."""
        if name not in self.numbers:
            try:
                self.numbers[name] = float(self.description.attribute(name, str(default)))
            except ValueError:
                self.numbers[name] = default
        return self.numbers[name]
