"""The score through the real client and the embedded simulator."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.labels import CARLA_29, LabelSet
from harness.carla_client.endpoint import Endpoint
from harness.errors import OutputInUseError
from harness.recording.recorder import record
from harness.reporting.report import report
from harness.run_dir import prepare_output
from harness.scoring.evaluate import evaluate
from harness.scoring.score import score
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario, Suite, Traffic
from sim_scenarios.weather import parse_weathers

pytestmark = pytest.mark.integration

SIZES = [(160, 96), (80, 48)]
WEATHERS = "ClearNoon,HardRainNight,DenseFog"


class BrightnessNet:
    """Sky where it is bright, road elsewhere: enough to make the score depend on the weather."""

    label_set: LabelSet = CARLA_29
    origin: dict[str, Any] = {}  # noqa: RUF012

    def predict(self, rgb: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return np.where(rgb.sum(axis=2, dtype=np.uint16) > 360, 11, 1).astype(np.uint8)


@pytest.fixture(scope="module")
def suite() -> Suite:
    scenario = Scenario(
        name="short",
        split="test",
        seed=3,
        duration_s=0.5,
        record_every_n=2,
        warmup_ticks=5,
        traffic=Traffic(vehicles=6, walkers=6),
        cameras=(CameraSpec(width=160, height=96),),
    )
    return Suite(name="tiny", scenarios=(scenario,))


@pytest.fixture(scope="module")
def scored(simulator: Endpoint, suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording in ``data`` and, of the same drive, a live score in ``live``."""
    folder = tmp_path_factory.mktemp("score")
    record(simulator, suite, prepare_output(folder / "data"))
    out = prepare_output(folder / "live")
    summary = score(
        simulator,
        BrightnessNet(),
        suite,
        weathers=parse_weathers(WEATHERS),
        sizes=SIZES,
        out=out,
        drives=folder / "data",
    )
    assert [(cell.status, cell.message) for cell in summary.cells] == [("done", "")] * 6
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_weather_has_the_identical_labels_and_another_score(scored: Path) -> None:
    rows = rows_of(scored / "live" / "scenarios.csv")
    for width in ("160", "80"):
        same_size = [row for row in rows if row["width"] == width]
        assert len(same_size) == 3
        assert len({row["labels_digest"] for row in same_size}) == 1
        assert len({row["pixel_accuracy"] for row in same_size}) == 3
    assert {row["frames"] for row in rows} == {"5"}


def truth_pixels(path: Path, *, weather: str, width: str) -> dict[str, int]:
    """Pixels of each class in the ground truth."""
    rows = [row for row in rows_of(path) if (row["weather"], row["width"]) == (weather, width)]
    return {row["class"]: int(row["tp"]) + int(row["fn"]) for row in rows}


def test_a_live_score_and_the_recorded_frames_of_the_same_drive_agree(scored: Path) -> None:
    offline = prepare_output(scored / "offline")
    evaluate(BrightnessNet(), scored / "data", out=offline)
    (recorded,) = rows_of(offline / "scenarios.csv")
    (live,) = [
        row
        for row in rows_of(scored / "live" / "scenarios.csv")
        if (row["weather"], row["width"]) == ("ClearNoon", "160")
    ]
    assert live["labels_digest"] == recorded["labels_digest"], "the replay shows the recorded scene, tag for tag"
    where = {"weather": "ClearNoon", "width": "160"}
    assert truth_pixels(scored / "live" / "counts.csv", **where) == truth_pixels(offline / "counts.csv", **where)
    # Only the pictures' sensor noise and moving clouds differ.
    assert float(live["pixel_accuracy"]) == pytest.approx(float(recorded["pixel_accuracy"]), abs=0.01)


def test_a_report_can_be_made_of_it(scored: Path) -> None:
    summary = report(scored / "live")
    assert summary.notices == ()
    assert "data:image/jpeg" in summary.paths[-1].read_text(encoding="utf-8")


def test_a_drive_made_for_the_score_is_kept_and_resumed(simulator: Endpoint, suite: Suite, tmp_path: Path) -> None:
    out = prepare_output(tmp_path / "out")
    sizes = [(80, 48)]
    first = score(simulator, BrightnessNet(), suite, weathers=parse_weathers("ClearNoon"), sizes=sizes, out=out)
    assert first.incomplete == ()
    drive = (out / "drives" / "short.npz").read_bytes()
    (before,) = rows_of(out / "scenarios.csv")
    for name in ("counts.csv", "scenarios.csv", "frames.csv", "worst.csv"):
        (out / name).unlink()
    again = score(
        simulator, BrightnessNet(), suite, weathers=parse_weathers("ClearNoon"), sizes=sizes, out=out, resume=True
    )
    assert again.incomplete == ()
    assert (out / "drives" / "short.npz").read_bytes() == drive, "the drive is not made again"
    (after,) = rows_of(out / "scenarios.csv")
    assert after["labels_digest"] == before["labels_digest"]
    with pytest.raises(OutputInUseError, match=r"other .*weathers"):
        score(simulator, BrightnessNet(), suite, weathers=parse_weathers("WetNoon"), sizes=sizes, out=out, resume=True)
