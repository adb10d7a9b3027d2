"""Whether a recording is what was recorded: every checksum, pixel and index row, the manifest, and what is left over.

Decisions:

* Damage is reported, never raised: a user wants to know all of it, and a script reads one verdict.
* Nothing is mended here. What could be mended is said (``harness recover``, ``harness record --resume``).
* A folder whose manifest cannot be read is still looked through, by the names that are in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import NoFrameError, ShardError
from datasets.finding import Finding, error, warning
from datasets.frame_index import index_digest
from datasets.manifest import MANIFEST_NAME, SHARDS_FOLDER, ShardEntry, read_manifest
from datasets.recording_dir import ASIDE_SUFFIX, DRIVES_FOLDER
from datasets.shard_check import NUM_THREADS, ShardCheck, check_shard, definition
from datasets.shard_layout import CLOSING_SUFFIX, PART_SUFFIX, SUFFIX
from datasets.shard_reader import ShardReader
from datasets.stream_check import PairedWeather, Stream, check_streams, compare_weathers, omission_kinds

Progress = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What `verify` found."""

    shards: tuple[ShardCheck, ...]
    streams: tuple[Stream, ...] = ()
    """Of the listed shards; empty when a single shard was verified."""
    paired: tuple[PairedWeather, ...] = ()
    """Cameras of scenarios that were recorded under several weathers."""
    findings: tuple[Finding, ...]
    """Of the folder, of each shard, then of the streams."""

    @property
    def num_errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def num_warnings(self) -> int:
        """How many findings are warnings."""
        return len(self.findings) - self.num_errors

    @property
    def is_whole(self) -> bool:
        """Whether everything that was recorded is there, as it was recorded."""
        return self.num_errors == 0


def verify(root: Path, *, progress: Progress | None = None) -> Verdict:
    """Look through the recording in the folder `root`, or the one finished shard `root`.

    Args:
        root: Of the recording, or of the shard.
        progress: Called with "verifying", frames done and frames in all.

    Raises:
        ShardError: there is nothing to verify: no such file, or a folder without manifest and shards.
    """
    if root.is_file():
        shards = _checked({root: root.name}, total=0, progress=progress)
        return Verdict(shards=shards, findings=shards[0].findings)
    if not (root / MANIFEST_NAME).exists() and not (root / SHARDS_FOLDER).is_dir():
        raise ShardError(f"{root} is neither a recording nor a shard: mend the path, or record one")
    try:
        entries = read_manifest(root)
    except (ShardError, OSError) as problem:
        shards = _checked(_files_by_name(root), total=0, progress=progress)
        found = (error(MANIFEST_NAME, str(problem)), *(finding for shard in shards for finding in shard.findings))
        return Verdict(shards=shards, findings=found)
    return _verified(root, entries, progress)


def _verified(root: Path, entries: Sequence[ShardEntry], progress: Progress | None) -> Verdict:
    present = [entry for entry in entries if entry.path.is_file()]
    shards = _checked(
        {entry.path: _name(root, entry.path) for entry in present},
        total=sum(entry.num_frames for entry in present),
        progress=progress,
    )
    pairs = list(zip(present, shards, strict=True))
    streams, stream_findings = check_streams(pairs, omission_kinds(root))
    paired = compare_weathers(streams)
    missing = [
        error(_name(root, entry.path), "is missing, but the manifest lists it: restore it or record it again")
        for entry in entries
        if entry not in present
    ]
    empty = [] if entries else [warning(MANIFEST_NAME, "lists no shard: there is nothing to verify")]
    findings = (
        *empty,
        *missing,
        *_split_findings(root, entries),
        *_left_over(root, {entry.path for entry in entries}),
        *_drive_findings(root, pairs),
        *(finding for entry, shard in pairs for finding in (*shard.findings, *_manifest_findings(entry, shard))),
        *stream_findings,
        *_weather_findings(paired),
    )
    return Verdict(shards=shards, streams=streams, paired=paired, findings=findings)


def _checked(files: Mapping[Path, str], *, total: int, progress: Progress | None) -> tuple[ShardCheck, ...]:
    """Each shard of `files` (path -> what to call it), looked through."""
    done = 0

    def count(frames: int) -> None:
        nonlocal done
        done += frames
        if progress is not None:
            progress("verifying", done, max(done, total))

    with ThreadPoolExecutor(NUM_THREADS) as pool:
        return tuple(check_shard(path, name, pool=pool, on_frames=count) for path, name in files.items())


def _files_by_name(root: Path) -> dict[Path, str]:
    """What looks like a finished shard; a link may lead anywhere and is left alone."""
    paths = sorted((root / SHARDS_FOLDER).glob(f"*{SUFFIX}"))
    return {path: _name(root, path) for path in paths if path.is_file() and not path.is_symlink()}


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _manifest_findings(entry: ShardEntry, shard: ShardCheck) -> Iterator[Finding]:
    """Where the manifest and the shard contradict each other."""
    header = shard.header
    if header is None or shard.index is None:
        return
    pairs = {
        "scenario": (header.scenario, entry.scenario),
        "split": (header.split, entry.split),
        "number of frames": (len(shard.index), entry.num_frames),
        "header digest": (shard.header_digest, entry.header_digest),
    }
    if entry.index_digest:  # version 1 of the manifest had no more
        pairs |= {
            "weather": (header.weather_name, entry.weather),
            "camera": (header.camera_name, entry.camera),
            "sequence": (header.sequence, entry.sequence),
            "index digest": (index_digest(shard.index), entry.index_digest),
        }
    for what, (found, listed) in pairs.items():
        if found != listed:
            yield error(shard.file, f"its {what} is {found!r}, the manifest says {listed!r}: one of them was exchanged")


def _split_findings(root: Path, entries: Sequence[ShardEntry]) -> Iterator[Finding]:
    """A scenario belongs to one split: frames of one drive look alike."""
    splits: dict[str, str] = {}
    for entry in entries:
        first = splits.setdefault(entry.scenario, entry.split)
        if entry.split != first:
            detail = (
                f"scenario {entry.scenario!r} is in {entry.split} here and in {first} elsewhere, expected one split"
            )
            yield error(_name(root, entry.path), detail)


def _left_over(root: Path, listed: set[Path]) -> Iterator[Finding]:
    """What lies beside the listed shards."""
    for path in sorted((root / SHARDS_FOLDER).glob("*")):
        if path not in listed:
            yield warning(_name(root, path), _what_it_is(path))


def _what_it_is(path: Path) -> str:
    if path.name.endswith(PART_SUFFIX):
        return _what_part_it_is(path)
    if path.name.endswith(CLOSING_SUFFIX):
        return "the copy of a shard that was being closed: `harness recover` finishes it"
    if ASIDE_SUFFIX in path.name:
        return "a shard that could not be used and was recorded again"
    if path.name.endswith(SUFFIX):
        return "a shard that the manifest does not list: `harness recover` examines and lists it"
    return "is no part of a recording"


def _what_part_it_is(path: Path) -> str:
    try:
        with ShardReader(path, allow_part=True) as reader:
            return f"{len(reader)} frames of an unfinished shard: `harness recover`, or --resume of what wrote it"
    except NoFrameError:
        return "an unfinished shard without a frame: `harness recover` removes it"
    except (ShardError, OSError) as problem:
        return f"an unfinished shard that cannot be read: {problem}"


def _drive_findings(root: Path, pairs: Sequence[tuple[ShardEntry, ShardCheck]]) -> Iterator[Finding]:
    """Drives of the simulator can be rendered again, if their log is there."""
    driven = {entry.scenario for entry, shard in pairs if shard.header is not None and definition(shard.header)}
    for scenario in sorted(driven - {path.stem for path in (root / DRIVES_FOLDER).glob("*.npz")}):
        yield warning(DRIVES_FOLDER, f"there is no log of scenario {scenario!r}: it cannot be rendered or scored again")


def _weather_findings(paired: Sequence[PairedWeather]) -> Iterator[Finding]:
    for pair in paired:
        if any(identical < pair.frames_compared for identical in pair.identical.values()):
            shares = ", ".join(f"{identical} with the same {plane}" for plane, identical in pair.identical.items())
            detail = (
                f"of the {pair.frames_compared} frames of scenario {pair.scenario!r}, camera {pair.camera!r}, "
                f"not all are under each of {', '.join(pair.weathers)} and alike: {shares}"
            )
            yield warning(MANIFEST_NAME, detail)
