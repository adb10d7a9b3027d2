"""The pictures of one camera as PNG files, and a table that says which belongs to which tick.

::

    index.csv              one row for each recorded tick; written last: a folder without it is not complete
    rgb/000012.png         what the camera saw at tick 12, 8-bit RGB
    tags/000012.png        the server's raw tags, 8-bit grey
    colors/000012.png      the same tags in the colours of their classes, indexed: any viewer shows them

Every file appears whole or not at all. A tick whose images never came has a row without files, and the reason.
"""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from datasets.errors import storage_error
from harness.carla_client.observation import CameraPair, Observation
from harness.prediction.indexed_png import encode_indexed_png
from harness.run_dir import write_bytes, write_csv

INDEX_NAME = "index.csv"
KINDS = ("rgb", "tags", "colors")
POSE_COLUMNS = ("ego_x", "ego_y", "ego_z", "ego_pitch", "ego_yaw", "ego_roll")
"""[m] and [deg], of the ego vehicle in world coordinates, CARLA's left-handed axes."""
COLUMNS = ("tick", "time_s", *POSE_COLUMNS, *KINDS, "gap")

Image = npt.NDArray[np.uint8]


class FrameFolder:
    """Takes the observations of one drive; a context, in which the folder is made and at whose good end it counts."""

    def __init__(self, path: Path, *, camera: str, palette: Image) -> None:
        """Prepare; nothing is made yet.

        Args:
            path: The folder.
            camera: Whose pictures are taken.
            palette: (256, 3) uint8 sRGB by tag.
        """
        self.path = path
        self.camera = camera
        self.num_frames = _count_frames(path / INDEX_NAME)
        """Of a complete folder; while it is written, of those on disk."""
        self._palette = palette
        self._rows: list[dict[str, Any]] = []

    @property
    def is_complete(self) -> bool:
        """Whether all pictures of the drive are there."""
        return (self.path / INDEX_NAME).is_file()

    def __enter__(self) -> FrameFolder:
        self.num_frames = 0
        self._rows.clear()
        try:
            for kind in KINDS:
                (self.path / kind).mkdir(parents=True, exist_ok=True)
            for leftover in self.path.rglob(".*.part"):  # of a process that was killed
                leftover.unlink()
        except OSError as error:
            raise storage_error(f"{self.path} cannot be written", error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                write_csv(self.path / INDEX_NAME, self._rows, columns=COLUMNS)
            except OSError as error:
                raise storage_error(f"{self.path / INDEX_NAME} cannot be written", error) from error

    def add(self, observation: Observation) -> None:
        """Write the pictures of one tick.

        Raises:
            ShardError: a file cannot be written; DiskError where the disk is at fault.
        """
        row: dict[str, Any] = {"tick": observation.tick, "time_s": observation.timestamp_s}
        row |= dict(zip(POSE_COLUMNS, observation.ego_transform, strict=True))
        pair = observation.cameras.get(self.camera)
        if pair is None:
            row["gap"] = next(gap.reason for gap in observation.gaps if gap.camera == self.camera)
        else:
            row |= self._write(pair, f"{observation.tick:06d}.png")
            self.num_frames += 1
        self._rows.append(row)

    def _write(self, pair: CameraPair, name: str) -> dict[str, str]:
        """File names by kind, relative to the folder."""
        contents = (
            _png(np.asarray(cv2.cvtColor(pair.rgb, cv2.COLOR_RGB2BGR), dtype=np.uint8)),
            _png(pair.tags),
            encode_indexed_png(pair.tags, self._palette),
        )
        names = {kind: f"{kind}/{name}" for kind in KINDS}
        for file_name, content in zip(names.values(), contents, strict=True):
            try:
                write_bytes(self.path / file_name, content)
            except OSError as error:
                raise storage_error(f"{self.path / file_name} cannot be written", error) from error
        return names


def _png(image: Image) -> bytes:
    is_encoded, content = cv2.imencode(".png", image)
    assert is_encoded, f"an image of shape {image.shape} cannot be a PNG"
    return content.tobytes()


def _count_frames(index: Path) -> int:
    """Rows with files; 0 where there is no table."""
    if not index.is_file():
        return 0
    with index.open(newline="") as file:
        return sum(bool(row["rgb"]) for row in csv.DictReader(file))
