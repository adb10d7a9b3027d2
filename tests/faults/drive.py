"""How the short drive is recorded, wherever its folder says it was left, and what must survive a fault.

`record` does with the library what ``harness record --resume`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from datasets.errors import NoFrameError
from datasets.recording_dir import MANIFEST_NAME, RecordingDir
from datasets.recording_recovery import recover_recording
from datasets.shard import ShardReader, ShardWriter
from datasets.shard_recovery import recover
from datasets.verification import verify
from tests.faults.frames import FRAMES_A_SHARD, NUM_FRAMES, header, is_frame, sample

Report = Callable[[str], None]


def record(
    root: Path, report: Report = lambda event: None, *, num_frames: int = NUM_FRAMES, compression: str = "residual"
) -> None:
    """Record the drive into `root`, or what is missing of it; reports ``frame <number>`` once it is acknowledged."""
    recording = RecordingDir.open(root) if (root / MANIFEST_NAME).exists() else RecordingDir.create(root)
    with recording.lock():
        for path in recording.unlisted():
            _remove_log(path)
            recording.add_shard(path, is_last=False)
        while (first := _next_frame(recording)) < num_frames:
            sequence = len(recording.shards())
            path = recording.shard_path(f"drive.{sequence:03d}")
            last = min(first + FRAMES_A_SHARD, num_frames) - 1
            begin = ShardWriter.resume if path.with_name(path.name + ".part").exists() else ShardWriter
            with begin(path, header(sequence=sequence), compression=compression) as writer:
                for number in range(max(first, writer.last_frame + 1), last + 1):
                    writer.append(sample(number))
                    report(f"frame {number}")
            recording.add_shard(path, is_last=False)
            report(f"shard {sequence}")
        recording.mark_last(recording.shards()[-1].path)


def _remove_log(path: Path) -> None:
    """Of a shard that got its name right before its recorder died."""
    part = path.with_name(path.name + ".part")
    if part.exists():
        recover(part)


def _next_frame(recording: RecordingDir) -> int:
    if not recording.shards():
        return 0
    with ShardReader(recording.shards()[-1].path) as reader:
        return int(reader.index["frame"][-1]) + 1


def frames_in(root: Path) -> list[int]:
    """Numbers of the frames that can be read from the shards of `root`, finished or not, each compared bit by bit."""
    found = []
    finished = sorted(root.glob("shards/*.h5"))
    parts = [part for part in sorted(root.glob("shards/*.part")) if part.with_suffix("") not in finished]
    for path in (*finished, *parts):
        if path in parts and _holds_no_frame(path):
            continue
        with ShardReader(path, allow_part=True) as reader:
            for found_sample in reader:
                assert is_frame(found_sample, found_sample.frame), f"{path}: frame {found_sample.frame} differs"
                found.append(found_sample.frame)
    return found


def _holds_no_frame(part: Path) -> bool:
    try:
        ShardReader(part, allow_part=True).close()
    except NoFrameError:
        return True
    return False


def check_survival(root: Path, events: Iterable[str], *, recover_first: bool) -> None:
    """What a recorder acknowledged is in `root`, bit by bit, and nothing else; it can be gone on with to the end.

    Args:
        root: The folder that the recorder left.
        events: What it had reported.
        recover_first: Go on after ``harness recover``, or at once.
    """
    acknowledged = [int(event.removeprefix("frame ")) for event in events if event.startswith("frame ")]
    assert acknowledged == list(range(len(acknowledged)))
    found = frames_in(root)
    # One more may have been written whole when the recorder died before it could say so.
    assert found in (acknowledged, [*acknowledged, len(acknowledged)])
    if recover_first and (root / MANIFEST_NAME).exists():
        recover_recording(root)
        assert frames_in(root) == found
        assert not [*root.glob("shards/*.part"), *root.glob("shards/*.closing")]
    record(root)
    assert frames_in(root) == list(range(NUM_FRAMES))
    verdict = verify(root)
    assert not verdict.findings, verdict.findings
