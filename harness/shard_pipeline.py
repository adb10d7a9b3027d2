"""From samples to shards: a bounded queue, encoder threads, and one writer thread that alone owns the files.

Decisions:

- The queue holds futures in the order of the samples; the writer takes them in that order, whichever encoder is first.
- ``put`` blocks when the queue is full: a slow disk slows the simulator down instead of filling the memory.
- An error of the writer reaches the recording thread with its next ``put``; the writer then only empties the queue.
- What was put before ``leave_unfinished`` is still written. The file keeps its ``.part`` name: its frames can be read,
  but no reader takes it for a finished drive.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from datasets.encoded_sample import EncodedSample, encode_sample
from datasets.errors import LabelError
from datasets.sample import Sample
from datasets.shard_header import ShardHeader
from datasets.shard_writer import ShardWriter

QUEUE_SAMPLES = 16
MAX_ENCODERS = 4
ENCODER_NICENESS = 10
_POLL_S = 0.2
"""How soon a blocked ``put`` notices that the writer has failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """A sample that cannot be stored because its tags are not in the server's table."""

    frame: int
    camera: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    camera: str
    frame: int
    encoded: Future[EncodedSample]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Barrier:
    reached: threading.Event


@dataclass(frozen=True, kw_only=True, slots=True)
class _End:
    is_finished: bool


def _give_way() -> None:
    """Let the simulator go first where cores are short: an encoder has until the queue is full, a tick has not."""
    if sys.platform == "linux":  # elsewhere priorities belong to processes, not to threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), ENCODER_NICENESS)


class ShardPipeline:
    """Writes the shards of one drive, one for each camera. Used by one thread; end it with one of the two methods."""

    def __init__(self, targets: Mapping[str, tuple[Path, ShardHeader]]) -> None:
        """Start the threads.

        Args:
            targets: By camera name: where its shard goes, and the shard's header.
        """
        self._targets = dict(targets)
        self._jobs: queue.Queue[_Job | _Barrier | _End] = queue.Queue(QUEUE_SAMPLES)
        self._encoders = ThreadPoolExecutor(
            min(MAX_ENCODERS, os.cpu_count() or 1), thread_name_prefix="encoder", initializer=_give_way
        )
        self._writer = threading.Thread(target=self._write, name="shard-writer", daemon=True)
        self._error: BaseException | None = None
        self.written = dict.fromkeys(self._targets, 0)
        """Frames that are safe on disk, by camera."""
        self.rejected: list[Rejected] = []
        self._writer.start()

    def put(self, camera: str, sample: Sample) -> None:
        """Hand over a sample; waits while the queue is full. The arrays must not change afterwards.

        Raises:
            ShardError: a shard could not be written; nothing more will be.
        """
        _, header = self._targets[camera]
        future = self._encoders.submit(encode_sample, sample, tag_table=header.tag_table)
        self._enqueue(_Job(camera=camera, frame=sample.frame, encoded=future))

    @property
    def num_written(self) -> int:
        """Frames that are safe on disk, over all cameras."""
        return sum(self.written.values())

    def flush(self) -> None:
        """Wait until everything that was put is on disk or rejected.

        Raises:
            ShardError: a shard could not be written.
        """
        barrier = _Barrier(reached=threading.Event())
        self._jobs.put(barrier)
        barrier.reached.wait()
        self._raise_error()

    def finish(self) -> None:
        """Write what is queued, verify the shards and give them their names.

        Raises:
            ShardError: a shard could not be written or does not read back.
        """
        self._end(_End(is_finished=True))
        self._raise_error()

    def leave_unfinished(self) -> None:
        """Write what is queued and leave the shards under their ``.part`` names. Does not raise."""
        self._end(_End(is_finished=False))

    def _end(self, end: _End) -> None:
        if self._writer.is_alive():
            self._jobs.put(end)
            self._writer.join()
        self._encoders.shutdown()

    def _enqueue(self, job: _Job) -> None:
        while True:
            self._raise_error()
            try:
                return self._jobs.put(job, timeout=_POLL_S)
            except queue.Full:
                continue

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _write(self) -> None:
        try:
            self._write_until_end()
        except BaseException as error:
            self._error = error
            while not isinstance(job := self._jobs.get(), _End):
                if isinstance(job, _Barrier):
                    job.reached.set()

    def _write_until_end(self) -> None:
        with ExitStack() as at_the_end:
            writers: dict[str, ShardWriter] = {}
            for camera, (path, header) in self._targets.items():
                writers[camera] = ShardWriter(path, header)
                at_the_end.callback(writers[camera].leave_part)
            while not isinstance(job := self._jobs.get(), _End):
                if isinstance(job, _Barrier):
                    job.reached.set()
                else:
                    self._write_job(job, writers[job.camera])
            if job.is_finished:
                for writer in writers.values():
                    writer.close()

    def _write_job(self, job: _Job, writer: ShardWriter) -> None:
        try:
            encoded = job.encoded.result()
        except LabelError as error:
            self.rejected.append(Rejected(frame=job.frame, camera=job.camera, reason=str(error)))
            return
        writer.append_encoded(encoded)
        self.written[job.camera] += 1
