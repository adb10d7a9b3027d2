"""What one camera saw as a video that lasts as long as the drive did.

A video knows no gaps: where the images of a tick never came, the picture before stands still, so that the time stays
true. How many those are is told at the end.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from datasets.errors import storage_error
from harness.carla_client.observation import Observation
from harness.prediction.video import VideoWriter, video_facts

Image = npt.NDArray[np.uint8]


class VideoFile:
    """Takes the observations of one drive; a context, at whose good end the file gets its name."""

    def __init__(self, path: Path, *, camera: str, fps: float) -> None:
        """Prepare; nothing is made yet.

        Args:
            path: The file, which ends in ``.mp4``.
            camera: Whose pictures are taken.
            fps: Recorded ticks for each second of simulated time.
        """
        self.path = path
        self.camera = camera
        self.num_frames = video_facts(path)[0] if path.is_file() else 0
        """Of a complete video; while it is written, of the pictures that came."""
        self._fps = fps
        self._writer = VideoWriter(path, fps=fps)
        self._shown: Image | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the video is there."""
        return self.path.is_file()

    def __enter__(self) -> VideoFile:
        self.num_frames = 0
        try:
            for leftover in self.path.parent.glob(f".{self.path.stem}.*.part{self.path.suffix}"):
                leftover.unlink()  # of a process that was killed
        except OSError as error:
            raise storage_error(f"{self.path} cannot be written", error) from error
        self._writer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, traceback)

    def add(self, observation: Observation) -> None:
        """Append the picture of one tick.

        Raises:
            DataError: the video cannot be written.
        """
        pair = observation.cameras.get(self.camera)
        if pair is not None:
            self._shown = pair.rgb
            self.num_frames += 1
        if self._shown is not None:
            self._writer.append(self._shown)
