from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.errors import DataError
from harness.reporting import gallery
from harness.reporting.cell_tables import cell_anchors
from harness.reporting.gallery import Gallery, build_gallery, choose
from harness.reporting.outline import outline_of
from harness.reporting.source import read_score
from harness.scoring.statistics.metrics import MEAN
from tests.unit.harness.reporting.conftest import write_score_folder


def rows(*cells: tuple[str, str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(cells, columns=["prediction", "scenario", "weather", "class", "iou"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_score_folder(
        tmp_path / "scores", scenarios=("east", "west"), repeats=1, sizes=((32, 18),), incomplete={}
    )


def gallery_of(folder: Path) -> Gallery:
    data = read_score(folder)
    return build_gallery(outline_of(data, "ClearNoon"), data, cell_anchors(data))


def test_scenarios_come_before_classes_and_classes_before_weathers() -> None:
    worst = rows(
        ("a", "east", "Rain", MEAN, 0.1),
        ("b", "east", "Fog", MEAN, 0.2),
        ("c", "west", "Rain", MEAN, 0.3),
        ("d", "west", "Rain", "car", 0.0),
        ("e", "east", "Rain", "car", 0.1),
    )
    assert choose(worst, 10) == ["a", "c", "d", "b", "e"]
    assert choose(worst, 3) == ["a", "c", "d"]
    assert choose(worst.iloc[:0], 3) == []


def test_a_frame_that_is_the_worst_of_many_is_chosen_once() -> None:
    worst = rows(*[("a", "east", "Rain", name, 0.1) for name in (MEAN, "car", "road")])
    assert choose(worst, 5) == ["a"]


def test_every_kept_frame_has_its_overlay_and_old_ones_go(folder: Path) -> None:
    old = folder / "overlays" / "gone" / "000001.jpg"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    made = gallery_of(folder)
    kept = read_score(folder).worst["prediction"].nunique()
    overlays = list((folder / "overlays").rglob("*.jpg"))
    assert made.kept == kept == len(overlays)
    assert not old.exists()


def test_links_lead_to_the_worst_frame(folder: Path) -> None:
    made = gallery_of(folder)
    worst = read_score(folder).worst
    frames = {frame.anchor: frame for group in made.groups for frame in group.frames}
    lowest = worst[(worst["model"] == "large") & (worst["class"] == "car")]["iou"].min()
    findings = [finding.text for finding in frames[made.of_class["large", "car"]].findings]
    assert f"car {lowest:.3f}" in findings
    assert set(made.of_cell.values()) <= frames.keys()
    assert {group.title for group in made.groups} == set(made.of_scenario)


def test_the_page_has_no_more_than_its_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    all_frames = gallery_of(folder)
    assert all_frames.shown == min(gallery.MAX_FRAMES, all_frames.kept)
    sizes = [sum(len(panel.source) for panel in frame.panels) for group in all_frames.groups for frame in group.frames]
    monkeypatch.setattr(gallery, "MAX_CHARACTERS", 4 * max(sizes))
    assert 4 <= gallery_of(folder).shown < all_frames.shown
    monkeypatch.setattr(gallery, "MAX_FRAMES", 2)
    assert gallery_of(folder).shown == 2


def test_a_frame_outside_the_folder_is_refused(folder: Path) -> None:
    path = folder / "worst.csv"
    path.write_text(path.read_text().replace("frames/east/", "../east/", 1))
    with pytest.raises(DataError, match="outside"):
        gallery_of(folder)
