from __future__ import annotations

import csv
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.errors import DataError, UsageError
from harness.reporting.report import report

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Checks the nesting of tags, and collects text, addresses and the rows of tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.scripts = 0
        self.feed(html)
        self.close()
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        self.scripts += tag == "script"
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" in self.open or "style" in self.open:
            return
        self.text += data
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data.strip()


@pytest.fixture
def page(score_folder: Path) -> Page:
    report(score_folder)
    return Page((score_folder / "report.html").read_text(encoding="utf-8"))


def test_nothing_is_fetched_from_anywhere(score_folder: Path, page: Page) -> None:
    assert page.addresses, "there are pictures"
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    html = (score_folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(|<iframe|<object", html.replace("data:", ""))


def test_every_link_inside_the_page_has_its_place(score_folder: Path, page: Page) -> None:
    html = (score_folder / "report.html").read_text(encoding="utf-8")
    for address in page.addresses:
        if address.startswith("#"):
            assert f'id="{address[1:]}"' in html


def test_every_class_weather_and_scenario_is_shown(page: Page) -> None:
    heads = [row for row in page.rows if row and row[0] == "class"]
    assert ["class", "ClearNoon", "HardRain"] in heads
    assert ["road", f"{50 / 52:.3f}", f"{10 / 22:.3f}"] in page.rows
    assert ["car", f"{8 / 12:.3f}", f"{8 / 20:.3f}"] in page.rows
    assert "not listed: =train" in page.text
    assert ["road", f"{20 / 22:.3f}", f"{100 * 10 / 22:.1f}", "0.50"] in page.rows, "the table of degradation"
    statuses = [row[4] for row in page.rows if row[0] in ("east", "west")]
    assert sorted(statuses) == ["done"] * 6 + ["failed"] * 2


def test_text_from_tables_is_shown_and_never_run(score_folder: Path, page: Page) -> None:
    html = (score_folder / "report.html").read_text(encoding="utf-8")
    assert page.scripts == 1, "our own"
    assert "<script>alert" not in html
    assert "<script>alert(1)</script>" in page.text, "the message, as text"
    assert "<b>tiny & odd</b>" in page.text, "the suite's name, as text"


def test_what_is_missing_is_said_at_the_top(page: Page) -> None:
    assert "Incomplete: of 8 planned cells 2 failed." in page.text
    assert "6 of 8 planned cells were scored" in page.text


def test_the_worst_frame_and_the_surroundings_are_there(page: Page) -> None:
    assert "east, HardRain, frame 7: mIoU 0.250, pixel accuracy 0.500" in page.text
    assert "tp / (tp + fp + fn)" in page.text
    assert "255 is not scored" in page.text
    assert "version 0.9.16, embedded True" in page.text
    assert sum(address.startswith("data:image/jpeg") for address in page.addresses) == 4
    assert sum(address.startswith("data:image/png") for address in page.addresses) == 3, "bars and two heat maps"


def test_tables_lie_beside_the_page_and_can_be_printed(score_folder: Path) -> None:
    summary = report(score_folder)
    assert [path.name for path in summary.paths] == ["classes.csv", "degradation.csv", "summary.csv", "report.html"]
    assert all(path.exists() for path in summary.paths)
    assert (score_folder / "overlays" / "east" / "HardRain" / "000007.jpg").exists()
    with (score_folder / "classes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["class"] for row in rows} == {"road", "car", "'=train"}
    assert {row["iou"] for row in rows if row["class"] == "'=train"} == {""}
    assert summary.reference_weather == "ClearNoon"
    assert [row[:2] for row in summary.rows] == [("HardRain", "8x4"), ("HardRain", "4x2")]
    with (score_folder / "degradation.csv").open(newline="") as file:
        means = [row for row in csv.DictReader(file) if row["class"] == "(mean)"]
    assert [row[2] for row in summary.rows] == pytest.approx([float(row["iou"]) for row in means])
    assert [row[3] for row in summary.rows] == [f"{float(row['drop_points']):.1f}" for row in means]
    assert [str(row[5]).split()[0] for row in summary.rows] == ["road", "car"]
    assert len(summary.notices) == 1


def test_making_it_again_gives_the_same_page(score_folder: Path) -> None:
    report(score_folder)
    first = (score_folder / "report.html").read_bytes()
    report(score_folder)
    assert (score_folder / "report.html").read_bytes() == first


def test_labels_that_differ_between_weathers_are_said(score_folder: Path) -> None:
    path = score_folder / "scenarios.csv"
    path.write_text(re.sub(r"(east,HardRain,8,4,.*),east8,", r"\1,other,", path.read_text()))
    notices = report(score_folder).notices
    assert any("ground truth of scenario east at 8 × 4 is not the same" in notice for notice in notices)


def test_a_score_of_which_nothing_is_done_yet_has_a_page_that_says_so(score_folder: Path) -> None:
    for name in ("counts.csv", "worst.csv"):
        path = score_folder / name
        path.write_text(path.read_text().splitlines()[0] + "\n")
    path = score_folder / "scenarios.csv"
    path.write_text(re.sub(r",done,1,[^,]*,[^,]*,[^,]*,", ",not run,0,,,,", path.read_text()))
    summary = report(score_folder)
    assert [row[0] for row in summary.rows] == ["HardRain", "HardRain"]
    assert all(math.isnan(float(row[2])) and row[3] == "–" for row in summary.rows)
    text = Page((score_folder / "report.html").read_text(encoding="utf-8")).text
    assert "0 of 8 planned cells" in text
    assert "6 not run" in text


def test_an_unknown_reference_weather_is_named_with_the_known_ones(score_folder: Path) -> None:
    with pytest.raises(UsageError, match="'Snow' was not scored; there are: ClearNoon, HardRain"):
        report(score_folder, reference_weather="Snow")
    assert not (score_folder / "report.html").exists()


def test_a_folder_without_a_score_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"score\.json is missing: .* is not the output of a score"):
        report(tmp_path)
