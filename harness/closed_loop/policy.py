"""What drives the ego: an observation in, a ``VehicleControl`` out.

Decisions:

- A policy gets what it declares in ``senses`` and nothing else: the rest of its observation is None. So a policy that
  calls itself blind is blind, and what a result rests on stands in one line of the policy.
- Speed, turn rate and attitude are the car's own instruments and belong to every observation, and so does what any
  navigation device says: the speed limit, the next command and how far ahead its junction is.
- A policy is asked again after each decision what it saw (``explain``), so that logs and videos can show it.

Frames of reference: *ego*: origin on the ground under the middle of the car, x forward, y right, z up [m], turning to
the right is positive. *world*: CARLA's left-handed axes [m, deg].
"""

from __future__ import annotations

import abc
import enum
import math
import numbers
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from datasets.labels import LabelSet
from harness.carla_client.observation import Image, Pose
from harness.carla_client.route_plan import Command, RoutePlan
from sim_scenarios.camera import CameraSpec


class Sense(enum.Enum):
    """A part of the observation that a policy may ask for."""

    CAMERA = "camera"
    """The RGB picture."""
    TAGS = "tags"
    """The simulator's own semantic tags: no car has them."""
    ROUTE = "route"
    """Pose in the world and the route as geometry: an exact map and an exact position."""
    AUTOPILOT = "autopilot"
    """Hand the car to CARLA's TrafficManager, which knows everything; the policy's control is not applied."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VehicleControl:
    """Pedals and wheel, as ``carla.VehicleControl`` has them."""

    throttle: float = 0.0
    """0..1"""
    steer: float = 0.0
    """-1..1 of the full lock, right positive."""
    brake: float = 0.0
    """0..1"""

    def problem(self) -> str | None:
        """What is wrong with it; None: it can be applied."""
        for name, low in (("throttle", 0.0), ("steer", -1.0), ("brake", 0.0)):
            value = getattr(self, name)
            if not isinstance(value, numbers.Real) or not low <= float(value) <= 1.0:  # nor is NaN
                return f"{name} is {value!r}, expected {low:g}..1"
        return None


FULL_BRAKE = VehicleControl(brake=1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class VehicleFacts:
    """What the maker of the ego knows of it."""

    wheelbase_m: float
    rear_axle_x_m: float
    """In the ego frame, negative."""
    front_m: float
    """From the origin to the front bumper."""
    rear_m: float
    """From the origin to the rear bumper, positive."""
    width_m: float
    max_steer_deg: float
    """Angle of the front wheels at full lock and standstill."""
    steering_curve: tuple[tuple[float, float], ...]
    """(speed [km/h], share of ``max_steer_deg`` that full lock reaches there), speeds rising; linear in between."""

    def lock_rad(self, speed: float) -> float:
        """Angle of the front wheels that ``steer=1`` means at a speed [m/s]."""
        speeds, shares = zip(*self.steering_curve, strict=True)
        return math.radians(self.max_steer_deg) * float(np.interp(speed * 3.6, speeds, shares))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EpisodeFacts:
    """What is known before an episode begins."""

    camera: CameraSpec
    """The camera that looks, in the ego frame."""
    vehicle: VehicleFacts
    decision_s: float
    """Simulated time between two decisions [s]."""
    tag_set: LabelSet
    """Of the server's tags."""
    seed: int
    route: RoutePlan | None = None
    """With ``Sense.ROUTE`` only."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DrivingObservation:
    """What a policy is shown at one instant."""

    tick: int
    """From 0."""
    time_s: float
    speed: float
    """[m/s] along the car's heading, negative backwards."""
    yaw_rate: float
    """[rad/s] to the right."""
    pitch_deg: float
    """Of the body against the horizon, nose up positive."""
    roll_deg: float
    """Of the body against the horizon, clockwise seen from behind positive."""
    speed_limit: float
    """[m/s]"""
    command: Command
    command_distance_m: float
    """To where the junction of ``command`` begins: 0 inside it, inf for FOLLOW."""
    rgb: Image | None = None
    """(H, W, 3) uint8, with ``Sense.CAMERA``."""
    tags: Image | None = None
    """(H, W) uint8, the server's tags, with ``Sense.TAGS``."""
    pose: Pose | None = None
    """Of the ego in the world, with ``Sense.ROUTE``."""
    route_s_m: float | None = None
    """How far along the route the ego is, with ``Sense.ROUTE``."""
    applied: VehicleControl = VehicleControl()
    """What was in force during the tick before; the TrafficManager's with ``Sense.AUTOPILOT``."""


class DriverState(enum.IntEnum):
    """What a driver that explains itself was doing."""

    DRIVING = 0
    FOLLOWING_HAZARD = 1
    """Slower because of something in its way."""
    EMERGENCY_BRAKING = 2
    SAFE_STOP = 3
    """Stopping because what it sees makes no sense."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Explanation:
    """What the last decision rested on; in the ego frame of that instant."""

    mask: Image | None = None
    """(H, W) uint8 class ids that it drove by."""
    center_line: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    """(P, 2) x, y [m] of the way it means to go, from near to far; empty: it knew none."""
    corridor_width_m: float = 0.0
    hazard_distance_m: float = math.inf
    """Along the corridor from the front bumper to the nearest thing in it."""
    hazard_class: int = -1
    """Class id of that thing; -1: none."""
    state: DriverState = DriverState.DRIVING
    reason: str = ""
    """Why, where the state is not DRIVING."""
    target_speed: float = math.nan
    """[m/s]"""


class Policy(abc.ABC):
    """Drives one ego through one episode after another.

    Each episode begins with ``begin``; a policy keeps nothing from the one before, so that an episode is the same
    wherever it stands in a run. ``act`` must return within the rollout's time limit.
    """

    senses: frozenset[Sense] = frozenset()

    @abc.abstractmethod
    def begin(self, episode: EpisodeFacts) -> None:
        """An episode begins: forget the one before."""

    @abc.abstractmethod
    def act(self, observation: DrivingObservation) -> VehicleControl:
        """The control from now on."""

    def explain(self) -> Explanation | None:
        """What the last decision rested on; None: nothing to show."""
        return None

    @property
    def label_set(self) -> LabelSet | None:
        """Of the masks in ``explain``; None: it has none. Known from ``begin`` on."""
        return None
