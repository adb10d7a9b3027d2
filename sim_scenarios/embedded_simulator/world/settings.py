"""How an episode ticks: the fields of ``carla.WorldSettings`` in wire order, with CARLA's defaults."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_DELTA_S = 0.05
"""Time step when the client has fixed none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EpisodeSettings:
    """Settings of one episode; sub-stepping, culling and streaming distances are kept but change nothing."""

    synchronous_mode: bool = False
    no_rendering_mode: bool = False
    fixed_delta_seconds: float | None = None
    """None (or 0, which CARLA treats alike) means a variable step in CARLA; here it is ``DEFAULT_DELTA_S``."""
    substepping: bool = True
    max_substep_delta_time: float = 0.01
    max_substeps: int = 10
    max_culling_distance: float = 0.0
    deterministic_ragdolls: bool = False
    tile_stream_distance: float = 3000.0
    actor_active_distance: float = 2000.0
    spectator_as_ego: bool = True

    @property
    def delta_s(self) -> float:
        """Simulated seconds of one tick."""
        return self.fixed_delta_seconds or DEFAULT_DELTA_S
