"""What a sensor hands to the server: bytes for one stream."""

from __future__ import annotations

from dataclasses import dataclass

from sim_scenarios.embedded_simulator.wire.streams import Part


@dataclass(frozen=True, kw_only=True, slots=True)
class SensorMessage:
    """One message, without the length prefix; images are a part of their own so that nobody copies them."""

    stream_id: int
    parts: tuple[Part, ...]
