"""Several cameras on one car: those with a name, those of a rig file, and all of them at several sizes and angles.

A rig file is YAML: a list of cameras, or a mapping with such a list under ``cameras``. The keys of a camera are those
of ``CameraSpec``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim_scenarios.camera import MAX_FOV_DEG, MIN_FOV_DEG, PLANES, CameraSpec, Plane, Size
from sim_scenarios.errors import ScenarioError, first_problem, unknown_name
from sim_scenarios.yaml_document import YamlDocument, explain, kind_of, read_document

NAMED_CAMERAS: dict[str, CameraSpec] = {
    "front": CameraSpec(),
    "rear": CameraSpec(name="rear", x=-1.5, yaw=180.0),
    "left": CameraSpec(name="left", x=0.0, y=-0.8, yaw=-90.0),
    "right": CameraSpec(name="right", x=0.0, y=0.8, yaw=90.0),
}
"""Just above the roof of a car, each looking out over its edge; 90 degrees each, so that the four see all around."""

_KNOWN_KEYS = {"": ("cameras",), "cameras": tuple(CameraSpec.model_fields)}


class _Rig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cameras: Annotated[tuple[CameraSpec, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> _Rig:
        repeated = _repeated([camera.name for camera in self.cameras])
        if repeated:
            raise ValueError(f"two cameras have the same name: {', '.join(repeated)}")
        return self


def parse_cameras(text: str) -> tuple[CameraSpec, ...]:
    """Read a comma-separated list of named cameras such as ``front,rear,left,right``, in the order given.

    Raises:
        ScenarioError: an unknown name, with the nearest known one; an empty list, or a camera that is listed twice.
    """
    names = [part.strip() for part in text.split(",") if part.strip()]
    if not names:
        raise ScenarioError(f"no camera in {text!r}: expected some of {','.join(NAMED_CAMERAS)}")
    for name in names:
        if name not in NAMED_CAMERAS:
            raise unknown_name("camera", name, NAMED_CAMERAS)
    if _repeated(names):
        raise ScenarioError(f"a camera is listed twice in {text!r}: list each once")
    return tuple(NAMED_CAMERAS[name] for name in names)


def as_agreed(cameras: Sequence[CameraSpec], own: Sequence[CameraSpec]) -> tuple[CameraSpec, ...]:
    """``cameras`` with what all of ``own`` have in common of image size, field of view and planes."""
    first = own[0]
    agreed: dict[str, Any] = {}
    for fields in (("width", "height"), ("fov",), ("planes",)):
        if all(getattr(camera, field) == getattr(first, field) for camera in own for field in fields):
            agreed |= {field: getattr(first, field) for field in fields}
    return tuple(camera.model_copy(update=agreed) for camera in cameras)


def load_rig(path: str | Path) -> tuple[CameraSpec, ...]:
    """Load the cameras of a rig file, in its order.

    Raises:
        ScenarioError: the file cannot be read, an unknown key, a value that is not accepted, or a name given twice.
    """
    document = read_document(Path(path))
    if isinstance(document.content, list):
        document = _under_cameras(document)
    if not isinstance(document.content, dict):
        raise ScenarioError(f"{path}: expected a list of cameras, found {kind_of(document.content)}")
    try:
        return _Rig.model_validate(document.content).cameras
    except ValidationError as error:
        raise ScenarioError(explain(document, error, _KNOWN_KEYS, document.line_of)) from None


def parse_fovs(text: str) -> tuple[float, ...]:
    """Read horizontal fields of view such as ``60,90`` [deg], in the order given.

    Raises:
        ScenarioError: not a number between 1 and 179, an empty list, or one that is listed twice.
    """
    fovs = [_fov(part.strip()) for part in text.split(",") if part.strip()]
    if not fovs:
        raise ScenarioError(f"no field of view in {text!r}: expected degrees such as 60,90")
    if len(set(fovs)) != len(fovs):
        raise ScenarioError(f"a field of view is listed twice in {text!r}: list each once")
    return tuple(fovs)


def vary_cameras(
    cameras: Sequence[CameraSpec],
    *,
    sizes: Sequence[Size] = (),
    fovs: Sequence[float] = (),
    planes: Sequence[Plane] = (),
) -> tuple[CameraSpec, ...]:
    """Every camera at every size and with every field of view.

    Args:
        cameras: Where they sit.
        sizes: (width, height) [px]; a single one replaces a camera's own, of several each becomes a camera named
            ``front_320x180``; none: as the cameras have it.
        fovs: Horizontal fields of view [deg], likewise: ``front_fov60``, ``front_320x180_fov60``.
        planes: What every camera takes besides what it takes already.

    Raises:
        ScenarioError: a size or field of view out of range, or a name that is too long or that two cameras would have.
    """
    varied = tuple(
        _variant(camera, size=size, fov=fov, planes=planes, name=_name(camera, size, fov, sizes, fovs))
        for camera in cameras
        for size in sizes or (camera.size,)
        for fov in fovs or (camera.fov,)
    )
    repeated = _repeated([camera.name for camera in varied])
    if repeated:
        raise ScenarioError(f"two cameras would be named {', '.join(repeated)}: rename one in the rig")
    return varied


def _name(camera: CameraSpec, size: Size, fov: float, sizes: Sequence[Size], fovs: Sequence[float]) -> str:
    name = camera.name
    if len(sizes) > 1:
        name += f"_{size[0]}x{size[1]}"
    if len(fovs) > 1:
        name += "_fov" + f"{fov:g}".replace(".", "_")
    return name


def _variant(camera: CameraSpec, *, size: Size, fov: float, planes: Sequence[Plane], name: str) -> CameraSpec:
    change: dict[str, Any] = {
        "name": name,
        "width": size[0],
        "height": size[1],
        "fov": fov,
        "planes": tuple(plane for plane in PLANES if plane in (*camera.planes, *planes)),
    }
    try:
        return CameraSpec.model_validate(camera.model_dump() | change)
    except ValidationError as error:
        raise ScenarioError(f"camera {name!r}: {first_problem(error)}") from None


def _fov(text: str) -> float:
    try:
        fov = float(text)
    except ValueError:
        raise ScenarioError(f"field of view {text!r} is not a number of degrees") from None
    if not MIN_FOV_DEG < fov < MAX_FOV_DEG:
        raise ScenarioError(f"field of view {text!r} is outside {MIN_FOV_DEG:g}..{MAX_FOV_DEG:g} degrees")
    return fov


def _repeated(names: Sequence[str]) -> list[str]:
    """Names that stand there more than once; some file systems do not tell A from a."""
    folded = [name.casefold() for name in names]
    return sorted({name for name, key in zip(names, folded, strict=True) if folded.count(key) > 1})


def _under_cameras(document: YamlDocument) -> YamlDocument:
    """The mapping that a bare list stands for, every item at its line."""
    root = document.root
    assert root is not None  # a list was read from it
    key = yaml.ScalarNode("tag:yaml.org,2002:str", "cameras", start_mark=root.start_mark)
    mapping = yaml.MappingNode("tag:yaml.org,2002:map", [(key, root)], start_mark=root.start_mark)
    return YamlDocument(path=document.path, content={"cameras": document.content}, root=mapping)
