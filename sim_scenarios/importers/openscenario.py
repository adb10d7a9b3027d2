"""A subset of ASAM OpenSCENARIO 1.x (XML) as one scenario, read with the library ``scenariogeneration``.

Understood: the map's name; which object is the ego, and how many other vehicles and pedestrians there are, as traffic
(``openscenario_cast``); where the ego is teleported to; its first trajectory (a polyline; with times it becomes a path,
without a route), route or position to acquire; the environment of ``Init`` (``openscenario_weather``); the simulation
time that ends the storyboard; parameters with their declared values. Actions of the ego are looked for in ``Init`` and
in events that start at a simulation time. Everything else is reported by name.

Positions are world positions, in metres on OpenSCENARIO's right-handed axes; CARLA's own axes where the file's
description begins with ``CARLA:``, as ScenarioRunner has it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element

from sim_scenarios.errors import ScenarioError
from sim_scenarios.importers.foreign_xml import ForeignXml
from sim_scenarios.importers.imported import Imported, ImportOptions, as_name, expected_duration_s, make_suite
from sim_scenarios.importers.openscenario_cast import Cast, read_cast
from sim_scenarios.importers.openscenario_library import load_library, parse_with
from sim_scenarios.importers.openscenario_weather import read_weather

ROOT = "OpenSCENARIO"
_CARLA_AXES = "CARLA:"
_DEFAULT_DURATION_S = 30.0
_REACHED = ("greaterThan", "greaterOrEqual", "equalTo")


def import_scenario(document: ForeignXml, options: ImportOptions) -> Imported:
    """The suite of one scenario that a file means.

    Raises:
        ScenarioError: ``scenariogeneration`` is not installed; another version than 1.x; a value that is none; no map.
    """
    return _Reader(document, options, load_library()).read()


@dataclass(frozen=True, kw_only=True)
class _Pose:
    """On CARLA's axes."""

    x: float
    y: float
    z: float
    pitch: float
    yaw: float
    roll: float

    @property
    def location(self) -> dict[str, float]:
        return {"x": self.x, "y": self.y, "z": self.z}


@dataclass(frozen=True, kw_only=True)
class _Way:
    """Where the ego goes."""

    kind: str
    """``route`` or ``path``."""
    items: list[dict[str, float]]
    """As a suite file has them."""
    poses: list[_Pose]


class _Reader:
    def __init__(self, document: ForeignXml, options: ImportOptions, xosc: Any) -> None:
        self._document = document
        self._options = options
        self._xosc = xosc
        self._notes: list[str] = []
        self._is_right_handed = True

    def read(self) -> Imported:
        document = self._document
        document.take(document.root, "xmlns:xsi", "xsi:noNamespaceSchemaLocation")
        self._read_header()
        catalogs = document.root.find("CatalogLocations")
        if catalogs is not None:
            document.take(catalogs)
        self._resolve_parameters()
        cast = read_cast(document)
        ego, places = self._read_ego(cast)
        data = {
            "name": as_name(document.path.stem) or "openscenario",
            "town": self._read_town(),
            "split": self._options.split,
            "duration_s": self._duration_s(ego, places),
            "ego": ego,
            "traffic": {"vehicles": cast.vehicles, "walkers": cast.walkers},
            **read_weather(document, self._xosc),
        }
        suite = {
            "name": self._options.suite_name or data["name"],
            "description": f"OpenSCENARIO, imported from {document.path.name}.",
            "scenarios": [data],
        }
        return Imported(
            suite=make_suite(str(document.path), suite),
            source=document.path.name,
            omissions=(*document.not_understood(), *cast.notes, *self._notes),
        )

    def _read_header(self) -> None:
        header = self._required("FileHeader")
        major = self._document.text(header, "revMajor")
        if major != "1":
            raise ScenarioError(
                f"{self._document.place(header)}: OpenSCENARIO {major}, expected 1.x; convert it, for instance to 1.2"
            )
        self._document.take(header, "revMinor", "date", "description", "author")
        self._is_right_handed = not header.get("description", "").startswith(_CARLA_AXES)

    def _resolve_parameters(self) -> None:
        """Put the declared value in place of every ``$name``; an assignment from outside cannot be known here."""
        declared = {}
        for group in self._document.root.findall("ParameterDeclarations"):
            for parameter in self._document.take(group).findall("ParameterDeclaration"):
                self._document.take(parameter, "parameterType")
                declared[self._document.text(parameter, "name")] = self._document.text(parameter, "value")
        for element in self._document.root.iter():
            for name, value in element.attrib.items():
                if value.startswith("$") and value[1:] in declared:
                    element.set(name, declared[value[1:]])

    def _read_town(self) -> str:
        network = self._document.take(self._required("RoadNetwork"))
        file = network.find("LogicFile")
        if file is None:
            raise ScenarioError(f"{self._document.place(network)}: names no map, expected a <LogicFile> such as Town04")
        self._document.text(file, "filepath")
        scene = network.find("SceneGraphFile")
        if scene is not None and not scene.get("filepath"):
            self._document.take(scene, "filepath")
        road_file = parse_with(self._document, self._xosc.RoadNetwork, network).road_file
        return PurePosixPath(road_file.replace("\\", "/")).name.partition(".")[0]

    def _read_ego(self, cast: Cast) -> tuple[dict[str, Any], list[_Pose]]:
        """The scenario's ``ego``, and where it comes past."""
        start: _Pose | None = None
        way: _Way | None = None
        for action, start_s in self._ego_actions(cast.ego):
            teleport = action.find("TeleportAction/Position")
            if teleport is not None and start is None and start_s == 0.0:
                start = self._pose(teleport)
                self._take_if(start is not None, action)
            elif way is None:
                way = self._way(action, start_s)
                self._take_if(way is not None, action)
        ego: dict[str, Any] = {"blueprint": cast.blueprint} if cast.blueprint else {}
        if way is not None:
            ego[way.kind] = way.items
        if way is None or way.kind == "route":
            if start is not None:
                ego["spawn_point"] = start.location
            else:
                self._notes.append("where the ego begins: no world position is given; spawn point 0 is used")
        return ego, [*([start] if start else []), *(way.poses if way else ())]

    def _ego_actions(self, ego: str | None) -> Iterator[tuple[Element, float]]:
        """Every private action of the ego in ``Init`` and in events with a start time, and that time [s]."""
        document = self._document
        storyboard = document.take(self._required("Storyboard"))
        for path in ("Init", "Init/Actions", "Story", "Story/Act", "Story/Act/ManeuverGroup"):
            for element in storyboard.findall(path):
                document.take(element, "name", "maximumExecutionCount")
        for private in storyboard.findall("Init/Actions/Private"):
            if private.get("entityRef") == ego:
                document.take(private, "entityRef")
                yield from ((action, 0.0) for action in private.findall("PrivateAction"))
        for trigger in storyboard.findall("Story/Act/StartTrigger"):
            if self._time_of(trigger) == 0.0:
                document.take_whole(trigger)
        for group in storyboard.findall("Story/Act/ManeuverGroup"):
            actors = group.findall("Actors/EntityRef")
            if [each.get("entityRef") for each in actors] == [ego]:
                yield from self._event_actions(group)

    def _event_actions(self, group: Element) -> Iterator[tuple[Element, float]]:
        document = self._document
        document.take(self._child(group, "Actors"), "selectTriggeringEntities")
        document.take(self._child(group, "Actors/EntityRef"), "entityRef")
        for maneuver in group.findall("Maneuver"):
            document.take(maneuver, "name")
            for event in maneuver.findall("Event"):
                trigger = event.find("StartTrigger")
                start_s = 0.0 if trigger is None else self._time_of(trigger)
                if start_s is None:
                    continue
                document.take(event, "name", "priority", "maximumExecutionCount")
                if trigger is not None:
                    document.take_whole(trigger)
                for action in event.findall("Action"):
                    document.take(action, "name")
                    yield from ((private, start_s) for private in action.findall("PrivateAction"))

    def _way(self, action: Element, start_s: float) -> _Way | None:
        """Where an action sends the ego, if it does and a suite can say it."""
        trajectory = action.find("RoutingAction/FollowTrajectoryAction")
        if trajectory is not None:
            return self._trajectory(trajectory, start_s)
        route = action.find("RoutingAction/AssignRouteAction/Route")
        target = action.find("RoutingAction/AcquirePositionAction/Position")
        if route is not None and route.get("closed") == "false":
            parse_with(self._document, self._xosc.Route, route)
            found = [self._pose(position) for position in route.findall("Waypoint/Position")]
        else:
            found = [self._pose(target)] if target is not None else []
        poses = [pose for pose in found if pose is not None]
        if not poses or len(poses) != len(found):
            return None
        return _route(poses)

    def _trajectory(self, action: Element, start_s: float) -> _Way | None:
        element = action.find("TrajectoryRef/Trajectory")
        element = action.find("Trajectory") if element is None else element
        if element is None or element.find("Shape/Polyline") is None or element.get("closed") != "false":
            return None
        vertices, positions = (element.findall(f"Shape/Polyline/{tag}") for tag in ("Vertex", "Vertex/Position"))
        if len(vertices) != len(positions):
            raise ScenarioError(
                f"{self._document.place(element)}: {len(vertices)} vertices have {len(positions)} positions, expected "
                "one each"
            )
        found = [self._pose(position) for position in positions]
        poses = [pose for pose in found if pose is not None]
        if len(poses) != len(found):
            return None
        parse_with(self._document, self._xosc.Trajectory, element)
        timing = action.find("TimeReference/Timing")
        if timing is None or not any(vertex.get("time") for vertex in vertices):
            return _route(poses)
        times = [self._document.number(vertex, "time") for vertex in vertices]
        mode = action.find("TrajectoryFollowingMode")
        if mode is not None and mode.get("followingMode") == "follow":
            self._notes.append("followingMode 'follow' of the ego's trajectory: its poses are taken exactly")
        scale, offset = self._document.number(timing, "scale"), self._document.number(timing, "offset")
        items = [
            {"at_s": start_s + offset + scale * time, **vars(pose)} for time, pose in zip(times, poses, strict=True)
        ]
        return _Way(kind="path", items=items, poses=poses)

    def _pose(self, position: Element) -> _Pose | None:
        """A world position on CARLA's axes; None for any other kind, which needs the map or another object."""
        if position.find("WorldPosition") is None:
            return None
        world = parse_with(self._document, self._xosc.WorldPosition, position)
        values = [world.x, world.y, *(value or 0.0 for value in (world.z, world.h, world.p, world.r))]
        if not all(isinstance(value, float) and math.isfinite(value) for value in values):
            raise ScenarioError(f"{self._document.place(position)}: the position has a value that is no finite number")
        x, y, z, heading, pitch, roll = values
        turn = -1.0 if self._is_right_handed else 1.0  # y, heading and pitch have the other sense
        return _Pose(
            x=x,
            y=turn * y,
            z=z,
            pitch=_degrees(turn * pitch),
            yaw=_degrees(turn * heading),
            roll=_degrees(roll),
        )

    def _time_of(self, trigger: Element) -> float | None:
        """When a trigger fires [s], if it is a single condition on the simulation time."""
        conditions = trigger.findall("ConditionGroup/Condition")
        if len(conditions) != 1:
            return None
        element = conditions[0].find("ByValueCondition/SimulationTimeCondition")
        if element is None:
            return None
        condition = parse_with(self._document, self._xosc.SimulationTimeCondition, element)
        if condition.rule.get_name() not in _REACHED:
            return None
        delay = self._document.number(conditions[0], "delay") if conditions[0].get("delay") else 0.0
        return self._document.number(element, "value") + delay

    def _duration_s(self, ego: dict[str, Any], places: list[_Pose]) -> float:
        trigger = self._document.root.find("Storyboard/StopTrigger")
        end_s = None if trigger is None else self._time_of(trigger)
        if trigger is not None and (end_s is not None or not len(trigger)):
            self._document.take_whole(trigger)
        if self._options.duration_s is not None:
            return self._options.duration_s
        if end_s:
            return end_s
        if "path" in ego and ego["path"][-1]["at_s"] > 0.0:
            return float(ego["path"][-1]["at_s"])
        if "route" in ego:
            return expected_duration_s([(place.x, place.y, place.z) for place in places])
        self._notes.append(f"when it ends: no simulation time is given; {_DEFAULT_DURATION_S:g} s are used")
        return _DEFAULT_DURATION_S

    def _take_if(self, is_understood: bool, element: Element) -> None:
        if is_understood:
            self._document.take_whole(element)

    def _required(self, tag: str) -> Element:
        return self._child(self._document.root, tag)

    def _child(self, parent: Element, path: str) -> Element:
        found = parent.find(path)
        if found is None:
            raise ScenarioError(f"{self._document.place(parent)}: <{parent.tag}> has no <{re.sub('.*/', '', path)}>")
        return found


def _route(poses: list[_Pose]) -> _Way:
    return _Way(kind="route", items=[pose.location for pose in poses], poses=poses)


def _degrees(radians: float) -> float:
    """Within -180..180 [deg], without the last digits that the conversion makes up."""
    return round(math.degrees(math.remainder(radians, math.tau)), 6) + 0.0
