"""Class ids for pictures, videos and shards, in an output folder.

For a picture ``street.jpg``: ``street_mask.png``, an indexed PNG whose pixels are class ids and whose palette is that
of the label set, ``street_overlay.png``, the same colours over the picture, and on demand ``street_panel.png``, both
side by side. What moves (a video, a shard) has its frames in a folder of its name, and beside it a video of its panels.
Shards know the truth, so their panels show it, and where the prediction differs. ``predictions.csv`` lists every frame
with the share of each class.

Two sources that would be written to the same files are refused before anything is written. One that cannot be read is
named at the end; the others are predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.labels import LabelSet
from harness.errors import DataError, UsageError
from harness.prediction.indexed_png import encode_indexed_png
from harness.prediction.sources import Frame, Source, find_sources
from harness.prediction.video import VideoWriter
from harness.reporting.overlays import one_picture, panels
from harness.run_dir import write_bytes, write_csv
from harness.scoring.live import Net
from harness.scoring.worst import write_png

Kind = Literal["mask", "overlay", "panel", "video"]
KINDS: tuple[Kind, ...] = get_args(Kind)
KINDS_OF_STILLS: tuple[Kind, ...] = ("mask", "overlay")
KINDS_OF_MOVING: tuple[Kind, ...] = ("mask", "video")
"""What is written unless told otherwise."""
TABLE_NAME = "predictions.csv"

_COLOR_SHARE = 0.5
"""How much of the overlay is the class's colour."""

Image = NDArray[np.uint8]
ProgressCallback = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""


@dataclass(frozen=True, kw_only=True)
class PredictedFrame:
    """One frame and what was made of it."""

    source: Path
    frame: int
    """Position in a video, tick of the drive in a shard, 0 for a picture."""
    files: dict[str, Path]
    """What was written for this frame, by kind."""
    width: int
    """[px]"""
    height: int
    """[px]"""
    shares: dict[str, float]
    """Share of the pixels, 0..1, by class; only classes that were predicted, the largest first."""


@dataclass(frozen=True, kw_only=True)
class PredictSummary:
    """What was predicted, in the order of the sources."""

    rows: tuple[PredictedFrame, ...]
    videos: tuple[Path, ...]
    """The videos that were written."""


def predict(
    net: Net,
    given: Sequence[Path],
    out: Path,
    *,
    kinds: Collection[Kind] | None = None,
    progress: ProgressCallback | None = None,
) -> PredictSummary:
    """Predict everything in ``given``.

    Args:
        net: the net.
        given: pictures (PNG or JPEG), videos, shards, recordings, and folders, searched for pictures and videos.
        out: a prepared output folder.
        kinds: what to write; ``"video"`` for what moves only. None: masks and overlays, or masks and the video.
        progress: called with (what, frames done, frames in all).

    Raises:
        DataError: a source is missing, a folder holds nothing to predict, or files cannot be read; all others are
            predicted.
        UsageError: two sources would be written to the same files.
    """
    sources, unreadable = find_sources(given)
    _check_targets(sources)
    if not sources and not unreadable:
        raise UsageError("there is nothing to predict: give at least one picture, video, recording or folder")
    num_files = len(sources) + len(unreadable)
    total = sum(source.num_frames for source in sources)
    rows: list[PredictedFrame] = []
    videos: list[Path] = []
    for source in sources:
        wanted = kinds if kinds is not None else KINDS_OF_STILLS if source.fps is None else KINDS_OF_MOVING
        try:
            for row in _predict_source(net, source, out, wanted):
                rows.append(row)
                if progress is not None:
                    progress("predict", len(rows), max(total, len(rows)))
        except DataError as error:
            unreadable.append(str(error))
        else:
            videos += [_video_path(source, out)] if "video" in wanted and source.fps else []
    if rows:
        write_csv(out / TABLE_NAME, _table(rows, net.label_set, out))
    if unreadable:
        raise DataError(f"{len(unreadable)} of {num_files} files were not (wholly) predicted: {'; '.join(unreadable)}")
    return PredictSummary(rows=tuple(rows), videos=tuple(videos))


def parse_kinds(text: str) -> tuple[Kind, ...]:
    """Return the kinds that ``"mask,overlay"`` names.

    Raises:
        UsageError: there is no such kind.
    """
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise UsageError(f"--write {text!r} names {', '.join(map(repr, unknown))}; expected any of {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in names)


def overlay(rgb: Image, ids: Image, palette: Image) -> Image:
    """Return the picture ``(H, W, 3)`` with the colours ``palette (256, 3)`` of the class ids ``(H, W)`` over it."""
    return np.asarray(cv2.addWeighted(rgb, 1 - _COLOR_SHARE, palette[ids], _COLOR_SHARE, 0), dtype=np.uint8)


def _predict_source(net: Net, source: Source, out: Path, kinds: Collection[Kind]) -> Iterator[PredictedFrame]:
    target = out / source.target
    with ExitStack() as stack:
        video: VideoWriter | None = None
        if source.fps is not None and "video" in kinds:
            target.parent.mkdir(parents=True, exist_ok=True)
            video = stack.enter_context(VideoWriter(_video_path(source, out), fps=source.fps))
        for frame in source.frames(net.label_set):
            ids = net.predict(frame.rgb)
            stem = target if source.fps is None else target / f"{frame.number:06d}"
            files = _write(stem, frame, ids, net.label_set.palette, kinds)
            if video is not None:
                video.append(_panel(frame, ids, net.label_set.palette))
            yield PredictedFrame(
                source=source.path,
                frame=frame.number,
                files=files,
                width=ids.shape[1],
                height=ids.shape[0],
                shares=_shares(ids, net.label_set),
            )


def _video_path(source: Source, out: Path) -> Path:
    """Beside the folder of its frames; a dot in the name is no suffix there."""
    target = out / source.target
    return target.with_name(f"{target.name}.mp4")


def _write(stem: Path, frame: Frame, ids: Image, palette: Image, kinds: Collection[Kind]) -> dict[str, Path]:
    """Write the wanted pictures of one frame; return their paths by kind."""
    files = {kind: stem.with_name(f"{stem.name}_{kind}.png") for kind in KINDS if kind in kinds and kind != "video"}
    if files:
        stem.parent.mkdir(parents=True, exist_ok=True)
    if "mask" in files:
        write_bytes(files["mask"], encode_indexed_png(ids, palette))
    if "overlay" in files:
        write_png(files["overlay"], _bgr(overlay(frame.rgb, ids, palette)))
    if "panel" in files:
        write_png(files["panel"], _bgr(_panel(frame, ids, palette)))
    return {str(kind): path for kind, path in files.items()}


def _panel(frame: Frame, ids: Image, palette: Image) -> Image:
    """Input and prediction beside each other; with the truth, that and the errors below."""
    if frame.truth is not None:
        return one_picture(panels(frame.rgb, frame.truth, ids, palette))
    return one_picture({"input": frame.rgb, "prediction": overlay(frame.rgb, ids, palette)})


def _shares(ids: Image, labels: LabelSet) -> dict[str, float]:
    pixels = np.bincount(ids.ravel(), minlength=labels.num_classes)
    return {labels.names[k]: float(pixels[k] / ids.size) for k in np.argsort(-pixels, kind="stable") if pixels[k]}


def _table(rows: Sequence[PredictedFrame], labels: LabelSet, out: Path) -> list[dict[str, Any]]:
    return [
        {
            "source": str(row.source),
            "frame": row.frame,
            "mask": row.files["mask"].relative_to(out).as_posix() if "mask" in row.files else "",
            "width": row.width,
            "height": row.height,
            **{f"share_{name}": row.shares.get(name, 0.0) for name in labels.names},
        }
        for row in rows
    ]


def _check_targets(sources: Sequence[Source]) -> None:
    """Refuse two sources with the same outputs."""
    seen: dict[Path, Source] = {}
    for source in sources:
        if source.target in seen:
            raise UsageError(
                f"{seen[source.target].path} and {source.path} would both be written to {source.target}: rename one"
            )
        seen[source.target] = source


def _bgr(rgb: Image) -> Image:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), dtype=np.uint8)
