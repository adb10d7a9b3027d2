"""A vehicle's outline on the screen hardly changes where one level of detail takes over from the other."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.mesh import Mesh
from sim_scenarios.embedded_simulator.render.models.vehicles import vehicle_model
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES, VehicleSpec

FOCAL_PX = 640.0
"""Of a picture of 1280 x 720 with 90 degrees."""
EYE_M = 1.6


def silhouette(mesh: Mesh, *, yaw_deg: float, distance_m: float, focal_px: float = FOCAL_PX) -> NDArray[np.uint8]:
    """(160, 320) 1 where a level camera at ``distance_m`` sees the vehicle, which is turned by ``yaw_deg``."""
    c, s = math.cos(math.radians(yaw_deg)), math.sin(math.radians(yaw_deg))
    x, y, z = mesh.positions.astype(np.float64).T
    depth, right = distance_m - (x * c + y * s), y * c - x * s
    at = np.stack([right / depth, (EYE_M - z) / depth], axis=1) * focal_px + (160.0, 60.0)
    picture = np.zeros((160, 320), np.uint8)
    for corners in np.round(at[mesh.triangles] * 16.0).astype(np.int32):
        cv2.fillConvexPoly(picture, corners, 1, shift=4)
    return picture


def beyond_a_pixel(inner: NDArray[np.uint8], outer: NDArray[np.uint8]) -> int:
    """How many pixels of ``inner`` are more than a pixel away from ``outer``."""
    return int((inner & ~cv2.dilate(outer, np.ones((3, 3), np.uint8))).sum())


@pytest.mark.parametrize("spec", VEHICLES, ids=lambda spec: spec.id)
def test_outlines_hold_where_levels_change(spec: VehicleSpec) -> None:
    levels = vehicle_model(spec).levels
    assert len(levels) == 3
    # A rider's thin limbs lose more of their width with their corners than a car's body does.
    largest_change = 0.08 if spec.number_of_wheels == 4 else 0.13
    for (distance_m, finer), (_, coarser) in itertools.pairwise(levels):
        for yaw_deg in (0.0, 40.0, 90.0, 180.0):
            before = silhouette(finer, yaw_deg=yaw_deg, distance_m=distance_m)
            after = silhouette(coarser, yaw_deg=yaw_deg, distance_m=distance_m)
            area = int(before.sum())
            assert int(after.sum()) == pytest.approx(area, rel=largest_change), (distance_m, yaw_deg)
            stray = beyond_a_pixel(before, after) + beyond_a_pixel(after, before)
            assert stray <= 0.012 * area + 1, (distance_m, yaw_deg)


def test_kinds_of_vehicles_differ_in_outline() -> None:
    """Seen from the side and scaled to one length, no two kinds cover the same pixels."""
    kinds = {
        "saloon": "lincoln.mkz_2020", "hatchback": "nissan.micra", "coupe": "ford.mustang", "SUV": "nissan.patrol_2021",
        "off-roader": "jeep.wrangler_rubicon", "pick-up": "tesla.cybertruck", "van": "mercedes.sprinter",
        "minibus": "volkswagen.t2", "lorry": "carlamotors.european_hgv", "fire engine": "carlamotors.firetruck",
        "ambulance": "ford.ambulance", "bus": "mitsubishi.fusorosa", "bubble car": "micro.microlino",
        "police": "dodge.charger_police", "motorcycle": "harley-davidson.low_rider", "scooter": "vespa.zx125",
        "racer": "kawasaki.ninja", "bicycle": "gazelle.omafiets",
    }  # fmt: skip
    outlines = {}
    for kind, name in kinds.items():
        spec = next(spec for spec in VEHICLES if spec.id == f"vehicle.{name}")
        mesh = vehicle_model(spec).levels[0][1]
        outlines[kind] = silhouette(mesh, yaw_deg=90.0, distance_m=40.0, focal_px=7000.0 / spec.length_m)
    for kind, outline in outlines.items():
        for other, second in outlines.items():
            if other > kind:
                shared = (outline & second).sum() / (outline | second).sum()
                assert shared < 0.95, (kind, other)
