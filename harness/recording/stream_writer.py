"""Writes the frames of one stream: into one shard or several in a row, and what is missing into the lists.

Used by the writer thread alone. A shard that is full is closed when the next frame comes, so that there is always one
to be marked as the last.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from datasets.encoded_sample import EncodedSample
from datasets.errors import storage_error
from datasets.omissions import GAP, QUARANTINE_FOLDER, Omission, OmissionLog
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard_header import ShardHeader
from datasets.shard_writer import ShardWriter
from harness.recording.plan import PlannedStream, RecordingOptions, header_of
from harness.recording.quarantine import Flaw
from harness.recording.streams_on_disk import StreamOnDisk

MAX_QUARANTINE_IMAGES = 20
"""Frames of a stream whose images are kept: enough to see what is wrong, whatever goes on for hours."""


class StreamWriter:
    """One stream of one recording; ended by ``finish`` or ``leave``. ShardError when the disk fails."""

    def __init__(
        self,
        recording: RecordingDir,
        stream: PlannedStream,
        header: ShardHeader,
        *,
        options: RecordingOptions,
        before: StreamOnDisk,
        gaps: OmissionLog,
        quarantine: OmissionLog,
    ) -> None:
        """Get ready; no file is made before the first frame.

        Args:
            recording: Locked by this process.
            stream: What is written.
            header: Of the stream's first shard.
            options: How.
            before: What is there already and gone on with.
            gaps: Takes the gaps.
            quarantine: Takes the quarantined frames.
        """
        self.stream = stream
        self.header = header
        self.options = options
        self.before = before
        """What was there when the writer was made."""
        self.num_frames = before.num_frames
        """Frames of the stream that are safe on disk."""
        self._recording = recording
        self._gaps = gaps
        self._quarantine = quarantine
        finished = [piece for piece in before.pieces if not piece.is_part]
        self._last_finished: Path | None = finished[-1].path if finished else None
        self._sequence = len(finished)
        self._writer: ShardWriter | None = None
        self._has_part = len(finished) < len(before.pieces)

    def write(self, encoded: EncodedSample) -> None:
        """Add a frame; when this returns, it survives the death of this process."""
        writer = self._open()
        if self.options.shard_frames and len(writer) >= self.options.shard_frames:
            self._close(writer, is_last=False)
            writer = self._open()
        writer.append_encoded(encoded)
        self.num_frames += 1

    def list_gap(self, frame: int, reason: str) -> None:
        """Note that ``frame`` never came."""
        self._gaps.append(self._omission(frame, GAP, reason))

    def put_aside(self, sample: Sample, flaw: Flaw) -> None:
        """Note that ``sample`` is not to be believed, and keep its images while there are few."""
        if len(self._quarantine.select(*self.stream.key)) < MAX_QUARANTINE_IMAGES:
            self._keep_images(sample)
        self._quarantine.append(self._omission(sample.frame, flaw.kind, flaw.detail))

    def why_empty(self) -> str:
        """Why there is no frame, as far as the lists tell."""
        omissions = (*self._gaps.select(*self.stream.key), *self._quarantine.select(*self.stream.key))
        return f"{omissions[0].kind}: {omissions[0].detail}" if omissions else "the drive had no recorded tick"

    def finish(self) -> None:
        """Close the last shard and list the stream as complete. There must be a frame."""
        if self._writer is not None or self._has_part:
            self._close(self._open(), is_last=True)
        elif self._last_finished is not None:
            self._recording.mark_last(self._last_finished)

    def leave(self) -> None:
        """Leave an unfinished shard under its ``.part`` name."""
        if self._writer is not None:
            self._writer.leave_part()

    def _open(self) -> ShardWriter:
        if self._writer is None:
            path = self._recording.shard_path(self.stream.shard_name(self._sequence, self.options))
            open_writer = ShardWriter.resume if self._has_part else ShardWriter
            self._writer = open_writer(
                path,
                header_of(self.header, self._sequence),
                compression=self.options.compression,
                durable_every=self.options.durable_every,
            )
            self._has_part = False
        return self._writer

    def _close(self, writer: ShardWriter, *, is_last: bool) -> None:
        writer.close()
        self._recording.add_shard(writer.path, is_last=is_last)
        self._last_finished, self._writer = writer.path, None
        self._sequence += 1

    def _omission(self, frame: int, kind: str, detail: str) -> Omission:
        scenario, weather, camera = self.stream.key
        return Omission(scenario=scenario, weather=weather, camera=camera, frame=frame, kind=kind, detail=detail)

    def _keep_images(self, sample: Sample) -> None:
        folder = self._recording.root / QUARANTINE_FOLDER
        images: dict[str, npt.NDArray[np.uint8]] = {"rgb": sample.rgb[:, :, ::-1], "tags": sample.tags}
        try:
            folder.mkdir(exist_ok=True)
            for name, image in images.items():
                _, png = cv2.imencode(".png", image)
                (folder / f"{self.stream.name}.{sample.frame:06d}.{name}.png").write_bytes(png.tobytes())
        except OSError as error:
            raise storage_error(f"{folder} cannot be written", error) from error
