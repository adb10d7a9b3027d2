"""Where a camera sits on the ego vehicle and what it sees; image sizes as they are written on the command line."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sim_scenarios.errors import ScenarioError

MIN_SIDE_PX = 16
MAX_SIDE_PX = 8192

Side = Annotated[int, Field(ge=MIN_SIDE_PX, le=MAX_SIDE_PX)]
Offset = Annotated[float, Field(ge=-50.0, le=50.0)]
Angle = Annotated[float, Field(ge=-360.0, le=360.0)]
Size = tuple[int, int]
"""(width, height) in pixels."""

_SIZE = re.compile(r"\s*(\d{1,5})\s*[xX×]\s*(\d{1,5})\s*")


class CameraSpec(BaseModel):
    """A pair of cameras (RGB and semantic) in one place.

    The pose is relative to the vehicle's origin, on the ground under its centre, on CARLA's left-handed axes:
    x forward, y right, z up [m]; pitch up, yaw to the right, roll clockwise [deg].
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=40)] = "front"
    width: Side = 640
    """[px]"""
    height: Side = 360
    """[px]"""
    fov: Annotated[float, Field(gt=1.0, lt=179.0)] = 90.0
    """Horizontal field of view [deg]: at another aspect ratio the view grows or shrinks at top and bottom."""
    x: Offset = 1.5
    y: Offset = 0.0
    z: Offset = 2.0
    pitch: Angle = 0.0
    yaw: Angle = 0.0
    roll: Angle = 0.0

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


def _check_size(width: int, height: int, *, text: str) -> None:
    if not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in (width, height)):
        raise ScenarioError(f"size {text!r} has a side outside {MIN_SIDE_PX}..{MAX_SIDE_PX} pixels")
