"""The page of a run as text: every planned episode once, numbers as in the tables, links with their places."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.reporting.driving.report import DriveReportSummary, drive_report
from tests.unit.harness.reporting.driving.conftest import SWEEP, Plan, write_drive_folder
from tests.unit.harness.reporting.test_page import Page, assert_sound


def page_of(folder: Path) -> Page:
    return Page(drive_report(folder).page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drive_folder(tmp_path_factory.mktemp("page") / "out")


@pytest.fixture(scope="module")
def summary(folder: Path) -> DriveReportSummary:
    return drive_report(folder)


@pytest.fixture(scope="module")
def page(summary: DriveReportSummary) -> Page:
    return Page(summary.page.read_text(encoding="utf-8"))


def test_the_page_is_one_file_whose_links_all_have_their_places(page: Page) -> None:
    assert_sound(page)
    assert page.html.count("data:image/webp;base64,") == 1


def test_sections_come_in_the_order_in_which_one_asks(page: Page) -> None:
    sections = re.findall(r'<section id="([a-z]+)">', page.html)
    assert sections == [
        "summary", "losses", "iou", "sweeps", "lateral", "worst", "maps", "episodes", "infractions", "definitions",
        "environment",
    ]  # fmt: skip
    assert re.findall(r"<nav>.*?</nav>", page.html, re.DOTALL)[0].count("<a ") == len(sections)


def test_every_planned_episode_is_a_row_once_with_the_incomplete_ones_first(page: Page) -> None:
    section = page.section("episodes")
    head, *rows = section.rows
    names = [head.index(name) for name in ("scenario", "weather", "size", "policy", "repeat")]
    found = [tuple(row[column] for column in names) for row in rows]
    planned = [
        (key.scenario, key.weather, f"{key.width} × {key.height}", key.policy, str(key.repeat)) for key in Plan().keys
    ]
    assert sorted(found) == sorted(planned)
    statuses = [row[head.index("status")] for row in rows]
    missing = sum(status != "done" for status in statuses)
    assert "done" not in statuses[:missing]
    scores = [float(row[head.index("score")]) for row in rows[missing:]]
    assert scores == sorted(scores)
    assert sum(anchor.startswith("episode-") for anchor in section.anchors) == len(planned)
    assert {address for address in section.addresses} == {"#map-0", "#map-1"}


def test_what_is_missing_is_said_at_the_top(page: Page, summary: DriveReportSummary) -> None:
    assert summary.incomplete == 6
    assert summary.notices[0].startswith("Incomplete: of 60 planned episodes 2 failed, 2 crashed, 2 not run.")
    notices = re.search(r'<ul class="notice">.*?</ul>', page.html, re.DOTALL)
    assert notices is not None
    assert "Incomplete: of 60 planned episodes" in notices[0]


def test_few_episodes_are_said_to_be_few(tmp_path: Path) -> None:
    folder = write_drive_folder(tmp_path / "out", weathers=("ClearNoon",), incomplete={})
    report = drive_report(folder)
    assert report.notices == (
        "Few episodes: mask (4), truth (4), route (4). Intervals are wide, and those of scores are too narrow for so "
        "few.",
    )
    page = Page(report.page.read_text(encoding="utf-8"))
    assert "sweeps" not in page.anchors
    assert_sound(page)


def test_the_headline_is_counted_from_the_episodes(folder: Path, page: Page, summary: DriveReportSummary) -> None:
    episodes = pd.read_csv(folder / "episodes.csv").query("status == 'done'")
    mask = episodes.query("policy == 'mask'")
    result = summary.results[0]
    assert result.policy == "mask"
    assert (result.planned, result.done) == (20, len(mask))
    assert result.success_rate.value == pytest.approx(mask["success"].mean())
    assert result.driving_score.value == pytest.approx(mask["driving_score_2_1"].mean())
    assert result.driving_score.low < result.driving_score.value < result.driving_score.high
    cards = re.findall(r"<dt>(.*?)</dt><dd>(.*?)<small>(.*?)</small>", page.html)
    assert cards[0][:2] == ("Success rate", f"{100 * mask['success'].mean():.0f} %")
    assert cards[1][:2] == ("Driving score", f"{mask['driving_score_2_1'].mean():.1f}")
    same = ["scenario", "weather", "width", "repeat"]
    both = mask.merge(episodes.query("policy == 'truth'"), on=same)
    lost = (both["driving_score_2_1_y"] - both["driving_score_2_1_x"]).mean()
    assert cards[2][:2] == ("Against truth", f"−{lost:.1f} points")
    assert cards[2][2].endswith(f"over {len(both)} pairs of episodes")
    assert len(cards) == 7, "the others are not held against the truth"
    assert page.html.count("<h2>mask</h2>") == 1


def test_the_summary_is_that_of_its_table(folder: Path, page: Page) -> None:
    table = pd.read_csv(folder / "drive_summary.csv").query("group == '(all)'")
    head, *rows = page.section("summary").rows[: 1 + len(table)]
    for row, expected in zip(rows, table.to_dict("records"), strict=True):
        assert row[head.index("policy")] == expected["policy"]
        assert row[head.index("weather")] == expected["weather"]
        score = expected["driving_score_2_1"]
        assert row[head.index("driving score")] == ("–" if np.isnan(score) else f"{score:.1f}")
        assert row[head.index("done")] == f"{expected['done']} of {expected['planned']}"
    groups = page.section("summary").rows[1 + len(table) :]
    assert {row[groups[0].index("group")] for row in groups[1:]} == {"lane", "junction"}


def test_losses_and_points_are_those_of_their_table(folder: Path, page: Page) -> None:
    link = pd.read_csv(folder / "iou_vs_driving.csv")
    head, *rows = page.section("losses").rows
    assert len(rows) == len(link[link["loss_episodes"] > 0])
    first = link.iloc[0]
    assert rows[0][head.index("score lost")] == f"{first['loss_driving_score_2_1']:.1f}".replace("-0.0", "0.0")
    iou = page.section("iou")
    assert iou.html.count("<figcaption>mask: ") == 3
    done = pd.read_csv(folder / "episodes.csv").query("status == 'done' and policy == 'mask'")
    dots = re.findall(r'<path class="marks" d="[^"]+"><title>', iou.html)
    assert len(dots) == 3 * (len(done) + len(link)), "each episode and each mean in each figure"
    assert ("limit " in iou.html) == bool(np.isfinite(first["completion_limit_iou"]))
    assert "target 90" in iou.html


def test_sweeps_are_drawn_for_every_policy(page: Page) -> None:
    sweeps = page.section("sweeps")
    titles = re.findall(r"<figcaption>(.*?)</figcaption>", sweeps.html)
    assert titles == [
        f"Driving score against {SWEEP}",
        f"Route completion [%] against {SWEEP}",
        f"Lateral error, 95th percentile [m] against {SWEEP}",
    ]
    assert sweeps.html.count('<path class="line"') == 9


def test_lateral_errors_are_those_of_the_ticks(folder: Path, page: Page) -> None:
    head, *rows = page.section("lateral").rows
    ticks = pd.read_parquet(folder / "ticks.parquet")
    for row in rows:
        errors = ticks.loc[ticks["policy"] == row[0], "lateral_error_m"].abs()
        assert row[head.index("ticks")] == str(len(errors))
        assert float(row[head.index("95th percentile [m]")]) == pytest.approx(errors.quantile(0.95), abs=0.006)


def test_the_worst_episode_is_told_and_shown(folder: Path, page: Page, summary: DriveReportSummary) -> None:
    rows = pd.read_csv(folder / "episodes.csv").query("policy == 'mask'").dropna(subset=["completion"])
    worst = rows.sort_values(["driving_score_2_1", "completion"]).iloc[0]
    assert summary.worst is not None
    assert (summary.worst.scenario, summary.worst.weather, summary.worst.width) == tuple(
        worst[["scenario", "weather", "width"]]
    )
    section = page.section("worst")
    assert f"It ended after {worst['duration_s']:.1f} s: {worst['reason']}" in section.text
    assert f"driving score {worst['driving_score_2_1']:.1f}" in section.text
    assert "The same driver on the truth" in section.text
    source = next(address for address in section.addresses if address.startswith("data:image/webp"))
    assert base64.b64decode(source.partition(",")[2])[:4] == b"RIFF"
    assert any(re.fullmatch(r"#episode-\d+", address) for address in section.addresses)


def test_a_worst_episode_without_a_clip_is_still_told(drive_folder: Path) -> None:
    for path in (drive_folder / "clips").iterdir():
        path.unlink()
    section = page_of(drive_folder).section("worst")
    assert "No clip of it was kept." in section.text
    assert "It ended after" in section.text


def test_infractions_are_counted_and_listed(folder: Path, page: Page) -> None:
    events = pd.read_csv(folder / "infractions.csv")
    section = page.section("infractions")
    head, *rows = section.rows
    counts = {row[0]: [int(number) for number in row[1:]] for row in rows[:3]}
    expected = events.query("policy == 'mask'")["kind"].value_counts()
    assert counts["mask"] == [expected.get(kind, 0) for kind in head[1:]]
    assert sum(address.startswith("#episode-") for address in section.addresses) == len(events)


def test_a_policy_without_masks_or_truth_has_a_page(tmp_path: Path) -> None:
    folder = write_drive_folder(tmp_path / "out", policies=("straight",), incomplete={}, weathers=("ClearNoon",))
    page = page_of(folder)
    assert_sound(page)
    assert "No episode was done both by truth and by a policy that drives by a mask." in page.text
    assert "No episode has both an IoU and a driving score." in page.text


HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;{{7*7}}"


def test_names_are_shown_and_never_run(tmp_path: Path) -> None:
    plan: dict[str, Any] = {
        "scenarios": (HOSTILE, "turn"), "weathers": ("ClearNoon", "$x$ <script>alert(2) <!--"),
        "policies": ("mask", "truth", "my.py:<svg onload=alert(3)>"), "incomplete": {},
    }  # fmt: skip
    page = page_of(write_drive_folder(tmp_path / "out", **plan))
    assert_sound(page)
    for name in (HOSTILE, "$x$ <script>alert(2) <!--", "my.py:<svg onload=alert(3)>"):
        assert name in page.text, "shown as it is"


def test_making_it_again_gives_the_same_page(drive_folder: Path) -> None:
    first = page_of(drive_folder).html
    assert page_of(drive_folder).html == first
    assert not re.search(r"\bnan\b", Page(first).text, re.IGNORECASE)
