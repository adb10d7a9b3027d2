"""``harness report``: tables, figures, overlays and one HTML page out of the tables of a score.

Everything is written beside those tables: ``classes.csv``, ``degradation.csv``, ``summary.csv``, ``overlays/`` and
``report.html``. Running it again replaces them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from harness.errors import UsageError
from harness.reporting.contents import ReportTables, build_page
from harness.reporting.overlays import Image, encode_jpeg, one_picture, palette_of, panels, read_frame, thumbnail
from harness.reporting.page import GalleryFrame, Picture, inline, render
from harness.reporting.source import ScoreData, read_score
from harness.reporting.tables import MEAN, class_table, degradation_table, summary_table, write_table
from harness.run_dir import write_bytes

MAX_GALLERY = 24
"""Frames on the page; each is about 100 kB. The overlays of all others lie in the folder ``overlays``."""

_FILE_QUALITY = 92
_PAGE_QUALITY = 80

TableRow = tuple[str | float, ...]


@dataclass(frozen=True, kw_only=True)
class ReportSummary:
    """What a report says, in short."""

    reference_weather: str
    """What the others are compared with."""
    columns: tuple[str, ...]
    """Headings of ``rows``."""
    rows: tuple[TableRow, ...]
    """One for each other weather and size; none where only the reference was scored. Counts are pooled."""
    notices: tuple[str, ...]
    """What a reader must know before believing a number."""
    paths: tuple[Path, ...]
    """The files that were written, the page last."""


def report(out: Path, *, reference_weather: str | None = None) -> ReportSummary:
    """Write tables and page into ``out``, the folder of a score.

    Args:
        out: what ``harness score`` wrote.
        reference_weather: weather to compare the others with; the one that the score names when omitted.

    Raises:
        DataError: a table is missing, half-written or inconsistent.
        UsageError: the reference weather was not scored.
    """
    data = read_score(out)
    reference = _reference_weather(data, reference_weather)
    tables = ReportTables(
        classes=class_table(data),
        summary=summary_table(data),
        degradation=degradation_table(data, reference),
        reference_weather=reference,
    )
    paths = [
        write_table(tables.classes, out / "classes.csv"),
        write_table(tables.degradation, out / "degradation.csv"),
        write_table(tables.summary, out / "summary.csv"),
    ]
    page = build_page(data, tables, _write_overlays(data))
    write_bytes(out / "report.html", render(page).encode("utf-8"))
    return ReportSummary(
        reference_weather=reference,
        columns=("weather", "size", "mIoU", "points lost", "retention", "hardest hit (points)"),
        rows=_degradation_rows(tables.degradation),
        notices=page.notices,
        paths=(*paths, out / "report.html"),
    )


def _reference_weather(data: ScoreData, wanted: str | None) -> str:
    reference = str(data.description.get("reference_weather")) if wanted is None else wanted
    if reference not in data.weathers:
        raise UsageError(f"the reference weather {reference!r} was not scored; there are: {', '.join(data.weathers)}")
    return reference


def _write_overlays(data: ScoreData) -> tuple[GalleryFrame, ...]:
    """Write the four panels of every kept frame, and return those for the page."""
    palette = palette_of(data.labels)
    shown = _gallery_order(data.worst).head(MAX_GALLERY).index
    frames: dict[object, GalleryFrame] = {}
    for index, row in data.worst.iterrows():
        rgb, truth, prediction = read_frame(
            data.folder, rgb=row["rgb"], truth=row["truth"], prediction=row["prediction"]
        )
        pictures = panels(rgb, truth, prediction, palette)
        path = data.folder / "overlays" / Path(row["rgb"]).relative_to("frames").with_suffix(".jpg")
        path = path.with_name(path.name.replace("_rgb", ""))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, encode_jpeg(one_picture(pictures), quality=_FILE_QUALITY))
        if index in shown:
            frames[index] = GalleryFrame(
                panels=tuple(Picture(source=_inline_jpeg(picture), text=title) for title, picture in pictures.items()),
                text=f"{row['scenario']}, {row['weather']}, frame {row['frame']}: mIoU {row['miou']:.3f}, "
                f"pixel accuracy {row['pixel_accuracy']:.3f}",
            )
    return tuple(frames[index] for index in shown)


def _inline_jpeg(picture: Image) -> str:
    return inline(encode_jpeg(thumbnail(picture), quality=_PAGE_QUALITY), kind="jpeg")


def _gallery_order(worst: pd.DataFrame) -> pd.DataFrame:
    """The worst frame of each weather first, then the second worst of each, so that every weather is seen."""
    by_miou = worst.sort_values("miou", kind="stable")
    turn = by_miou.groupby("weather").cumcount()
    ordered: pd.DataFrame = by_miou.assign(turn=turn).sort_values(["turn", "miou"], kind="stable")
    return ordered


def _degradation_rows(degradation: pd.DataFrame) -> tuple[TableRow, ...]:
    """What each weather costs at each size, for a terminal: the mean, and the class that lost most."""
    rows: list[TableRow] = []
    for _, group in degradation.groupby(["weather", "width", "height"], sort=False):
        mean = group[group["class"] == MEAN].iloc[0]
        classes = group[group["class"] != MEAN].dropna(subset=["drop_points"])
        hardest = classes.loc[classes["drop_points"].idxmax()] if len(classes) else None
        rows.append(
            (
                str(mean["weather"]),
                f"{mean['width']}x{mean['height']}",
                float(mean["iou"]),
                "–" if pd.isna(mean["drop_points"]) else f"{mean['drop_points']:.1f}",
                float(mean["retention"]),
                "" if hardest is None else f"{hardest['class']} ({hardest['drop_points']:.1f})",
            )
        )
    return tuple(rows)
