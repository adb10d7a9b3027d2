"""Who is in an OpenSCENARIO file: which of its objects is the ego, and how many others there are."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from sim_scenarios.importers.foreign_xml import ForeignXml

_EGO_NAMES = ("ego", "hero", "ego_vehicle")
_EGO_PROPERTY = "ego_vehicle"
_WALKER = "pedestrian"


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The objects of a file."""

    ego: str | None
    """Name of the object; None: there is no vehicle."""
    blueprint: str
    """Of the ego, if its vehicle is called as CARLA's are; otherwise empty."""
    vehicles: int
    """Without the ego."""
    walkers: int
    notes: tuple[str, ...]
    """What could not be told from the file."""


def read_cast(document: ForeignXml) -> Cast:
    """The objects under ``Entities``."""
    entities = document.root.find("Entities")
    objects = [] if entities is None else document.take(entities).findall("ScenarioObject")
    kinds = {document.text(each, "name"): _kind(document, each) for each in objects}
    vehicles = [name for name, kind in kinds.items() if kind == "vehicle"]
    marked = _marked(document, objects) + [name for name in vehicles if name.casefold() in _EGO_NAMES]
    ego = next(iter([*marked, *vehicles]), None)
    notes = []
    if ego is not None and not marked:
        notes.append(f"which vehicle is the ego: none is named so; the first one, {ego!r}, is taken")
    if len(vehicles) > 1 or "walker" in kinds.values():
        notes.append("positions and looks of the other vehicles and pedestrians: as many are placed near the ego")
    return Cast(
        ego=ego,
        blueprint=next((_blueprint(each) for each in objects if each.get("name") == ego), ""),
        vehicles=max(0, len(vehicles) - 1),
        walkers=list(kinds.values()).count("walker"),
        notes=tuple(notes),
    )


def _kind(document: ForeignXml, item: Element) -> str:
    """``vehicle``, ``walker`` or empty for what is neither."""
    vehicle, walker, reference = (item.find(tag) for tag in ("Vehicle", "Pedestrian", "CatalogReference"))
    if vehicle is not None:
        document.take(vehicle, "name", "vehicleCategory", "model3d")
        return "vehicle"
    if walker is not None:
        document.take(walker, "name", "model", "model3d", "mass", "pedestrianCategory")
        return "walker"
    if reference is not None:
        document.take(reference, "catalogName", "entryName")
        return "walker" if _WALKER in reference.get("catalogName", "").casefold() else "vehicle"
    return ""


def _marked(document: ForeignXml, objects: list[Element]) -> list[str]:
    """Names of the vehicles with the property by which ScenarioRunner tells the ego."""
    names = []
    for item in objects:
        for each in item.findall("Vehicle/Properties/Property"):
            if each.get("name") == "type" and each.get("value") == _EGO_PROPERTY:
                document.take(each, "name", "value")
                names.append(item.get("name", ""))
        for group in item.findall("Vehicle/Properties"):
            document.take(group)
    return names


def _blueprint(item: Element) -> str:
    vehicle, reference = item.find("Vehicle"), item.find("CatalogReference")
    name = vehicle.get("name", "") if vehicle is not None else ""
    name = reference.get("entryName", "") if reference is not None else name
    return name if name.startswith("vehicle.") else ""
