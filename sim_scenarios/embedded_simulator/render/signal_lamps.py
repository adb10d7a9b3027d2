"""Lit lenses of traffic signals near the camera, as lamps of ``halos.py``: they glow in mist and on wet ground."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import Records
from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.view import rotation_axes
from sim_scenarios.embedded_simulator.road.town import TrafficLightSite
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot, TrafficLightState

MAX_HEADS = 12
REACH_M = 90.0
_LENSES = (Part.SIGNAL_RED, Part.SIGNAL_YELLOW, Part.SIGNAL_GREEN)
"""In the order of ``TrafficLightState``."""
_LIGHT = np.array([(0.62, 0.035, 0.02), (0.58, 0.30, 0.03), (0.05, 0.56, 0.24)])
"""Linear, of a lit lens that one looks straight into; a brake light has 0.75."""
_HALO_M = 1.1
_HEAD_M = 0.5
"""Lenses this near to the pole or to the arm's end, along the arm, are of that head."""
_LEAST_SHARE = 0.05


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SignalHeads:
    """Where the lenses of a town's signals are."""

    signals: tuple[str, ...]
    """(N,) OpenDRIVE id of the signal that each head belongs to."""
    rows: NDArray[np.int64]
    """(N,) row of its object."""
    lenses: NDArray[np.float64]
    """(N, 3, 3) middles of its red, yellow and green lens, world [m]."""
    facing: NDArray[np.float64]
    """(N, 3) unit vectors along which they look."""
    ground_m: NDArray[np.float64]
    """(N,) height of the pole's foot."""


def signal_heads(
    sites: Sequence[TrafficLightSite], rows: dict[str, int], model_of: Callable[[float], Model]
) -> SignalHeads:
    """The heads of ``sites``; ``rows`` are those of their objects by id, ``model_of`` the models by length of arm."""
    found = []
    for site in sites:
        axes = rotation_axes(site.pose.rotation)
        mesh = model_of(site.arm_m).levels[0][1]
        for y in sorted({0.0, site.arm_m}):
            lenses = _lens_middles(mesh, y)
            if lenses is not None:
                found.append((site, lenses @ axes + np.array(site.pose.location), axes[0]))
    return SignalHeads(
        signals=tuple(site.opendrive_id for site, _, _ in found),
        rows=np.array([rows[site.opendrive_id] for site, _, _ in found], np.int64),
        lenses=np.array([lenses for _, lenses, _ in found]).reshape(-1, 3, 3),
        facing=np.array([facing for _, _, facing in found]).reshape(-1, 3),
        ground_m=np.array([site.pose.location.z for site, _, _ in found]),
    )


def _lens_middles(mesh: Mesh, y: float) -> NDArray[np.float64] | None:
    """(3, 3) middles of the lenses of the head at ``y`` in the model's frame; None where a lens is missing."""
    middles = mesh.positions[mesh.triangles].astype(np.float64).mean(axis=1)
    near = np.abs(middles[:, 1] - y) < _HEAD_M
    of_lens = [middles[near & (mesh.parts == part)] for part in _LENSES]
    return np.array([lens.mean(axis=0) for lens in of_lens]) if all(len(lens) for lens in of_lens) else None


def signals_in_view(heads: SignalHeads, snapshot: Snapshot, camera: Records, objects: Records) -> NDArray[np.float32]:
    """(K, 8) rows as of ``halos.lamps_in_view``: the lit lenses ahead that face the camera, nearest first."""
    eye, forward = camera["eye"][0], camera["forward"][0].astype(np.float64)
    away = heads.lenses[:, 1] - eye
    ahead = away @ forward
    share = -(away * heads.facing).sum(axis=1) / np.maximum(np.linalg.norm(away, axis=1), 1e-6)
    seen = (ahead > 1.0) & (ahead < REACH_M) & (share > _LEAST_SHARE) & (objects["num_levels"][heads.rows] > 0)
    near = np.flatnonzero(seen)
    lamps = []
    for head in near[np.argsort(ahead[near], kind="stable")[:MAX_HEADS]]:
        state = snapshot.traffic_lights.get(heads.signals[head], TrafficLightState.OFF)
        if state <= TrafficLightState.GREEN:
            lamps.append([*heads.lenses[head, state], *_LIGHT[state] * share[head], _HALO_M, heads.ground_m[head]])
    return np.array(lamps, np.float32).reshape(-1, 8)
