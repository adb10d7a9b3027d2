"""A small score folder that is right in itself: every table is counted from the same random masks.

It is written with pandas and nothing of the product, by the list of files of a score (schema version 2), so that it is
a second opinion on what the report reads.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

CELL = ["scenario", "weather", "width", "height", "fov", "model", "repeat"]
CLASSES = ("road", "car", "pedestrian", "=train")
"""The last one is nowhere, and a spreadsheet would take it for a formula."""
COLORS = ((128, 64, 128), (0, 0, 142), (220, 20, 60), (0, 80, 100))
SWEEP = "ClearNoon:fog_density"
FOG = (0.0, 50.0, 100.0)
WEATHERS = ("ClearNoon", "HardRainNoon", *(f"{SWEEP}={value:g}" for value in FOG))
WRONG = {"ClearNoon": 0.05, "HardRainNoon": 0.4, f"{SWEEP}=0": 0.04, f"{SWEEP}=50": 0.3, f"{SWEEP}=100": 0.8}
"""Share of the pixels that get a random class, by weather."""
LABEL_SIZE = (32, 18)
DISTANCES = ("0-10 m", "10-20 m", "20-40 m", "40-80 m", "80+ m")
OBJECTS = ("< 0.05 %", "0.05-0.5 %", "0.5-5 %", "> 5 %")
COUNT_COLUMNS = [f"{prefix}{name}" for prefix in ("", "boundary_", "input_") for name in ("tp", "fp", "fn")]
INCOMPLETE = {
    ("west", "HardRainNoon", 2, None): ("crashed", "the server ended 3 times", 2),
    ("south", "HardRainNoon", 1, None): ("timed out", "no tick within 60 s, 3 times", 2),
    ("south", f"{SWEEP}=100", 2, None): ("not run", "", 0),
    ("west", f"{SWEEP}=50", 1, None): ("partial", "2 of 4 frames were lost", 1),
    ("south", f"{SWEEP}=50", 1, "large"): ("failed", "<script>alert(1)</script>", 0),
}
"""Status, message and retries by scenario, weather, repeat and model (None: all of them)."""

Masks = NDArray[np.uint8]


class Cell(NamedTuple):
    """The seven columns that name a row."""

    scenario: str
    weather: str
    width: int
    height: int
    fov: float
    model: str
    repeat: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is in the folder."""

    scenarios: Sequence[str] = ("east", "west", "south")
    weathers: Sequence[str] = WEATHERS
    sizes: Sequence[tuple[int, int]] = (LABEL_SIZE, (16, 9))
    fovs: Sequence[float] = (90.0,)
    models: Sequence[str] = ("large", "small")
    repeats: int = 2
    frames: int = 4
    classes: Sequence[str] = CLASSES
    reference_model: str | None = "small"
    incomplete: Mapping[tuple[str, str, int, str | None], tuple[str, str, int]] | None = None
    seed: int = 0

    @property
    def cells(self) -> list[Cell]:
        """All of them, in the order of the rows."""
        return [
            Cell(scenario, weather, width, height, fov, model, repeat)
            for scenario, weather, (width, height), fov, model, repeat in itertools.product(
                self.scenarios, self.weathers, self.sizes, self.fovs, self.models, range(1, self.repeats + 1)
            )
        ]

    def status(self, cell: Cell) -> tuple[str, str, int]:
        """What became of a cell: status, message, retries."""
        known = self.incomplete or {}
        for model in (None, cell.model):
            found = known.get((cell.scenario, cell.weather, cell.repeat, model))
            if found is not None:
                return found
        return "done", "", 0


def write_score_folder(path: Path, **plan: Any) -> Path:
    """Write a whole score folder; ``plan`` changes fields of :class:`Plan`."""
    made = Plan(**{"incomplete": INCOMPLETE, **plan})
    path.mkdir(parents=True, exist_ok=True)
    _Writer(path, made).write()
    return path


class _Writer:
    """Counts cell after cell and collects the rows of each table."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("scenarios", "counts", "bands", "worst", "timing")
        }
        self.ticks: list[pd.DataFrame] = []
        self.confusions: list[tuple[Cell, NDArray[np.int64]]] = []

    def write(self) -> None:
        for cell in self.plan.cells:
            self._add(cell)
        for name, rows in self.rows.items():
            pd.DataFrame(rows).to_csv(self.folder / f"{name}.csv", index=False, lineterminator="\n")
        _write_ticks(self.folder / "ticks.parquet", self.ticks)
        cells = [cell for cell, _ in self.confusions]
        np.savez_compressed(
            self.folder / "confusion.npz",
            classes=np.array(self.plan.classes),
            confusion=np.stack([matrix for _, matrix in self.confusions]),
            **{name: np.array([getattr(cell, name) for cell in cells]) for name in CELL},
        )
        (self.folder / "score.json").write_text(json.dumps(describe(self.plan)))
        (self.folder / "manifest.json").write_text(json.dumps(MANIFEST))

    def _add(self, cell: Cell) -> None:
        status, message, retries = self.plan.status(cell)
        planned = self.plan.frames
        counted = {"done": planned, "partial": planned // 2}.get(status, 0)
        row: dict[str, Any] = {
            **cell._asdict(), "town": "Town10HD", "status": status, "retries": retries, "frames": counted,
            "planned_frames": planned, "label_width": LABEL_SIZE[0], "label_height": LABEL_SIZE[1],
        }  # fmt: skip
        ratios: dict[str, Any] = {}
        digest = ""
        if counted:
            truth = truth_of(self.plan, cell.scenario)[:counted]
            digest = hashlib.sha256(truth.tobytes()).hexdigest()
            prediction = prediction_of(self.plan, cell, truth)
            ratios = self._count(cell, truth, prediction)
        self.rows["scenarios"].append(
            {
                **row,
                **{name: ratios.get(name) for name in RATIOS},
                "labels_digest": digest,
                "message": message,
                **{f"iou_{name}": ratios.get(f"iou_{name}") for name in self.plan.classes},
            }
        )

    def _count(self, cell: Cell, truth: Masks, prediction: Masks) -> dict[str, Any]:
        num_classes = len(self.plan.classes)
        confusion = confusion_of(truth, prediction, num_classes)
        step = LABEL_SIZE[0] // cell.width
        near = border_of(truth) | border_of(prediction)
        parts = [
            triples(confusion),
            triples(confusion_of(np.where(near, truth, 255), prediction, num_classes)),
            triples(confusion_of(truth[:, ::step, ::step], prediction[:, ::step, ::step], num_classes)),
        ]
        frames = np.concatenate(parts, axis=-1)  # (F, K, 9)
        total = frames.sum(axis=0)
        names = self.plan.classes
        self.rows["counts"] += [
            {**cell._asdict(), "class_id": k, "class": escaped(name), **_counts(total[k])}
            for k, name in enumerate(names)
        ]
        self.confusions.append((cell, confusion.sum(axis=0)))
        self._add_ticks(cell, frames)
        self._add_bands(cell, truth, prediction)
        self.rows["timing"].append({**cell._asdict(), "frames": len(truth), **TIMING})
        if cell.repeat == 1:
            self._add_worst(cell, truth, prediction, iou(frames[..., :3]))
        ious, boundary, inner = (iou(total[:, part : part + 3]) for part in (0, 3, 6))
        labelled = total[:, 0] + total[:, 2]
        return {
            "pixel_accuracy": total[:, 0].sum() / labelled.sum(),
            "miou": np.nanmean(ious),
            "input_miou": np.nanmean(inner),
            "frequency_weighted_iou": np.nansum(ious * labelled) / labelled.sum(),
            "boundary_iou": np.nanmean(boundary),
            **{f"iou_{name}": value for name, value in zip(names, ious, strict=True)},
        }

    def _add_ticks(self, cell: Cell, frames: NDArray[np.int64]) -> None:
        frame, k = np.nonzero(frames.any(axis=-1))
        values = frames[frame, k]
        self.ticks.append(
            pd.DataFrame(
                {
                    **cell._asdict(),
                    "frame": frame,
                    "class_id": k,
                    "class": np.array(self.plan.classes)[k],
                    **{name: values[:, index] for index, name in enumerate(COUNT_COLUMNS)},
                    "iou": iou(values[:, :3]),
                }
            )
        )

    def _add_bands(self, cell: Cell, truth: Masks, prediction: Masks) -> None:
        """Distance: rows of the image from below, 4 a band; object size: by class."""
        distance = np.minimum((truth.shape[1] - 1 - np.arange(truth.shape[1])) // 4, len(DISTANCES) - 1)
        by_row = np.broadcast_to(distance[None, :, None], truth.shape)
        by_class = np.minimum(truth, len(OBJECTS) - 1)
        for kind, bands, names in (("distance", by_row, DISTANCES), ("object size", by_class, OBJECTS)):
            for band, band_name in enumerate(names):
                chosen = np.where(bands == band, truth, 255)
                counts = triples(confusion_of(chosen, prediction, len(self.plan.classes))).sum(axis=0)
                self.rows["bands"] += [
                    {
                        **cell._asdict(), "kind": kind, "band": band, "band_name": band_name, "class_id": k,
                        "class": escaped(name), "tp": tp, "fp": fp, "fn": fn, "iou": tp / (tp + fp + fn),
                    }
                    for k, (name, (tp, fp, fn)) in enumerate(zip(self.plan.classes, counts.tolist(), strict=True))
                    if tp + fp + fn
                ]  # fmt: skip

    def _add_worst(self, cell: Cell, truth: Masks, prediction: Masks, ious: NDArray[np.float64]) -> None:
        """The worst frame of the cell, and, under the hardest weather, that of each class."""
        means = np.nanmean(ious, axis=1)
        chosen = [("(mean)", int(means.argmin()), float(means.min()))]
        if cell.weather == max(WRONG, key=lambda name: WRONG[name]):
            for k, name in enumerate(self.plan.classes):
                if not np.isnan(ious[:, k]).all():
                    chosen.append((name, int(np.nanargmin(ious[:, k])), float(np.nanmin(ious[:, k]))))
        for class_name, frame, value in chosen:
            folder = Path("frames", cell.scenario, cell.weather.replace(":", "_"), f"{cell.width}_{cell.model}")
            pictures = {
                "rgb": picture_of(truth[frame], cell), "truth": truth[frame], "prediction": prediction[frame],
            }  # fmt: skip
            names = {kind: (folder / f"{frame:06d}_{kind}.png").as_posix() for kind in pictures}
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
            for kind, picture in pictures.items():
                assert cv2.imwrite(str(self.folder / names[kind]), picture)
            row = {**cell._asdict(), "class": escaped(class_name), "rank": 1, "frame": frame, "iou": value, **names}
            self.rows["worst"].append(row)


RATIOS = ("pixel_accuracy", "miou", "input_miou", "frequency_weighted_iou", "boundary_iou")
TIMING = {"predict_ms_mean": 4.0, "predict_ms_median": 3.5, "predict_ms_p95": 8.25}
MANIFEST = {
    "schema": 1,
    "sessions": [
        {"started_utc": "2026-01-01T00:00:00+00:00", "command": ["harness", "score"], "harness_version": "0",
         "git_commit": None, "python": "3.11", "platform": "test", "packages": {"numpy": "2"}},
    ],
}  # fmt: skip


def describe(plan: Plan) -> dict[str, Any]:
    """``score.json``."""
    swept = [name for name in plan.weathers if name.startswith(f"{SWEEP}=")]
    values = [float(name.partition("=")[2]) for name in swept]
    sweep = {"name": SWEEP, "field": "fog_density", "base": 2.0, "values": values, "weathers": swept}
    return {
        "schema_version": 2,
        "suite": "<b>tiny & odd</b>",
        "definitions": {"iou": "tp / (tp + fp + fn)", "miou": "mean of the IoU over the classes that have one"},
        "labels": {
            "name": "four",
            "digest": hashlib.sha256("".join(plan.classes).encode()).hexdigest(),
            "ignore_id": 255,
            "ignore_rule": "255 is not scored",
            "classes": [
                {"id": k, "name": name, "color": list(COLORS[k % len(COLORS)])} for k, name in enumerate(plan.classes)
            ],
        },
        "reference_weather": plan.weathers[0],
        "reference_model": plan.reference_model if plan.reference_model in plan.models else None,
        "models": {name: {"net": "unet", "weights_sha256": name * 4} for name in plan.models},
        "scenarios": [{"name": name, "town": "Town10HD"} for name in plan.scenarios],
        "seeds": {name: index for index, name in enumerate(plan.scenarios)},
        "weathers": {name: {"keyframes": []} for name in plan.weathers},
        "sweeps": [sweep] if swept else [],
        "sizes": [list(size) for size in plan.sizes],
        "fovs": list(plan.fovs),
        "repeats": plan.repeats,
        "label_sizes": [list(LABEL_SIZE)],
        "distance_bands": list(DISTANCES),
        "object_bands": list(OBJECTS),
        "server": {"version": "0.9.16", "embedded": True},
        "drives": None,
    }


def truth_of(plan: Plan, scenario: str) -> Masks:
    """The truth of a scenario, the same under every weather, ``(F, 18, 32)``: blocks of all classes but the last."""
    rng = np.random.default_rng([plan.seed, plan.scenarios.index(scenario)])
    present = max(1, len(plan.classes) - 1)
    blocks = rng.integers(0, present, (plan.frames, 6, 8), dtype=np.uint8)
    blocks[:, 0, 0] = 255
    return blocks.repeat(3, axis=1).repeat(4, axis=2)


def prediction_of(plan: Plan, cell: Cell, truth: Masks) -> Masks:
    """The truth with a share of wrong pixels that grows with the weather and where a size or net is small."""
    rng = np.random.default_rng([plan.seed + 1, plan.cells.index(cell)])
    share = WRONG.get(cell.weather, 0.2) + 0.1 * (cell.width < LABEL_SIZE[0]) + 0.05 * (cell.model != plan.models[0])
    present = max(1, len(plan.classes) - 1)
    other = rng.integers(0, present, truth.shape, dtype=np.uint8)
    wrong = (rng.random(truth.shape) < share) | (truth == 255)
    step = LABEL_SIZE[0] // cell.width
    small = np.where(wrong, other, truth)[:, ::step, ::step]
    return small.repeat(step, axis=1).repeat(step, axis=2)


def picture_of(truth: Masks, cell: Cell) -> Masks:
    """A picture in the classes' colours, the darker the harder the weather, BGR at the label size."""
    colors = np.array([*COLORS, (0, 0, 0)], dtype=np.float64)[:, ::-1]
    bright = (colors[np.minimum(truth, len(COLORS))] * (1 - 0.5 * WRONG.get(cell.weather, 0.2))).astype(np.uint8)
    step = LABEL_SIZE[0] // cell.width
    return bright[::step, ::step].repeat(step, axis=0).repeat(step, axis=1)


def confusion_of(truth: Masks, prediction: Masks, num_classes: int) -> NDArray[np.int64]:
    """Pixels by truth and prediction of each frame, ``(F, K, K)``; 255 is left out."""
    frames = np.arange(len(truth))[:, None, None]
    scored = truth != 255
    flat = (frames * num_classes + truth) * num_classes + prediction
    counts = np.bincount(flat[scored], minlength=len(truth) * num_classes**2)
    return counts.reshape(len(truth), num_classes, num_classes)


def triples(confusion: NDArray[np.int64]) -> NDArray[np.int64]:
    """tp, fp, fn of each frame and class, ``(F, K, 3)``."""
    tp = np.diagonal(confusion, axis1=1, axis2=2)
    return np.stack([tp, confusion.sum(axis=1) - tp, confusion.sum(axis=2) - tp], axis=-1)


def border_of(mask: Masks) -> NDArray[np.bool_]:
    """Pixels whose left neighbour is another class."""
    border = np.zeros(mask.shape, dtype=np.bool_)
    border[..., 1:] = mask[..., 1:] != mask[..., :-1]
    return border


def iou(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of counts ``(..., 3)``; NaN without any."""
    total = counts.sum(axis=-1)
    return np.divide(counts[..., 0], total, out=np.full(total.shape, np.nan), where=total > 0)


def escaped(text: str) -> str:
    """As a table holds it."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _counts(values: NDArray[np.int64]) -> dict[str, int]:
    return dict(zip(COUNT_COLUMNS, values.tolist(), strict=True))


def _write_ticks(path: Path, parts: Sequence[pd.DataFrame]) -> None:
    table = pd.concat(parts, ignore_index=True)
    for name in ("scenario", "weather", "model", "class"):
        table[name] = table[name].astype("category")
    for name in ("width", "height", "repeat", "frame", "class_id", *COUNT_COLUMNS):
        table[name] = table[name].astype(np.int32)
    table.to_parquet(path, index=False)


@pytest.fixture(scope="session")
def whole_score(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A score folder to read only: all tests share it."""
    return write_score_folder(tmp_path_factory.mktemp("score") / "scores")


@pytest.fixture
def score_folder(tmp_path: Path, whole_score: Path) -> Path:
    """A score folder of one's own, to change at will."""
    return Path(shutil.copytree(whole_score, tmp_path / "scores"))


@pytest.fixture
def rewrite(score_folder: Path) -> Callable[[str, Callable[[str], str]], None]:
    """Change the text of one file of the score folder."""

    def change(name: str, how: Callable[[str], str]) -> None:
        path = score_folder / name
        path.write_text(how(path.read_text()))

    return change
