"""Whether a mask makes sense to a driver, and how far the road is seen.

It makes none when the way in front of the bumper, where nothing stands, is not road, or when no border of the lane
has been seen anywhere along the line for some time: then the line is a guess.
"""

from __future__ import annotations

import math

import numpy as np

from harness.carla_client.route_plan import Command
from harness.closed_loop.mask_driver.center_line import BEHIND_M, CenterLine
from harness.closed_loop.mask_driver.evidence import EvidenceMap
from harness.closed_loop.mask_driver.ground_plane import GroundPlane
from harness.closed_loop.mask_driver.hazards import Hazard
from harness.closed_loop.mask_driver.lane_boundaries import road_shares
from harness.closed_loop.mask_driver.path import STEP_M, normals
from harness.closed_loop.policy import DrivingObservation
from harness.errors import ScenarioFileError
from sim_scenarios.camera import CameraSpec

FRONT_M = 7.0
"""Of the way in front of the car, from where the picture begins: it must be road."""
HALF_WIDTH_M = 0.8
LEAST_ROAD_SHARE = 0.5
LEAST_KNOWN = 0.1
"""Of the same ground: with less of it ever seen, nothing is known."""
LEAST_SUPPORT = 0.15
"""Mean of borders seen beside the line's next metres (of 2)."""
SUPPORT_OVER_M = 25.0
BLIND_S = 1.5
"""So long without borders, outside of junctions, and the line is a guess."""
MAX_NEAREST_M = 15.0
"""A camera that sees the ground only from farther away cannot drive."""


def require_ground(camera: CameraSpec) -> None:
    """Refuse a camera by which nobody can drive.

    Raises:
        ScenarioFileError: it does not see the ground in front of the car.
    """
    nearest = GroundPlane.of(camera).nearest_m
    if not 0.0 < nearest <= MAX_NEAREST_M:
        seen = "no ground ahead of it" if not nearest > 0.0 else f"the ground only from {nearest:.0f} m on"
        raise ScenarioFileError(
            f"camera {camera.name!r} (height {camera.z:g} m, pitch {camera.pitch:g} deg, yaw {camera.yaw:g} deg) sees "
            f"{seen}; a driver needs it within {MAX_NEAREST_M:g} m in front of the car: mount it lower or tilt it down"
        )


class MaskSense:
    """Watches the masks of one episode."""

    def __init__(self, camera: CameraSpec, *, step_s: float) -> None:
        """Start without doubts.

        Args:
            camera: That looks.
            step_s: Between two decisions [s].
        """
        self._from_m = GroundPlane.of(camera).nearest_m
        self._step_s = step_s
        self._blind_s = 0.0

    def problem(self, evidence: EvidenceMap, line: CenterLine, seen: DrivingObservation, hazard: Hazard | None) -> str:
        """Why the mask makes no sense; empty: it does."""
        if hazard is None or hazard.distance_m > FRONT_M:
            share, known = self._road_in_front(evidence, line)
            if known < LEAST_KNOWN:
                return "nothing in front is known to be ground"
            if share < LEAST_ROAD_SHARE:
                return f"only {100 * share:.0f} % of the way in front is road"
        near = line.support[round(BEHIND_M) : round(BEHIND_M + SUPPORT_OVER_M)]
        in_junction = seen.command is not Command.FOLLOW and seen.command_distance_m < SUPPORT_OVER_M
        is_blind = not in_junction and float(near.mean()) < LEAST_SUPPORT
        self._blind_s = self._blind_s + self._step_s if is_blind else 0.0
        return "no border of the lane is seen" if self._blind_s > BLIND_S else ""

    def _road_in_front(self, evidence: EvidenceMap, line: CenterLine) -> tuple[float, float]:
        """Along the next metres of the line: the share of known ground that is road, and the share that is known."""
        first = round(BEHIND_M + self._from_m)
        way = line.points[first : first + round(FRONT_M)]
        aside = HALF_WIDTH_M * normals(way)
        shares = road_shares(evidence, np.concatenate([way - aside, way, way + aside]))
        known = shares[~np.isnan(shares)]
        return float(known.mean()) if len(known) else 0.0, len(known) / len(shares)

    def sight_m(self, evidence: EvidenceMap, line: CenterLine) -> float:
        """How far ahead of the car the line lies on road that is seen [m]."""
        shares = road_shares(evidence, line.points)[round(BEHIND_M) :]
        first = math.ceil(self._from_m / STEP_M)  # nearer, a car that stands has never seen the ground
        bad = np.flatnonzero(~(shares[first:] > LEAST_ROAD_SHARE))
        return float((first + bad[0]) * STEP_M) if len(bad) else float(len(shares) * STEP_M)
