"""Cameras of one pass, and at which size each of them is scored.

Decisions:

* **Cameras of one field of view and one aspect ratio show the same view.** All of them are scored on the labels of the
  largest: the prediction of a smaller picture is enlarged. So every size is asked about the same pixels, and a score
  cannot rise because small objects have vanished from the labels. What a net does at its picture's own size is counted
  beside it.
* **The aspect ratio is the same where it differs by less than one pixel,** because 213x120 is meant to be 640x360.
* **Ids are enlarged by the nearest pixel centre,** in whole numbers: no rounding decides which pixel is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.camera import CameraSpec, Size

Image = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class View:
    """One camera of a pass."""

    camera: CameraSpec
    label_camera: str
    """Name of the camera at whose size it is scored; its own where it is the largest of its view."""

    @property
    def is_label_camera(self) -> bool:
        """Whether others are scored at its size."""
        return self.camera.name == self.label_camera


def plan_views(
    mounting: CameraSpec, sizes: Sequence[Size], fovs: Sequence[float], *, with_depth: bool
) -> tuple[View, ...]:
    """One camera for each size and field of view, all in the place of ``mounting``.

    Args:
        mounting: where the cameras are, and in which direction they look.
        sizes: (width, height) [px], each once.
        fovs: horizontal fields of view [deg], each once.
        with_depth: take the depth plane too, where labels are; it tells how far a pixel is.

    Returns:
        Size after size, each with every field of view; the names of the cameras are unique.

    Raises:
        ScenarioError: a size that no camera can have.
    """
    views = [
        View(camera=_camera(mounting, size, fov), label_camera=_name(_label_size(size, sizes), float(fov)))
        for size in sizes
        for fov in fovs
    ]
    return tuple(_with_planes(view, with_depth=with_depth) for view in views)


def label_sizes(views: Sequence[View]) -> dict[tuple[int, int, float], Size]:
    """The size at which pictures are scored, by their width, height and field of view."""
    size_of = {view.camera.name: view.camera.size for view in views}
    return {(*view.camera.size, view.camera.fov): size_of[view.label_camera] for view in views}


def resize_ids(ids: Image, size: Size) -> Image:
    """Resize class ids ``(H, W)`` uint8 to (width, height) ``size``: each pixel takes the id of the nearest one."""
    height, width = ids.shape
    if (width, height) == size:
        return ids
    return ids[_nearest(height, size[1])][:, _nearest(width, size[0])]


def _nearest(length: int, new_length: int) -> NDArray[np.int64]:
    """For each of ``new_length`` pixels, which of ``length`` its centre lies in."""
    return (2 * np.arange(new_length, dtype=np.int64) + 1) * length // (2 * new_length)


def _label_size(size: Size, sizes: Sequence[Size]) -> Size:
    """The largest size of the view that ``size`` belongs to."""
    largest_first = sorted(sizes, key=_area, reverse=True)
    heads: list[Size] = []
    for each in largest_first:
        head = next((head for head in heads if _same_aspect(each, head)), None)
        if each == size:
            return head or each
        if head is None:
            heads.append(each)
    raise AssertionError(f"{size} is not among {sizes}")


def _same_aspect(smaller: Size, larger: Size) -> bool:
    """Whether one side of the smaller picture would be right within a pixel, given its other side."""
    return abs(smaller[0] * larger[1] - larger[0] * smaller[1]) < max(larger)


def _area(size: Size) -> int:
    return size[0] * size[1]


def _name(size: Size, fov: float) -> str:
    """As ``640x360_fov90``; a camera's name has no point."""
    return f"{size[0]}x{size[1]}_fov{fov!r}".removesuffix(".0").replace(".", "p")


def _camera(mounting: CameraSpec, size: Size, fov: float) -> CameraSpec:
    return mounting.with_size(*size).model_copy(update={"name": _name(size, float(fov)), "fov": float(fov)})


def _with_planes(view: View, *, with_depth: bool) -> View:
    planes = ("depth",) if with_depth and view.is_label_camera else ()
    return View(camera=view.camera.model_copy(update={"planes": planes}), label_camera=view.label_camera)
