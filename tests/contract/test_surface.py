"""Nothing that the client offers is left out: every public name of its classes is used by the file of that class."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import carla
import pytest

FILES = {
    "Client": "test_client.py",
    "World": "test_world.py",
    "WorldSnapshot": "test_world.py",
    "ActorSnapshot": "test_world.py",
    "DebugHelper": "test_world.py",
    "Map": "test_map.py",
    "Waypoint": "test_map.py",
    "Landmark": "test_map.py",
    "Junction": "test_map.py",
    "Actor": "test_actor.py",
    "BlueprintLibrary": "test_blueprints.py",
    "ActorBlueprint": "test_blueprints.py",
    "ActorList": "test_blueprints.py",
    "Vehicle": "test_vehicle.py",
    "Walker": "test_walker.py",
    "WalkerAIController": "test_walker.py",
    "TrafficLight": "test_traffic_light.py",
    "TrafficSign": "test_traffic_light.py",
    "Sensor": "test_sensor.py",
    "ServerSideSensor": "test_sensor.py",
    "OpticalFlowImage": "test_sensor.py",
    "DVSEventArray": "test_sensor.py",
    "LightManager": "test_lights.py",
    "Light": "test_lights.py",
    "TrafficManager": "test_traffic_manager.py",
}

README = Path(__file__).resolve().parents[2] / "sim_scenarios" / "embedded_simulator" / "README.md"
CLASSES_OF_THE_README = (
    "Client", "World", "Map", "Actor", "Vehicle", "Walker", "WalkerAIController", "TrafficLight", "TrafficSign",
    "Sensor", "ServerSideSensor", "LightManager", "Light", "BlueprintLibrary", "TrafficManager",
)  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_public_name_of_a_class_is_used(name: str) -> None:
    tree = ast.parse(Path(__file__).with_name(FILES[name]).read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    public = {member for member in vars(getattr(carla, name)) if not member.startswith("_")}
    assert sorted(public - used) == []


@pytest.mark.parametrize("name", CLASSES_OF_THE_README)
def test_every_public_name_of_a_class_has_a_row(name: str) -> None:
    """The simulator's README says of each what is served."""
    rows = [row for row in README.read_text().splitlines() if row.startswith(f"| `{name}` |")]
    told = {word for row in rows for word in re.findall(r"`(\w+)`", row.split("|")[2])}
    public = {member for member in vars(getattr(carla, name)) if not member.startswith("_")}
    assert sorted(told) == sorted(public)
