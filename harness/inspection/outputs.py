"""An inspection from end to end: survey a recording, then write its contact sheet and its data card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from harness.errors import UsageError
from harness.inspection.card import CARD_NAME, FIGURE_NAME, SHEET_NAME, data_card
from harness.inspection.card_figure import card_figure
from harness.inspection.class_shares import ClassShares, Shares
from harness.inspection.contact_sheet import contact_sheet
from harness.inspection.paths import driven_paths
from harness.inspection.sampling import brightness
from harness.inspection.survey import Progress, Survey, open_streams, survey
from harness.run_dir import write_bytes
from harness.streams import Stream


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspection:
    """What was found and what was written."""

    survey: Survey
    files: Mapping[str, Path]
    """Contact sheet, data card and its figure by what they are; empty where none were asked for."""
    decoded_frames: int
    """Frames that were decoded for the pictures; all figures are over all frames."""

    def to_json(self) -> dict[str, Any]:
        """Everything, for scripts; absent numbers are None."""
        found = self.survey
        return {
            "frames": found.frames,
            "frames_by": {
                name: found.frames_by(name) for name in ("scenario", "split", "town", "weather", "camera", "size")
            },
            "streams": [asdict(row) for row in found.rows],
            "storage": [asdict(row) | {"ratio": row.ratio} for row in found.storage],
            "classes": [_classes(table) for table in found.classes],
            "colours": asdict(found.colours),
            "duplicates": asdict(found.duplicates) | {"is_leaking": found.duplicates.is_leaking},
            "pairings": [asdict(each) for each in found.pairings],
            "omissions": [asdict(each) for each in found.omissions],
            "unfinished": [asdict(each) for each in found.unfinished],
            "digest": found.digest,
            "files": {name: str(path) for name, path in self.files.items()},
            "decoded_frames": self.decoded_frames,
        }


def inspect_recording(root: Path, *, out: Path | None, progress: Progress | None = None) -> Inspection:
    """Survey the recording in ``root`` and write contact sheet and data card into ``out``; nothing if it is None.

    Raises:
        ShardError: no recording there, or a shard of it is damaged.
        DataError: it holds no finished shard.
        UsageError: ``out`` cannot be written to.
    """
    recording, streams = open_streams(root, progress=progress)
    if out is not None:
        _check_writable(out)
    found = survey(recording, streams, progress=progress)
    if out is None:
        return Inspection(survey=found, files={}, decoded_frames=0)
    sheet, sheet_frames = contact_sheet(streams, progress=progress)
    hills, hill_frames = _brightness(streams, progress)
    card, figure = out / CARD_NAME, out / FIGURE_NAME
    try:
        earlier = card.read_text(encoding="utf-8") if card.exists() else None
        write_bytes(out / SHEET_NAME, sheet)
        write_bytes(figure, card_figure(found.classes, driven_paths(streams), hills))
        write_bytes(card, data_card(found, streams, sampled_frames=hill_frames, earlier=earlier).encode())
    except OSError as error:
        raise _unwritable(out, error) from error
    return Inspection(
        survey=found,
        files={"contact sheet": out / SHEET_NAME, "data card": card, "figure": figure},
        decoded_frames=sheet_frames + hill_frames,
    )


def _check_writable(out: Path) -> None:
    """UsageError before minutes are spent on counting."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot write into {out}: {error.strerror}. Choose another folder with -o, or --no-card")


def _brightness(streams: tuple[Stream, ...], progress: Progress | None) -> tuple[dict[str, Any], int]:
    hills, decoded = {}, 0
    weathers = list(dict.fromkeys(stream.weather for stream in streams))
    for number, weather in enumerate(weathers, start=1):
        hills[weather], frames = brightness([stream for stream in streams if stream.weather == weather])
        decoded += frames
        if progress is not None:
            progress("brightness", number, len(weathers))
    return hills, decoded


def _classes(table: ClassShares) -> dict[str, Any]:
    names = table.labels.names

    def shares(found: Shares) -> dict[str, Any]:
        return {
            group: {
                "labelled": {names[number]: float(found.labelled[place, number]) for number in table.present},
                "void": float(found.void[place]),
            }
            for place, group in enumerate(found.groups)
        }

    return {
        "label_set": table.labels.name,
        "overall": shares(table.overall)["all"],
        "by_weather": shares(table.by_weather),
        "by_split": shares(table.by_split),
    }
