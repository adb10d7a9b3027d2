"""Exporting a recording: one function for all formats.

Decisions:

* Frames are read through the verifying reader and written one by one: memory does not grow with the recording.
* The output has its name only when all of it is there. ``export.json`` and ``README.txt`` say what it is.
* Lossy shards are exported as the pixels that they decode to.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import strict_json
from datasets.errors import ShardError
from datasets.exporters.cityscapes import write_cityscapes
from datasets.exporters.coco import write_coco
from datasets.exporters.finished_folder import finished_folder
from datasets.exporters.parquet import write_parquet
from datasets.exporters.source import ExportSource, Progress, Relabelling
from datasets.exporters.webdataset import write_webdataset
from datasets.labels import CITYSCAPES_19, LabelSet
from datasets.shard_header import SPLITS


@dataclass(frozen=True, kw_only=True)
class ExportFormat:
    """A format that other programs read."""

    title: str
    write: Callable[[ExportSource, Relabelling, Path], None]
    layout: str
    """Where things are, for README.txt."""
    default_labels: LabelSet | None = None
    """What is written unless another set is asked for; None: tags as recorded."""
    needs: str | None = None
    """Package that it imports."""


EXPORT_FORMATS: dict[str, ExportFormat] = {
    "cityscapes": ExportFormat(
        title="Cityscapes tree",
        write=write_cityscapes,
        layout="leftImg8bit/<split>/<city>/, gtFine/<split>/<city>/: file names and ids as Cityscapes has them. The "
        "label set below is that of *_labelTrainIds.png; *_labelIds.png holds Cityscapes' 34 ids.",
        default_labels=CITYSCAPES_19,
    ),
    "coco": ExportFormat(
        title="COCO panoptic and instance annotations",
        write=write_coco,
        layout="images/<split>/, panoptic_<split>/, annotations/: a category's id is its class id + 1.",
        needs="pycocotools",
    ),
    "webdataset": ExportFormat(
        title="WebDataset tar files",
        write=write_webdataset,
        layout="<split>-<number>.tar: members .rgb.png, .tags.png, .json and, where recorded, .depth.png (CARLA's "
        "code: R + 256 G + 65536 B) and .instance.png (16 bits).",
    ),
    "parquet": ExportFormat(
        title="Hugging Face parquet",
        write=write_parquet,
        layout='data/<split>-*.parquet: columns image and label are images for datasets.load_dataset("parquet", ...).',
    ),
}
"""All formats by name."""


@dataclass(frozen=True, kw_only=True)
class ExportSummary:
    """What was exported."""

    num_frames: dict[str, int]
    """By split."""
    labels: LabelSet
    """Meaning of the ids that were written."""
    warnings: tuple[str, ...]
    """What the change of labels lost."""


def export_recording(
    recording: Path,
    out: Path,
    *,
    to: str,
    splits: Sequence[str] = SPLITS,
    label_set: LabelSet | None = None,
    every: int = 1,
    progress: Progress | None = None,
) -> ExportSummary:
    """Write the frames of `recording` into the new folder `out` in the format `to`, a key of `EXPORT_FORMATS`.

    Args:
        recording: the recording folder.
        out: must not exist, or be empty.
        to: the format.
        splits: those to export.
        label_set: meaning of the ids to write; None for the format's own: Cityscapes 19, or tags as recorded.
        every: of each stream only every so-manieth frame.
        progress: called after each frame.

    Raises:
        FileExistsError: `out` holds something.
        ShardError: no such recording, split, format or plane; a damaged frame; a disk that fails (DiskError).
        LabelError: the labels cannot be read as asked.
        ImportError: the format's package is not installed.
    """
    if to not in EXPORT_FORMATS:
        raise ShardError(f"no export format {to!r}; there are {', '.join(EXPORT_FORMATS)}")
    export_format = EXPORT_FORMATS[to]
    if export_format.needs is not None:
        importlib.import_module(export_format.needs)
    source = ExportSource(recording, splits=splits, every=every, progress=progress)
    relabelling = Relabelling(source.tag_tables, label_set or export_format.default_labels)
    with finished_folder(out) as folder:
        export_format.write(source, relabelling, folder)
        _describe(folder, to, source, relabelling)
    return ExportSummary(num_frames=source.num_frames, labels=relabelling.labels, warnings=relabelling.warnings)


def _describe(folder: Path, to: str, source: ExportSource, relabelling: Relabelling) -> None:
    """Write ``export.json`` for programs and ``README.txt`` for people."""
    labels, counts = relabelling.labels, source.num_frames
    content: dict[str, Any] = {
        "format": to,
        "label_set": labels.to_json(),
        "num_frames": counts,
        "every": source.every,
        "source_sha256": source.digest,
    }
    (folder / "export.json").write_text(strict_json.dumps(content, indent=1) + "\n", encoding="utf-8")
    rows = [
        f"  {number:3d}  {label.name}  {label.color}{'  (unlabelled)' if number in labels.ignored else ''}"
        for number, label in enumerate(labels.classes)
    ]
    lines = [
        f"{EXPORT_FORMATS[to].title}, exported from a recording of carla-loop-harness.",
        "",
        EXPORT_FORMATS[to].layout,
        "",
        *(f"{split}: {count} frames" for split, count in counts.items()),
        f"one frame in {source.every} of each stream" if source.every > 1 else "all frames",
        f"source SHA-256 (conditions and pixel hashes of its shards): {source.digest}",
        "",
        f"label set {labels.name}, SHA-256 of names and colours {labels.digest}, pixels of no class {labels.ignore_id}",
        *rows,
        *(f"note: {warning}" for warning in relabelling.warnings),
    ]
    (folder / "README.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
