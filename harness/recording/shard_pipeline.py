"""From samples to shards: a bounded queue, encoder threads, and one writer thread that alone owns the files.

Decisions:

- The queue holds futures in the order of the samples; the writer takes them in that order, whichever encoder is first.
- The queue is bounded by bytes: a sample counts with its pixels from ``put`` until it is written. ``put`` waits while
  there is no room: a slow disk slows the simulator down instead of filling the memory.
- Whether a pair is to be believed is judged by the encoders, beside the simulator and not in its way.
- An error of the writer reaches the recording thread with its next ``put``; the writer then only empties the queue.
- What was put before ``leave_unfinished`` is still written. The file keeps its ``.part`` name: its frames can be read,
  but no reader takes it for a finished drive.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from datasets.encoded_sample import EncodedSample, encode_sample
from datasets.sample import Sample
from harness.recording.quarantine import Flaw, flaw_of
from harness.recording.stream_writer import StreamWriter

QUEUE_BYTES = 128 << 20
"""Of pixels that wait to be written, over all cameras: 100 pairs of 640x480, which is a second's at 100 pairs/s."""
MAX_ENCODERS = 4
ENCODER_NICENESS = 10


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Refused:
    """A sample that is not to be believed."""

    sample: Sample
    flaw: Flaw


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Frame:
    """Holds no pixels: once a sample is encoded, its memory is free."""

    writer: StreamWriter
    encoded: Future[EncodedSample | _Refused]
    num_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Gap:
    writer: StreamWriter
    frame: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Barrier:
    reached: threading.Event


@dataclass(frozen=True, kw_only=True, slots=True)
class _End:
    is_finished: bool


class _Room:
    """Bytes of the queue that are free. One thread takes, another gives back."""

    def __init__(self, num_bytes: int) -> None:
        self._limit = num_bytes
        self._used = 0
        self._changed = threading.Condition()

    def take(self, num_bytes: int, *, is_given_up: Callable[[], bool]) -> None:
        """Wait until there is room, or until the queue is empty for what is larger than all of it."""
        with self._changed:
            self._changed.wait_for(lambda: self._used == 0 or self._used + num_bytes <= self._limit or is_given_up())
            self._used += num_bytes

    def give_back(self, num_bytes: int) -> None:
        with self._changed:
            self._used -= num_bytes
            self._changed.notify_all()


class ShardPipeline:
    """Writes the streams of one pass, one for each camera. Used by one thread; end it with one of the two methods."""

    def __init__(self, writers: Mapping[str, StreamWriter], *, queue_bytes: int = QUEUE_BYTES) -> None:
        """Start the threads.

        Args:
            writers: By camera name; theirs is the writer thread's until the end.
            queue_bytes: Of pixels that may wait; a single sample that is larger is let in alone.
        """
        self._writers = dict(writers)
        self._previous: dict[str, Sample] = {}
        self._room = _Room(queue_bytes)
        self._jobs: queue.SimpleQueue[_Frame | _Gap | _Barrier | _End] = queue.SimpleQueue()
        self._encoders = ThreadPoolExecutor(
            min(MAX_ENCODERS, os.cpu_count() or 1), thread_name_prefix="encoder", initializer=_give_way
        )
        self._thread = threading.Thread(target=self._write, name="shard-writer", daemon=True)
        self._error: BaseException | None = None
        self._thread.start()

    def put(self, camera: str, sample: Sample) -> None:
        """Hand over a sample; waits while the queue is full. The arrays must not change afterwards.

        Raises:
            ShardError: a shard could not be written; nothing more will be.
        """
        num_bytes = pixel_bytes(sample)
        self._room.take(num_bytes, is_given_up=lambda: self._error is not None)
        self._raise_error()
        writer = self._writers[camera]
        encoded = self._encoders.submit(_judged_and_encoded, sample, self._previous.get(camera), writer)
        self._previous[camera] = sample
        self._jobs.put(_Frame(writer=writer, encoded=encoded, num_bytes=num_bytes))

    def see(self, camera: str, sample: Sample) -> None:
        """Show a sample that is written already: the next one is judged against it."""
        self._previous[camera] = sample

    def list_gap(self, camera: str, frame: int, reason: str) -> None:
        """Note that ``frame`` of ``camera`` never came."""
        self._raise_error()
        self._jobs.put(_Gap(writer=self._writers[camera], frame=frame, reason=reason))

    def flush(self) -> None:
        """Wait until everything that was put is on disk or listed.

        Raises:
            ShardError: a shard could not be written.
        """
        barrier = _Barrier(reached=threading.Event())
        self._jobs.put(barrier)
        barrier.reached.wait()
        self._raise_error()

    def finish(self) -> None:
        """Write what is queued, verify the shards, give them their names and list them.

        Raises:
            ShardError: a shard could not be written or does not read back.
        """
        self._end(_End(is_finished=True))
        self._raise_error()

    def leave_unfinished(self) -> None:
        """Write what is queued and leave the shards under their ``.part`` names. Does not raise."""
        self._end(_End(is_finished=False))

    def _end(self, end: _End) -> None:
        if self._thread.is_alive():
            self._jobs.put(end)
            self._thread.join()
        self._encoders.shutdown()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _write(self) -> None:
        """Every job to the end, in the writer thread; after an error they are only taken off the queue."""
        while not isinstance(job := self._jobs.get(), _End):
            if isinstance(job, _Barrier):
                job.reached.set()
            elif self._error is None:
                self._attempt(self._do, job)
        for writer in self._writers.values():
            if job.is_finished and self._error is None:
                self._attempt(writer.finish)
            self._attempt(writer.leave)

    def _attempt(self, step: Callable[..., None], *arguments: object) -> None:
        try:
            step(*arguments)
        except BaseException as error:
            self._error = self._error or error
            self._room.give_back(0)  # wakes who waits for room

    def _do(self, job: _Frame | _Gap) -> None:
        if isinstance(job, _Gap):
            job.writer.list_gap(job.frame, job.reason)
            return
        encoded = job.encoded.result()
        if isinstance(encoded, _Refused):
            job.writer.put_aside(encoded.sample, encoded.flaw)
        else:
            job.writer.write(encoded)
        self._room.give_back(job.num_bytes)


def pixel_bytes(sample: Sample) -> int:
    """What a sample takes in memory."""
    planes = (sample.rgb, sample.tags, sample.depth, sample.instance)
    return sum(plane.nbytes for plane in planes if plane is not None)


def _judged_and_encoded(sample: Sample, previous: Sample | None, writer: StreamWriter) -> EncodedSample | _Refused:
    tag_table, options = writer.header.tag_table, writer.options
    flaw = flaw_of(sample, previous=previous, size=writer.stream.camera.size, tag_table=tag_table)
    if flaw is not None:
        return _Refused(sample=sample, flaw=flaw)
    return encode_sample(
        sample, tag_table=tag_table, compression=options.compression, jpeg_quality=options.jpeg_quality
    )


def _give_way() -> None:
    """Let the simulator go first where cores are short: an encoder has until the queue is full, a tick has not."""
    if sys.platform == "linux":  # elsewhere priorities belong to processes, not to threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), ENCODER_NICENESS)
