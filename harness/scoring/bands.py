"""Bands of distance and of object size: which of a few groups each pixel of a frame belongs to.

Decisions:

* **Distance is the depth plane's own**, along the camera's axis, not along the ray. What has no end, as the sky, is in
  the last band.
* **An object is a connected region of one class**, neighbours in all eight directions; its size is its share of the
  image's pixels. Two cars that touch are one object: the labels do not tell them apart. Pixels that are not scored
  belong to none and divide those beside them.
* **Whole numbers decide.** Codes of depth are compared with codes, areas with areas, so that no rounding moves a pixel.
* **Regions are found by runs.** A label map has a few thousand runs of equal pixels along its rows; joining those that
  touch in neighbouring rows (union-find) costs little more than reading the map once, for all classes together.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

DISTANCE_EDGES_M = (10, 20, 40, 80)
DISTANCE_BAND_NAMES = ("0-10 m", "10-20 m", "20-40 m", "40-80 m", "80+ m")
"""Names of the bands between the edges; an edge belongs to the farther one."""

OBJECT_EDGES = (5, 50, 500)
"""Areas in ten thousandths of the image."""
OBJECT_BAND_NAMES = ("< 0.05 %", "0.05-0.5 %", "0.5-5 %", "> 5 %")
"""Names of the bands between the edges; an edge belongs to the larger one."""

_WHOLE_IMAGE = 10_000
_FAR_PLANE_M = 1000
_FAR_CODE = 2**24 - 1
# The least code at or beyond each edge: code * 1000 / (2**24 - 1) >= edge.
_EDGE_CODES = np.array([-(-edge * _FAR_CODE // _FAR_PLANE_M) for edge in DISTANCE_EDGES_M], dtype=np.uint32)
_OBJECT_EDGES = np.array(OBJECT_EDGES, dtype=np.int64)

Bands = NDArray[np.uint8]
Mask = NDArray[np.uint8]
Indices = NDArray[np.int32]


def distance_bands(codes: NDArray[np.uint32]) -> Bands:
    """The band in ``DISTANCE_BAND_NAMES`` of each pixel, ``(H, W)`` uint8.

    Args:
        codes: of CARLA's depth camera, ``(H, W)`` uint32: metres = code / (2**24 - 1) * 1000.
    """
    bands = np.empty(codes.shape, dtype=np.uint8)
    _find_distances(np.ascontiguousarray(codes).reshape(-1), _EDGE_CODES, bands.reshape(-1))
    return bands


def object_bands(labels: Mask) -> Bands:
    """The band in ``OBJECT_BAND_NAMES`` of the region that each pixel belongs to, ``(H, W)`` uint8.

    Args:
        labels: class ids, ``(H, W)`` uint8; a region is connected and of one id, whatever the id.
    """
    bands = np.empty(labels.shape, dtype=np.uint8)
    ends, parents, areas = np.empty((3, labels.size), dtype=np.int32)
    _find_objects(np.ascontiguousarray(labels), ends, parents, areas, _OBJECT_EDGES, bands)
    return bands


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _find_distances(codes: NDArray[np.uint32], edges: NDArray[np.uint32], bands: Bands) -> None:
    """Count the edges at or below each code."""
    first, second, third, fourth = edges[0], edges[1], edges[2], edges[3]
    for index in range(codes.size):
        code = codes[index]
        bands[index] = (
            np.uint8(code >= first) + np.uint8(code >= second) + np.uint8(code >= third) + np.uint8(code >= fourth)
        )


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _root(parents: Indices, run: int) -> int:
    """The run that stands for the region of ``run``; shortens the way there."""
    while parents[run] != run:
        parents[run] = parents[parents[run]]
        run = parents[run]
    return run


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _find_objects(
    labels: Mask, ends: Indices, parents: Indices, areas: Indices, edges: NDArray[np.int64], bands: Bands
) -> None:
    """Fill ``bands`` from the areas of the regions.

    ``ends``, ``parents`` and ``areas`` are room for one number for each run, of which there are at most as many as
    pixels.
    """
    height, width = labels.shape
    first_above = 0  # of the runs in the row above
    num_runs = 0
    for y in range(height):
        first = num_runs
        above = first_above
        start = 0
        row = labels[y]
        while start < width:
            label = row[start]
            end = start + 1
            while end < width and row[end] == label:
                end += 1
            ends[num_runs] = end
            parents[num_runs] = num_runs
            areas[num_runs] = 0
            if y > 0:
                above = _join(labels[y - 1], label, start, end, above, first, ends, parents, num_runs)
            num_runs += 1
            start = end
        first_above = first
    _add_areas(width, ends, parents, areas, num_runs)
    _fill_bands(width, height * width, ends, parents, areas, edges, bands)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _join(
    row_above: Mask, label: int, start: int, end: int, above: int, past: int, ends: Indices, parents: Indices, run: int
) -> int:
    """Join a run ``start..end`` with those above that touch it; return the first that may touch the next one.

    ``above`` is the first run above that may touch this one, ``past`` the one after the last.
    """
    while ends[above] < start:  # it may touch by a corner
        above += 1
    each = above
    while True:
        if row_above[ends[each] - 1] == label:
            ours, theirs = _root(parents, run), _root(parents, each)
            parents[max(ours, theirs)] = min(ours, theirs)
        if ends[each] > end or each + 1 == past:
            break
        each += 1
    return above


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _add_areas(width: int, ends: Indices, parents: Indices, areas: Indices, num_runs: int) -> None:
    """Set the parent of each run to the run that stands for its region, whose area becomes that of all of them."""
    start = 0
    for run in range(num_runs):
        # A parent comes before its children, and those before it lead straight to where they belong.
        parents[run] = parents[parents[run]]
        areas[parents[run]] += ends[run] - start
        start = ends[run] % width


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _fill_bands(
    width: int,
    num_pixels: int,
    ends: Indices,
    parents: Indices,
    areas: Indices,
    edges: NDArray[np.int64],
    bands: Bands,
) -> None:
    """Write the band of each run into its pixels."""
    run = 0
    for y in range(bands.shape[0]):
        start = 0
        while start < width:
            area = np.int64(areas[parents[run]]) * _WHOLE_IMAGE
            bands[y, start : ends[run]] = (
                np.uint8(area >= edges[0] * num_pixels)
                + np.uint8(area >= edges[1] * num_pixels)
                + np.uint8(area >= edges[2] * num_pixels)
            )
            start = ends[run]
            run += 1
