"""The driver: class ids in, control out; everything between is a file of its own in this folder.

Order of one decision: the picture's ids become roles; what was known moves with the car; the mask is laid onto the
ground; the centre line is drawn to the borders, or bent into the turn that was asked for; things in the corridor are
looked for; then wheel and pedals.

Decisions:

- It knows what :class:`harness.closed_loop.policy.DrivingObservation` holds without any sense: the car's instruments
  and the navigator's words. All else comes from the mask.
- It does not stop for red lights or stop signs: a mask shows that there is a signal, not which one is lit, nor what is
  written on a sign. Both are counted against it.
- **A mask that makes no sense stops the car**, gently: no road in front of the bumper, or no border seen anywhere along
  the line for a while. It drives on when the mask makes sense again.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from harness.carla_client.observation import Image
from harness.carla_client.route_plan import Command
from harness.closed_loop.mask_driver.body_attitude import BodyAttitude
from harness.closed_loop.mask_driver.center_line import BEHIND_M, CenterLine
from harness.closed_loop.mask_driver.ego_motion import EgoMotion
from harness.closed_loop.mask_driver.evidence import EvidenceMap
from harness.closed_loop.mask_driver.ground_plane import GroundPlane
from harness.closed_loop.mask_driver.hazards import Hazard, HazardTrack, find_contacts, nearest_in_corridor
from harness.closed_loop.mask_driver.junction_way import JunctionWay
from harness.closed_loop.mask_driver.path import locate
from harness.closed_loop.mask_driver.roles import HAZARDS, Role, Roles
from harness.closed_loop.mask_driver.sense import MaskSense
from harness.closed_loop.mask_driver.speed import (
    EMERGENCY_BRAKING,
    GENTLE_BRAKE,
    SpeedControl,
    bend_speed,
    hazard_speed,
    needed_braking,
    sight_speed,
)
from harness.closed_loop.mask_driver.steering import pursuit_curvature, wheel
from harness.closed_loop.mask_driver.walkers import WalkerTracks, nearer
from harness.closed_loop.policy import (
    DriverState,
    DrivingObservation,
    EpisodeFacts,
    Explanation,
    VehicleControl,
)

SIDE_MARGIN_M = 0.1
"""Of the corridor that is shown, beside the car."""


_STATES = {"sense": DriverState.SAFE_STOP, "hazard": DriverState.FOLLOWING_HAZARD}
"""Of the driver, by what allows the least speed."""


def warm_up(episode: EpisodeFacts, roles: Roles) -> None:
    """Decide about a made-up mask, so that no decision of an episode waits for a compiler.

    Args:
        episode: Camera, car and time between decisions.
        roles: Of the mask's class ids.
    """
    height, width = episode.camera.height, episode.camera.width
    ids = np.full((height, width), _first_id(roles, Role.ROAD), np.uint8)
    for k, role in enumerate(HAZARDS):
        ids[: 3 * height // 4, (2 * k + 1) * width // 8 : (2 * k + 2) * width // 8] = _first_id(roles, role)
    driver = MaskDriver(episode, roles)
    for tick, command in enumerate((Command.FOLLOW, Command.RIGHT)):
        seen = DrivingObservation(
            tick=tick, time_s=tick * episode.decision_s, speed=5.0, yaw_rate=0.0, pitch_deg=0.0, roll_deg=0.0,
            speed_limit=10.0, command=command, command_distance_m=10.0,
        )  # fmt: skip
        driver.act(ids, seen)


def _first_id(roles: Roles, role: Role) -> int:
    """A class id of a role; 0 where no class has it."""
    return int(np.argmax(roles.lookup == role))


class MaskDriver:
    """Drives one episode by masks of one label set."""

    def __init__(self, episode: EpisodeFacts, roles: Roles) -> None:
        """Prepare.

        Args:
            episode: Camera, car and time between decisions.
            roles: Of the mask's class ids.
        """
        self._facts = episode
        self._roles = roles
        self._evidence = EvidenceMap()
        self._line = CenterLine(step_s=episode.decision_s)
        self._way = JunctionWay()
        self._attitude = BodyAttitude(step_s=episode.decision_s)
        self._walkers = WalkerTracks(step_s=episode.decision_s)
        self._track = HazardTrack(step_s=episode.decision_s)
        self._sense = MaskSense(episode.camera, step_s=episode.decision_s)
        self._speed = SpeedControl(step_s=episode.decision_s)
        self._time_s: float | None = None
        self.explanation = Explanation()
        """Of the last decision."""

    def act(self, ids: Image, seen: DrivingObservation) -> VehicleControl:
        """Decide.

        Args:
            ids: (H, W) uint8 class ids of the picture.
            seen: Everything else.
        """
        roles: Image = cv2.LUT(ids, self._roles.lookup)
        pitch_deg, roll_deg = self._attitude.lean(
            seen.pitch_deg, seen.roll_deg, speed=seen.speed, yaw_rate=seen.yaw_rate
        )
        plane = GroundPlane.of(self._facts.camera, pitch_deg=pitch_deg, roll_deg=roll_deg)
        self._move(seen)
        self._evidence.add(roles, plane)
        up_to_m = self._way.lead(self._line, self._evidence, seen.command, seen.command_distance_m)
        is_inside = seen.command is not Command.FOLLOW and seen.command_distance_m == 0.0
        self._line.fit(self._evidence, up_to_m=up_to_m, in_junction=is_inside)
        hazard = self._hazard(ids, roles, plane, seen)
        nonsense = self._sense.problem(self._evidence, self._line, seen, hazard)
        return self._control(ids, seen, hazard, nonsense)

    def _move(self, seen: DrivingObservation) -> None:
        step_s = 0.0 if self._time_s is None else seen.time_s - self._time_s
        self._time_s = seen.time_s
        motion = EgoMotion.rolled(
            speed=seen.speed, yaw_rate=seen.yaw_rate, step_s=step_s, rear_axle_x_m=self._facts.vehicle.rear_axle_x_m
        )
        self._evidence.move(motion, step_s=step_s)
        self._line.move(motion)
        self._way.move(motion)

    def _hazard(self, ids: Image, roles: Image, plane: GroundPlane, seen: DrivingObservation) -> Hazard | None:
        vehicle, line = self._facts.vehicle, self._line.points
        half_width_m = 0.5 * vehicle.width_m
        contacts = find_contacts(ids, roles, plane)
        self._walkers.update(contacts, line, speed=seen.speed, front_m=vehicle.front_m)
        found = nearer(
            nearest_in_corridor(contacts, line, half_width_m=half_width_m, front_m=vehicle.front_m),
            self._walkers.stepping_in(speed=seen.speed, half_width_m=half_width_m),
        )
        return self._track.update(found, speed=seen.speed)

    def _control(self, ids: Image, seen: DrivingObservation, hazard: Hazard | None, nonsense: str) -> VehicleControl:
        vehicle, line = self._facts.vehicle, self._line.points
        targets = self._targets(seen, hazard, is_sense=not nonsense)
        why = min(targets, key=targets.__getitem__)
        is_emergency = hazard is not None and needed_braking(hazard, speed=seen.speed) > EMERGENCY_BRAKING
        state = DriverState.EMERGENCY_BRAKING if is_emergency else _STATES.get(why, DriverState.DRIVING)
        self.explanation = Explanation(
            mask=ids,
            center_line=line.astype(np.float32)[round(BEHIND_M) :],
            corridor_width_m=vehicle.width_m + 2.0 * SIDE_MARGIN_M,
            hazard_distance_m=math.inf if hazard is None else hazard.distance_m,
            hazard_class=-1 if hazard is None else hazard.class_id,
            state=state,
            reason=nonsense or ("" if state is DriverState.DRIVING else why),
            target_speed=0.0 if is_emergency else targets[why],
        )
        curvature = pursuit_curvature(
            line, speed=seen.speed, yaw_rate=seen.yaw_rate, rear_axle_x_m=vehicle.rear_axle_x_m
        )
        steer = wheel(curvature, speed=seen.speed, vehicle=vehicle)
        if is_emergency:
            return VehicleControl(steer=steer, brake=1.0)
        pedals = self._speed.pedals(
            speed=seen.speed, target=targets[why], max_brake=GENTLE_BRAKE if hazard is None else 1.0
        )
        return VehicleControl(throttle=pedals.throttle, steer=steer, brake=pedals.brake)

    def _targets(self, seen: DrivingObservation, hazard: Hazard | None, *, is_sense: bool) -> dict[str, float]:
        """What allows which speed [m/s]; of equal ones the first counts."""
        line = self._line.points
        here, _ = locate(line, np.zeros(2))
        return {
            **({} if is_sense else {"sense": 0.0}),
            **({} if hazard is None else {"hazard": hazard_speed(hazard, speed=seen.speed)}),
            "limit": seen.speed_limit,
            "bend": bend_speed(line, start_m=here, speed=seen.speed),
            "sight": sight_speed(self._sense.sight_m(self._evidence, self._line)),
        }
