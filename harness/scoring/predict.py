"""``harness predict``: masks and overlays for images from anywhere.

For ``<name>.png`` or ``<name>.jpg`` it writes ``<name>_mask.png`` (indexed colour: each pixel is its class id) and
``<name>_overlay.png`` (the image with the classes' colours over it). Images of a folder keep their sub-folders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError, UsageError
from harness.run_dir import write_bytes
from harness.scoring.indexed_png import encode_indexed_png
from harness.scoring.live import Net
from harness.scoring.worst import write_png

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
_COLOR_SHARE = 0.5
"""How much of the overlay is the class's colour."""

Image = NDArray[np.uint8]
ProgressCallback = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""


@dataclass(frozen=True, kw_only=True)
class PredictedImage:
    """One image and what was made of it."""

    source: Path
    mask: Path
    overlay: Path
    width: int
    """[px]"""
    height: int
    """[px]"""
    shares: dict[str, float]
    """Share of the pixels, 0..1, by class; only classes that were predicted, the largest first."""


@dataclass(frozen=True, kw_only=True)
class PredictSummary:
    """What was predicted, in the order of the sources."""

    rows: tuple[PredictedImage, ...]


@dataclass(frozen=True, kw_only=True)
class _Job:
    source: Path
    mask: Path
    overlay: Path


def predict(
    segmenter: Net, sources: Sequence[Path], out: Path, *, progress: ProgressCallback | None = None
) -> PredictSummary:
    """Predict every image in ``sources``.

    Args:
        segmenter: the net.
        sources: images (PNG or JPEG), and folders that are searched for such.
        out: a prepared output folder.
        progress: called with (what, images done, images in all).

    Raises:
        DataError: a source is missing, a folder holds no image, or files are not images that can be read; all others
            are predicted.
        UsageError: two sources would be written to the same file.
    """
    jobs = _jobs(sources, out)
    rows: list[PredictedImage] = []
    unreadable: list[str] = []
    for done, job in enumerate(jobs, start=1):
        try:
            rows.append(_predict_one(segmenter, job))
        except DataError as error:
            unreadable.append(str(error))
        if progress is not None:
            progress("predict", done, len(jobs))
    if unreadable:
        raise DataError(f"{len(unreadable)} of {len(jobs)} images were not predicted: {'; '.join(unreadable)}")
    return PredictSummary(rows=tuple(rows))


def read_image(path: Path) -> Image:
    """Read an image as ``(H, W, 3)`` uint8 sRGB; grey ones get three equal channels, transparency is dropped.

    Raises:
        DataError: the file is missing or is not an image that can be read.
    """
    try:
        content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    if image is None:
        raise DataError(f"{path} is not an image that can be read: expected a whole PNG or JPEG file")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _predict_one(net: Net, job: _Job) -> PredictedImage:
    rgb = read_image(job.source)
    ids = net.predict(rgb)
    palette = net.label_set.palette
    job.mask.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(job.mask, encode_indexed_png(ids, palette))
    blend = cv2.addWeighted(rgb, 1 - _COLOR_SHARE, palette[ids], _COLOR_SHARE, 0)
    write_png(job.overlay, np.asarray(cv2.cvtColor(blend, cv2.COLOR_RGB2BGR), dtype=np.uint8))
    pixels = np.bincount(ids.ravel(), minlength=net.label_set.num_classes)
    return PredictedImage(
        source=job.source,
        mask=job.mask,
        overlay=job.overlay,
        width=rgb.shape[1],
        height=rgb.shape[0],
        shares={net.label_set.names[k]: float(pixels[k] / ids.size) for k in np.argsort(-pixels) if pixels[k]},
    )


def _jobs(sources: Sequence[Path], out: Path) -> list[_Job]:
    jobs: dict[Path, _Job] = {}
    for source, relative in (image for given in sources for image in _images(given)):
        target = out / relative
        mask = target.with_name(f"{target.stem}_mask.png")
        if mask in jobs:
            raise UsageError(f"{jobs[mask].source} and {source} would both be written to {mask}: rename one")
        jobs[mask] = _Job(source=source, mask=mask, overlay=target.with_name(f"{target.stem}_overlay.png"))
    if not jobs:
        raise UsageError("there is nothing to predict: give at least one image or folder")
    return list(jobs.values())


def _images(source: Path) -> list[tuple[Path, Path]]:
    """The images that a source stands for, each with its path below the output folder."""
    if not source.is_dir():
        return [(source, Path(source.name))]
    found = sorted(path for path in source.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
    if not found:
        raise DataError(f"{source} holds no image: expected files that end in {', '.join(IMAGE_SUFFIXES)}")
    return [(path, path.relative_to(source)) for path in found]
