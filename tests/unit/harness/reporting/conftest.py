"""A small score folder, written by hand so that every figure of the report can be checked on paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

LABELS = [("road", [128, 64, 128]), ("car", [0, 0, 142]), ("=train", [0, 80, 100])]
CELL = "scenario,weather,width,height"

# Counts of road and car; "=train" is nowhere. Frames of 8 x 4 = 32 pixels; the small size has a quarter of them.
COUNTS = {
    ("east", "ClearNoon", 8, 4): [(20, 0, 2), (8, 2, 0)],
    ("west", "ClearNoon", 8, 4): [(30, 0, 0), (0, 0, 2)],
    ("east", "HardRain", 8, 4): [(10, 0, 12), (8, 12, 0)],
    ("east", "ClearNoon", 4, 2): [(6, 0, 0), (2, 0, 0)],
    ("west", "ClearNoon", 4, 2): [(8, 0, 0), (0, 0, 0)],
    ("east", "HardRain", 4, 2): [(4, 1, 2), (1, 2, 1)],
}
FAILED = [("west", "HardRain", 8, 4), ("west", "HardRain", 4, 2)]


def write_score(folder: Path) -> Path:
    """Write the tables and one kept frame into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    description = {
        "schema_version": 1,
        "suite": "<b>tiny & odd</b>",
        "reference_weather": "ClearNoon",
        "definitions": {"iou": "tp / (tp + fp + fn)"},
        "labels": {
            "name": "three",
            "ignore_id": 255,
            "ignore_rule": "255 is not scored",
            "classes": [{"id": i, "name": name, "color": color} for i, (name, color) in enumerate(LABELS)],
        },
        "server": {"version": "0.9.16", "embedded": True},
        "model": {"net": "unet"},
        "seeds": {"east": 1, "west": 2},
    }
    (folder / "score.json").write_text(json.dumps(description))
    counts = [f"{CELL},class_id,class,tp,fp,fn"]
    rows = [f"{CELL},town,status,frames,pixel_accuracy,miou,labels_digest,message"]
    for cell, by_class in COUNTS.items():
        name = ",".join(str(part) for part in cell)
        triples = [*by_class, (0, 0, 0)]
        counts += [f"{name},{k},{LABELS[k][0]},{tp},{fp},{fn}" for k, (tp, fp, fn) in enumerate(triples)]
        accuracy = sum(t[0] for t in triples) / sum(t[0] + t[2] for t in triples)
        rows.append(f"{name},Town10HD,done,1,{accuracy},0.5,{cell[0]}{cell[2]},")
    for cell in FAILED:
        name = ",".join(str(part) for part in cell)
        rows.append(f"{name},Town10HD,failed,0,,,,<script>alert(1)</script>")
    (folder / "counts.csv").write_text("\n".join(counts) + "\n")
    (folder / "scenarios.csv").write_text("\n".join(rows) + "\n")
    _write_worst(folder)
    return folder


def _write_worst(folder: Path) -> None:
    rng = np.random.default_rng(0)
    images = folder / "frames" / "east" / "HardRain"
    images.mkdir(parents=True)
    truth = np.zeros((4, 8), dtype=np.uint8)
    truth[2:] = 1
    truth[0, 0] = 255
    prediction = truth.copy()
    prediction[0] = 1
    names = [f"frames/east/HardRain/000007_{kind}.png" for kind in ("rgb", "truth", "prediction")]
    pictures = (rng.integers(0, 256, (4, 8, 3), dtype=np.uint8), truth, prediction)
    for name, picture in zip(names, pictures, strict=True):
        assert cv2.imwrite(str(folder / name), picture)
    (folder / "worst.csv").write_text(
        f"{CELL},rank,frame,pixel_accuracy,miou,rgb,truth,prediction\n"
        f"east,HardRain,8,4,1,7,0.5,0.25,{','.join(names)}\n"
    )


@pytest.fixture
def score_folder(tmp_path: Path) -> Path:
    return write_score(tmp_path / "scores")


@pytest.fixture
def rewrite(score_folder: Path) -> Callable[[str, Callable[[str], str]], None]:
    """Change the text of one file of the score folder."""

    def change(name: str, how: Callable[[str], str]) -> None:
        path = score_folder / name
        path.write_text(how(path.read_text()))

    return change
