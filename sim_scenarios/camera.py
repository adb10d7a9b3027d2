"""Where a camera sits on the ego vehicle and what it sees; sizes and planes as written on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sim_scenarios.errors import ScenarioError, unknown_name

MIN_SIDE_PX = 16
MAX_SIDE_PX = 8192
MIN_FOV_DEG, MAX_FOV_DEG = 1.0, 179.0
"""Both excluded."""

Side = Annotated[int, Field(ge=MIN_SIDE_PX, le=MAX_SIDE_PX)]
Offset = Annotated[float, Field(ge=-50.0, le=50.0)]
Angle = Annotated[float, Field(ge=-360.0, le=360.0)]
Size = tuple[int, int]
"""(width, height) in pixels."""
Plane = Literal["depth", "instance"]
"""An image that a camera may take besides RGB and tags."""
PLANES: tuple[Plane, ...] = get_args(Plane)

_SIZE = re.compile(r"\s*(\d{1,5})\s*[xX×]\s*(\d{1,5})\s*")


class CameraSpec(BaseModel):
    """A pair of cameras (RGB and semantic) in one place, and a depth and an instance camera there if asked for.

    The pose is relative to the vehicle's origin, on the ground under its centre, on CARLA's left-handed axes:
    x forward, y right, z up [m]; pitch up, yaw to the right, roll clockwise [deg].
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=40)] = "front"
    width: Side = 640
    """[px]"""
    height: Side = 360
    """[px]"""
    fov: Annotated[float, Field(gt=MIN_FOV_DEG, lt=MAX_FOV_DEG)] = 90.0
    """Horizontal field of view [deg]: at another aspect ratio the view grows or shrinks at top and bottom."""
    x: Offset = 1.5
    y: Offset = 0.0
    z: Offset = 2.0
    pitch: Angle = 0.0
    yaw: Angle = 0.0
    roll: Angle = 0.0
    planes: tuple[Plane, ...] = ()
    """What it takes besides RGB and tags, in the order of ``PLANES`` however they were given."""

    @field_validator("planes", mode="after")
    @classmethod
    def _in_one_order(cls, planes: tuple[Plane, ...]) -> tuple[Plane, ...]:
        if len(set(planes)) != len(planes):
            raise ValueError(f"a plane is listed twice: {', '.join(planes)}")
        return _ordered(planes)

    @property
    def size(self) -> Size:
        """(width, height) [px]."""
        return self.width, self.height

    def with_size(self, width: int, height: int) -> CameraSpec:
        """The same camera with another image size, named ``<name>_<width>x<height>``.

        Raises:
            ScenarioError: a side outside MIN_SIDE_PX..MAX_SIDE_PX.
        """
        _check_size(width, height, text=f"{width}x{height}")
        return self.model_copy(update={"name": f"{self.name}_{width}x{height}", "width": width, "height": height})


def parse_size(text: str) -> Size:
    """Read ``320x180`` as (width, height) [px].

    Raises:
        ScenarioError: another notation, or a side outside MIN_SIDE_PX..MAX_SIDE_PX.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ScenarioError(f"size {text!r} is not WIDTHxHEIGHT in pixels, as in 320x180")
    width, height = int(match[1]), int(match[2])
    _check_size(width, height, text=text)
    return width, height


def parse_sizes(text: str) -> tuple[Size, ...]:
    """Read a comma-separated list such as ``320x180,640x360``, in the order given.

    Raises:
        ScenarioError: as ``parse_size``; or an empty list, or a size that is listed twice.
    """
    sizes = [parse_size(part) for part in text.split(",") if part.strip()]
    if not sizes:
        raise ScenarioError(f"no size in {text!r}: expected sizes such as 320x180,640x360")
    if len(set(sizes)) != len(sizes):
        raise ScenarioError(f"a size is listed twice in {text!r}: list each once")
    return tuple(sizes)


def parse_planes(text: str) -> tuple[Plane, ...]:
    """Read a comma-separated list such as ``depth,instance``; the result is in the order of ``PLANES``.

    Raises:
        ScenarioError: an unknown plane, or an empty list.
    """
    names = [part.strip() for part in text.split(",") if part.strip()]
    if not names:
        raise ScenarioError(f"no plane in {text!r}: expected some of {', '.join(PLANES)}")
    for name in names:
        if name not in PLANES:
            raise unknown_name("plane", name, PLANES)
    return _ordered(cast(list[Plane], names))


def _ordered(planes: Iterable[Plane]) -> tuple[Plane, ...]:
    given = set(planes)
    return tuple(plane for plane in PLANES if plane in given)


def _check_size(width: int, height: int, *, text: str) -> None:
    if not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in (width, height)):
        raise ScenarioError(f"size {text!r} has a side outside {MIN_SIDE_PX}..{MAX_SIDE_PX} pixels")
