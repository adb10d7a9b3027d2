"""Writing a planned import as a recording folder, which everything that reads recordings can read.

Decisions:

* Files are decoded and compressed by threads, a few ahead of the one that writes; memory is bounded by these few.
* A file that cannot be read or has labels that its table lacks is left out, noted, and the import goes on. What the
  disk refuses ends it.
* The report is rewritten with each shard, before the manifest lists it: a listed shard is accounted for.
* To resume is to skip finished shards of the same files and settings, and to write anew the one that was interrupted,
  be it a ``.part`` or what ``harness recover`` made of it: a frame that is missing must stand in the report.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from datasets import strict_json
from datasets.encoded_sample import EncodedSample, encode_sample
from datasets.errors import RecordingInUseError
from datasets.importers.image_file import read_rgb
from datasets.importers.mask_decoding import UnknownLabelsError
from datasets.importers.plan import Plan, PlannedFrame, PlannedShard, Progress, problem_of
from datasets.importers.source import Problem, SourceError
from datasets.importers.summary import ImportSummary, read_problems, summarise, write_report
from datasets.recording_dir import MANIFEST_NAME, RecordingDir
from datasets.sample import Sample
from datasets.shard_header import ShardHeader
from datasets.shard_layout import PART_SUFFIX
from datasets.shard_reader import ShardReader
from datasets.shard_writer import ShardWriter

MAX_WORKERS = 4
_MAX_FILES_BYTES = 20_000
"""Of the list of files in a shard's header, which has 60,000 in all; the report has every list."""


def import_source(
    plan: Plan,
    out: Path,
    *,
    harness_version: str,
    compression: str = "residual",
    resume: bool = False,
    progress: Progress | None = None,
) -> ImportSummary:
    """Write the shards of `plan` into the recording folder `out`.

    Args:
        plan: What to import.
        out: A recording folder; made when missing.
        harness_version: For the shards' headers.
        compression: Of the shards.
        resume: Go on in a folder that holds an import of the same source.
        progress: Told of each frame.

    Raises:
        RecordingInUseError: `out` holds a recording and `resume` is not set, or shards of other files or settings.
        ShardError: the disk failed; finished shards are kept.
    """
    if not (out / MANIFEST_NAME).exists():
        recording = RecordingDir.create(out)
    elif resume:
        recording = RecordingDir.open(out, allow_missing=True)
    else:
        raise RecordingInUseError(f"{out} holds a recording: add --resume to go on with it, or choose another folder")
    run = _Run(plan, recording, harness_version=harness_version, compression=compression, progress=progress)
    with recording.lock():
        return run.write_all()


class _Run:
    """One import on its way."""

    def __init__(
        self,
        plan: Plan,
        recording: RecordingDir,
        *,
        harness_version: str,
        compression: str,
        progress: Progress | None,
    ) -> None:
        self._plan, self._source, self._recording = plan, plan.source, recording
        self._harness_version, self._compression, self._progress = harness_version, compression, progress
        self._earlier = read_problems(recording.root)
        self._problems = list(plan.problems)
        self._written: dict[str, int] = {}
        self._done = 0
        self._total = sum(len(shard.frames) for shard in plan.shards)

    def write_all(self) -> ImportSummary:
        """Write what is not there yet."""
        last_path: Path | None = None
        with ThreadPoolExecutor(min(MAX_WORKERS, os.cpu_count() or 1), thread_name_prefix="importer") as pool:
            for shard in self._plan.shards:
                path = self._recording.shard_path(shard.name)
                last_path = None if shard.sequence == 0 else last_path
                is_written = self._is_finished(shard, path) or self._write(shard, path, pool)
                if is_written:
                    last_path = path
                elif shard.is_last and last_path is not None:  # the end of the stream held no frame that can be read
                    self._recording.mark_last(last_path)
        summary = self._summary()
        write_report(self._recording.root, self._plan, summary)
        return summary

    def _write(self, shard: PlannedShard, path: Path, pool: ThreadPoolExecutor) -> bool:
        """Write one shard; False when not one of its frames can be read."""
        path.with_name(path.name + PART_SUFFIX).unlink(missing_ok=True)  # of an import that was interrupted
        header = self._header(shard)
        writer: ShardWriter | None = None
        with ExitStack() as when_done:
            for result in self._encoded(shard, pool):
                if isinstance(result, Problem):
                    self._problems.append(result)
                    continue
                if writer is None:
                    writer = when_done.enter_context(ShardWriter(path, header, compression=self._compression))
                writer.append_encoded(result)
        self._written[shard.name] = 0 if writer is None else len(writer)
        write_report(self._recording.root, self._plan, self._summary())
        if writer is not None:
            self._recording.add_shard(path, is_last=shard.is_last)
        return writer is not None

    def _encoded(self, shard: PlannedShard, pool: ThreadPoolExecutor) -> Iterator[EncodedSample | Problem]:
        """The frames of `shard` in order, each ready to be written, or why it cannot be."""
        ahead: deque[Future[EncodedSample | Problem]] = deque()
        try:
            for planned in shard.frames:
                ahead.append(pool.submit(self._encode, planned))
                if len(ahead) > 2 * MAX_WORKERS:
                    yield self._counted(ahead.popleft().result())
            while ahead:
                yield self._counted(ahead.popleft().result())
        finally:
            for future in ahead:
                future.cancel()

    def _encode(self, planned: PlannedFrame) -> EncodedSample | Problem:
        pair = planned.pair
        try:
            file = pair.image
            rgb = read_rgb(file)
            file = pair.mask
            tags = self._source.read_tags(file)
        except UnknownLabelsError as error:
            return problem_of(self._source, pair, file, "unknown labels", error)
        except SourceError as error:
            return problem_of(self._source, pair, file, "unreadable", error)
        sample = Sample(
            frame=planned.frame, timestamp_s=float(planned.frame), rgb=rgb, tags=tags, camera_transform=(0.0,) * 6
        )
        return encode_sample(sample, tag_table=self._source.label_set, compression=self._compression)

    def _counted(self, result: EncodedSample | Problem) -> EncodedSample | Problem:
        self._done += 1
        if self._progress is not None:
            self._progress("importing", self._done, self._total)
        return result

    def _is_finished(self, shard: PlannedShard, path: Path) -> bool:
        """Whether an earlier run wrote all of `shard`; takes over what it left out.

        Raises:
            RecordingInUseError: a shard of that name is there, but of other files or settings.
            ShardError: it is damaged.
        """
        if not path.exists():
            return False
        with ShardReader(path) as reader:
            is_same = reader.header.digest == self._header(shard).digest
            frames = {int(frame) for frame in reader.index["frame"]}
        if not is_same:
            raise RecordingInUseError(
                f"{path} was imported from other files, with other settings or by another version of this program; "
                "choose another folder, or import anew with --overwrite"
            )
        left_out = [self._left_out(each) for each in shard.frames if each.frame not in frames]
        if None in left_out:
            self._recording.set_aside(path)
            return False
        listed = {entry.path: entry.is_last for entry in self._recording.shards()}
        if path not in listed:
            self._recording.add_shard(path, is_last=shard.is_last)
        elif shard.is_last and not listed[path]:
            self._recording.mark_last(path)
        self._problems += [problem for problem in left_out if problem is not None]
        self._written[shard.name] = len(frames)
        self._done += len(shard.frames)
        return True

    def _left_out(self, planned: PlannedFrame) -> Problem | None:
        """Why an earlier run left out a frame; None when it never came to it, or its report is gone."""
        files = [file.relative_to(self._source.root).as_posix() for file in (planned.pair.image, planned.pair.mask)]
        return next((self._earlier[file] for file in files if file in self._earlier), None)

    def _header(self, shard: PlannedShard) -> ShardHeader:
        source = self._source
        files = [each.pair.image.relative_to(source.root).as_posix() for each in shard.frames]
        extra: dict[str, Any] = {
            "imported_from": {"importer": source.importer, "settings": dict(source.settings)},
            "files_sha256": _digest(shard),
        }
        if len(strict_json.dumps(files)) <= _MAX_FILES_BYTES:
            extra["files"] = files
        return ShardHeader(
            scenario=shard.scenario,
            split=shard.split,
            town="",
            seed=int(source.settings.get("seed", 0)),
            weather={"name": "unknown"},
            camera={"name": shard.camera, "width": shard.width, "height": shard.height},
            server_version="",
            tag_table=source.label_set,
            harness_version=self._harness_version,
            sequence=shard.sequence,
            extra=extra,
        )

    def _summary(self) -> ImportSummary:
        return summarise(self._plan, self._written, self._problems)


def _digest(shard: PlannedShard) -> str:
    """SHA-256 (hex) of names and sizes of the files: enough to see that a source was replaced by another."""
    rows = [
        [each.frame, *((file.name, file.stat().st_size) for file in (each.pair.image, each.pair.mask))]
        for each in shard.frames
    ]
    return hashlib.sha256(strict_json.dumps(rows).encode()).hexdigest()
