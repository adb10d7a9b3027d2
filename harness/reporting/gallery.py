"""The worst frames: an overlay file for each, and the most telling of them on the page.

One frame is often the worst of several classes; it is then shown once, with all that it is the worst of. The page has
room for a few dozen; they are chosen so that every scenario, every class and every weather is seen before any is seen
twice, as far as there is room.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from harness.reporting.cell_tables import CellKey, key_of
from harness.reporting.outline import Outline, view_name
from harness.reporting.overlays import Image, encode_jpeg, one_picture, palette_of, panels, read_frame, thumbnail
from harness.reporting.page import GalleryFrame, GalleryGroup, Link, Picture, inline
from harness.reporting.source import ScoreData
from harness.run_dir import write_bytes
from harness.scoring.statistics.metrics import MEAN

MAX_FRAMES = 36
"""Frames on the page; each is about 100 kB. The overlays of all are in the folder ``overlays``."""

MAX_CHARACTERS = 5_500_000
"""Of the images on the page, all together; noisy pictures are larger, and there are fewer then."""

_FOLDER = "overlays"
_FILE_QUALITY = 92
_PAGE_QUALITY = 80

Row = Mapping[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """The frames on the page, and where they are."""

    groups: tuple[GalleryGroup, ...]
    """By scenario."""
    kept: int
    """Frames of which there are images."""
    of_class: Mapping[tuple[str, str], str]
    """Anchor of the worst frame by model and class."""
    of_cell: Mapping[CellKey, str]
    """Anchor of the worst frame of a cell."""
    of_scenario: Mapping[str, str]
    """Anchor of the group of a scenario."""

    @property
    def shown(self) -> int:
        """Frames on the page."""
        return sum(len(group.frames) for group in self.groups)


def build_gallery(outline: Outline, data: ScoreData, cells: Mapping[CellKey, str]) -> Gallery:
    """Write the overlays of all kept frames, remove those of frames that are kept no longer, and choose for the page.

    Args:
        outline: of the score.
        data: of the score.
        cells: anchor of each cell's row.
    """
    rows_of = {str(name): rows for name, rows in data.worst.groupby("prediction", sort=False)}
    wanted = choose(data.worst, MAX_FRAMES)
    panels_of = _draw(data, rows_of, wanted)
    anchors = {name: f"frame-{place}" for place, name in enumerate(_within_budget(wanted, panels_of))}
    frames: dict[str, list[GalleryFrame]] = {name: [] for name in outline.scenarios}
    for name, anchor in anchors.items():
        rows = rows_of[name]
        frame = _frame(outline, rows, panels_of[name], anchor=anchor, cells=cells)
        frames[str(rows["scenario"].iloc[0])].append(frame)
    groups = tuple(
        GalleryGroup(anchor=f"gallery-{place}", title=name, row=outline.scenario_anchor(name), frames=tuple(found))
        for place, (name, found) in enumerate(frames.items())
        if found
    )
    # The worst last, so that it is what remains of a key.
    on_page = data.worst[data.worst["prediction"].isin(anchors)]
    shown = on_page.sort_values("iou", kind="stable", ascending=False).to_dict("records")
    return Gallery(
        groups=groups,
        kept=len(rows_of),
        of_class={(str(row["model"]), str(row["class"])): anchors[row["prediction"]] for row in shown},
        of_cell={key_of(row): anchors[row["prediction"]] for row in shown},
        of_scenario={group.title: group.anchor for group in groups},
    )


def choose(worst: pd.DataFrame, limit: int) -> list[str]:
    """The frames for the page, by the names of their predictions.

    In turns: the worst frame of each scenario, of each class, of each weather; then the second worst of each.
    """
    by_iou = worst.sort_values("iou", kind="stable")
    is_mean = by_iou["class"] == MEAN
    kinds = ((by_iou[is_mean], "scenario"), (by_iou[~is_mean], "class"), (by_iou[is_mean], "weather"))
    turns = [
        rows.assign(turn=rows.groupby(key).cumcount(), kind=kind) for kind, (rows, key) in enumerate(kinds) if len(rows)
    ]
    if not turns:
        return []
    ordered = pd.concat(turns).sort_values(["turn", "kind", "iou"], kind="stable")
    return [str(name) for name in ordered["prediction"].drop_duplicates().head(limit)]


def _draw(
    data: ScoreData, rows_of: Mapping[str, pd.DataFrame], wanted: Sequence[str]
) -> dict[str, tuple[Picture, ...]]:
    """Write the overlay of every frame, and return the panels of those that are wanted on the page."""
    palette = palette_of(data.labels)

    def draw(name: str) -> tuple[Path, tuple[Picture, ...]]:
        row: Row = rows_of[name].iloc[0].to_dict()
        images = read_frame(data.folder, rgb=row["rgb"], truth=row["truth"], prediction=row["prediction"])
        pictures = panels(*images, palette)
        return _write_overlay(data.folder, name, pictures), _inlined(pictures) if name in wanted else ()

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:  # OpenCV and files let go of the interpreter
        drawn = dict(zip(rows_of, pool.map(draw, rows_of), strict=True))
    _remove_others(data.folder / _FOLDER, {path for path, _ in drawn.values()})
    return {name: drawn[name][1] for name in wanted}


def _within_budget(wanted: Sequence[str], panels_of: Mapping[str, Sequence[Picture]]) -> list[str]:
    """As many of the frames, in their order, as the page has room for."""
    sizes = [sum(len(panel.source) for panel in panels_of[name]) for name in wanted]
    return [name for name, total in zip(wanted, accumulate(sizes), strict=True) if total <= MAX_CHARACTERS]


def _frame(
    outline: Outline, rows: pd.DataFrame, panels: tuple[Picture, ...], *, anchor: str, cells: Mapping[CellKey, str]
) -> GalleryFrame:
    """One frame with what it is the worst of, and links to the rows that it illustrates."""
    first: Row = rows.iloc[0].to_dict()
    model = (str(first["model"]),) if len(outline.models) > 1 else ()
    ordered = rows.sort_values("iou", kind="stable").to_dict("records")
    means = [row for row in ordered if row["class"] == MEAN]
    classes = [row for row in ordered if row["class"] != MEAN]
    return GalleryFrame(
        anchor=anchor,
        text=", ".join([str(first["weather"]), *model, view_name(outline, first), f"frame {first['frame']}"]),
        findings=tuple(
            [Link(text=f"mIoU {row['iou']:.3f}", anchor=cells.get(key_of(row), "")) for row in means]
            + [
                Link(text=f"{row['class']} {row['iou']:.3f}", anchor=outline.class_anchor(row["model"], row["class"]))
                for row in classes
            ]
        ),
        panels=panels,
    )


def _write_overlay(folder: Path, name: str, pictures: Mapping[str, Image]) -> Path:
    """Write the four panels of one frame as a JPEG and return its path."""
    inner = PurePosixPath(*PurePosixPath(name).parts[1:])
    path = folder / _FOLDER / inner.with_name(f"{inner.stem.replace('_prediction', '', 1)}.jpg")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, encode_jpeg(one_picture(pictures), quality=_FILE_QUALITY))
    return path


def _remove_others(folder: Path, written: set[Path]) -> None:
    """Remove overlays of an earlier report that no row names any more."""
    for path in sorted(folder.rglob("*.jpg")):
        if path not in written:
            path.unlink()


def _inlined(pictures: Mapping[str, Image]) -> tuple[Picture, ...]:
    return tuple(
        Picture(source=inline(encode_jpeg(thumbnail(picture), quality=_PAGE_QUALITY), kind="jpeg"), text=title)
        for title, picture in pictures.items()
    )
