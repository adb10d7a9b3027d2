"""The frames that a net did worst on, kept as images to be looked at.

Decisions:

* **Two kinds.** In each pass the frames with the lowest mean IoU, and for each class the one where its IoU is lowest,
  as long as the class is there to be seen: at least 0.1 % of the picture.
* **Few files.** A class's frame is kept only where no earlier pass of the scenario has a worse one. Where it is just as
  bad it is kept, because the order of the plan, not of the work, decides between equals in the end.
* A frame is stored as three PNG files of equal size: ``*_rgb.png`` what the camera saw, ``*_truth.png`` and
  ``*_<model>.png`` the 8-bit class ids (255: not scored). Colours are put on by who reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from harness.run_dir import folder_name, write_bytes
from harness.scoring.cells import Cell, Counts
from harness.scoring.statistics.metrics import MEAN, iou, mean_iou

Image = NDArray[np.uint8]

FOLDER = "frames"
"""Where the images lie, below the tables."""
IMAGE_KINDS = ("rgb", "truth", "prediction")
MIN_CLASS_SHARE = 0.001
"""Of a frame's pixels, so that the class's worst frame shows it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptFrame:
    """One frame of a pass with what was seen, known and predicted."""

    camera: str
    model: str
    label: str
    """Name of the class that it is the worst of, or ``MEAN``."""
    rank: int
    """1 is the worst."""
    tick: int
    """Of the drive."""
    iou: float
    """Of the class in this frame, or the mean over its classes; 0..1."""
    rgb: Image
    """``(H, W, 3)`` uint8 sRGB."""
    truth: Image
    """``(H, W)`` uint8 class ids."""
    prediction: Image
    """``(H, W)`` uint8 class ids."""


@dataclass(frozen=True, kw_only=True)
class WorstFrame:
    """One kept frame and where its images lie."""

    cell: Cell
    label: str
    """Name of a class, or ``MEAN``."""
    rank: int
    tick: int
    iou: float
    images: Mapping[str, str]
    """Path relative to the tables, by kind: rgb, truth, prediction."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """One frame as it was offered."""

    tick: int
    iou: float
    rgb: Image
    truth: Image
    prediction: Image


class WorstFrames:
    """Keeps the worst frames of one camera and one net out of a pass; ties go to the earlier frame."""

    def __init__(
        self, camera: str, model: str, class_names: Sequence[str], *, limit: int, known: Mapping[str, float]
    ) -> None:
        """Start with nothing kept.

        Args:
            camera: name of the camera.
            model: name of the net.
            class_names: names in id order, K of them.
            limit: how many frames of the lowest mean IoU to keep; 0 keeps none at all, nor those of classes.
            known: lowest IoU that other passes have kept, by class; only what is as low is kept.
        """
        self._camera = camera
        self._model = model
        self._names = tuple(class_names)
        self._limit = limit
        self._lowest: list[_Seen] = []
        self._of_class: dict[int, _Seen] = {}
        self._known = np.array([known.get(name, np.inf) for name in class_names])

    def offer(self, tick: int, regions: Counts, *, rgb: Image, truth: Image, prediction: Image) -> None:
        """Consider one frame.

        Args:
            tick: of the drive.
            regions: tp, fp and fn of each class in the frame, ``(K, 3)`` int64.
            rgb: what was seen, ``(H, W, 3)`` uint8; kept as it is, so it must not change any more.
            truth: class ids, ``(H, W)`` uint8.
            prediction: class ids, ``(H, W)`` uint8.
        """
        if not self._limit:
            return
        tp, _, fn = regions.T
        ious = iou(*regions.T)

        def seen(value: float) -> _Seen:
            return _Seen(tick=tick, iou=value, rgb=rgb, truth=truth, prediction=prediction)

        mean = mean_iou(ious)
        if not np.isnan(mean):  # a frame without any class shows nothing
            self._lowest.append(seen(mean))
            self._lowest.sort(key=lambda each: (each.iou, each.tick))
            del self._lowest[self._limit :]
        for index in np.flatnonzero((tp + fn >= MIN_CLASS_SHARE * truth.size) & (ious <= self._known)):
            kept = self._of_class.get(int(index))
            if kept is None or ious[index] < kept.iou:
                self._of_class[int(index)] = seen(float(ious[index]))

    @property
    def frames(self) -> tuple[KeptFrame, ...]:
        """The kept frames: those of the lowest mean IoU, the worst first, then those of the classes in id order."""
        lowest = [self._kept(MEAN, rank, each) for rank, each in enumerate(self._lowest, start=1)]
        return (*lowest, *(self._kept(self._names[index], 1, each) for index, each in sorted(self._of_class.items())))

    def _kept(self, label: str, rank: int, seen: _Seen) -> KeptFrame:
        return KeptFrame(
            camera=self._camera,
            model=self._model,
            label=label,
            rank=rank,
            tick=seen.tick,
            iou=seen.iou,
            rgb=seen.rgb,
            truth=seen.truth,
            prediction=seen.prediction,
        )


def save_frames(folder: Path, kept: Sequence[tuple[Cell, KeptFrame]]) -> tuple[WorstFrame, ...]:
    """Write the images of kept frames below ``folder``, each file once, and say where they are.

    Nothing waits for the disk: what names the images is written after them, and without it they are deleted.
    """
    contents: dict[str, Image] = {}
    rows = []
    for cell, frame in kept:
        images = _image_paths(cell, frame.tick)
        contents[images["rgb"]] = frame.rgb[..., ::-1]  # OpenCV writes blue first
        contents[images["truth"]] = frame.truth
        contents[images["prediction"]] = frame.prediction
        rows.append(
            WorstFrame(cell=cell, label=frame.label, rank=frame.rank, tick=frame.tick, iou=frame.iou, images=images)
        )
    for name, image in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_png(image))
    return tuple(rows)


def delete_unnamed(folder: Path, rows: Sequence[WorstFrame]) -> None:
    """Delete the images below ``folder`` that no row names, and folders that become empty."""
    named = {folder / name for row in rows for name in row.images.values()}
    for path in sorted(_below(folder / FOLDER), reverse=True):  # what is in a folder comes before it
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in named:
            path.unlink()


def _below(folder: Path) -> Iterator[Path]:
    return folder.rglob("*") if folder.is_dir() else iter(())


def _image_paths(cell: Cell, tick: int) -> dict[str, str]:
    """Where the images of a frame go, by kind. Nets share what was seen and known."""
    folder = f"{FOLDER}/{folder_name(cell.scenario)}/{folder_name(cell.weather)}"
    stem = f"{folder}/{cell.width}x{cell.height}_{cell.fov!r}deg_r{cell.repeat}_{tick:06d}"
    return {
        "rgb": f"{stem}_rgb.png",
        "truth": f"{stem}_truth.png",
        "prediction": f"{stem}_prediction_{folder_name(cell.model)}.png",
    }


def write_png(path: Path, image: Image) -> None:
    """Write grey ``(H, W)`` or BGR ``(H, W, 3)`` uint8 as PNG, whole or not at all."""
    write_bytes(path, _png(image))


def _png(image: Image) -> bytes:
    encoded, content = cv2.imencode(".png", image)
    assert encoded, f"an image of shape {image.shape} cannot be a PNG"
    return content.tobytes()
