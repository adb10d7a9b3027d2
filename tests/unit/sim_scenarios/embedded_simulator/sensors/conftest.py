"""Sensors on cars in the street, as their readers get them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.sensors.jobs import perform
from sim_scenarios.embedded_simulator.sensors.suite import SensorSuite
from sim_scenarios.embedded_simulator.wire.sensor_data import HEADER_BYTES, SensorHeader, unpack_header
from sim_scenarios.embedded_simulator.world.actors import Sensor, Vehicle
from sim_scenarios.embedded_simulator.world.blueprints.library import build_library
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeValue
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import World

LIBRARY = {blueprint.id: blueprint for blueprint in build_library()}


@pytest.fixture(scope="session")
def street_renderer(street_town: Town) -> Renderer:
    """The street with the product's own models."""
    return Renderer(street_town, threads=1)


class Stand:
    """A world with its sensors and whoever reads them."""

    def __init__(self, world: World, renderer: Renderer, *, seed: int = 0) -> None:
        self.world, self.renderer, self.suite = world, renderer, SensorSuite(seed=seed)

    def car(self, x: float, y: float = 1.75, *, yaw: float = 0.0, kind: str = "vehicle.tesla.model3") -> Vehicle:
        actor = self.world.spawn(ActorDescription(uid=1, id=kind), Pose(Vector(x, y, 0.0), Rotation(0.0, yaw, 0.0)))
        assert isinstance(actor, Vehicle)
        return actor

    def sensor(
        self, kind: str, carrier: Vehicle | None = None, *, at: tuple[float, float, float] = (0, 0, 0),
        turned: tuple[float, float, float] = (0, 0, 0), **attributes: Any,
    ) -> Sensor:  # fmt: skip
        """A sensor with its blueprint's defaults and ``attributes``."""
        values = {definition.id: definition.value for definition in LIBRARY[kind].attributes}
        assert attributes.keys() <= values.keys()
        values.update({name: str(value) for name, value in attributes.items()})
        description = ActorDescription(
            uid=1, id=kind, attributes=tuple(AttributeValue(name, 4, value) for name, value in values.items())
        )
        pose = Pose(Vector(*map(float, at)), Rotation(*map(float, turned)))
        actor = self.world.spawn(description, pose, parent_id=carrier.id if carrier else None)
        assert isinstance(actor, Sensor)
        return actor

    def tick(self) -> Iterator[tuple[int, SensorHeader, bytes]]:
        """(stream id, header, payload) of every message of the next tick."""
        tick = self.world.tick()
        measured = self.suite.measure(self.world, tick, is_listened_to=lambda stream_id: True)
        messages = list(measured.messages)
        for job in measured.jobs:
            messages += perform(self.renderer, job, tick.snapshot)
        for message in messages:
            data = b"".join(bytes(part) for part in message.parts)
            yield message.stream_id, unpack_header(data), data[HEADER_BYTES:]

    def payload(self) -> bytes:
        """Of the only message of the next tick."""
        ((_, _, payload),) = self.tick()
        return payload


@pytest.fixture
def stand(world: World, street_renderer: Renderer) -> Stand:
    return Stand(world, street_renderer)
