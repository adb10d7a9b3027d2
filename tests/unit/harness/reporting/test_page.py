"""The page as text: what stands where, that links have their places, and that nothing from a table is ever run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.gates.gate import parse_gates
from harness.reporting.page import drop_cell, gain_cell, number_cell, share_cell, signed
from harness.reporting.report import report
from harness.scoring.statistics.bootstrap import Bootstrap
from tests.unit.harness.reporting.conftest import CELL, SWEEP, write_score_folder

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Checks the nesting of tags, and collects text, addresses, anchors and the rows of tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.anchors: list[str] = []
        self.handlers: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.scripts = 0
        self.feed(html)
        self.close()
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        self.anchors += [value or "" for name, value in attrs if name == "id"]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.scripts += tag == "script"
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag == "path", "only shapes close themselves"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" in self.open or "style" in self.open:
            return
        self.text += data
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data.strip()

    def section(self, anchor: str) -> Page:
        """One section of the page."""
        found = re.search(rf'<section id="{anchor}">.*?</section>', self.html, re.DOTALL)
        assert found is not None, anchor
        return Page(found[0])


def page_of(folder: Path, **options: Any) -> Page:
    report(folder, bootstrap=Bootstrap(resamples=50), **options)
    return Page((folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return page_of(write_score_folder(tmp_path_factory.mktemp("page") / "scores", repeats=1))


def small_score(folder: Path, **plan: Any) -> Path:
    """A score folder of a small plan."""
    defaults = {"scenarios": ("east",), "repeats": 1, "frames": 2, "models": ("net",), "incomplete": {}}
    return write_score_folder(folder, **{**defaults, **plan})


def assert_sound(page: Page) -> None:
    """Links have their places, anchors are unique, nothing is fetched."""
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= set(page.anchors)
    assert len(page.anchors) == len(set(page.anchors))
    assert not re.search(r"https?://|@import|url\(|<iframe|<object", page.html.replace("data:", ""))
    assert page.scripts == 1, "our own"
    assert page.handlers == []


def test_the_page_is_one_file_whose_links_all_have_their_places(page: Page) -> None:
    assert_sound(page)
    assert sum(address.startswith("data:image/jpeg") for address in page.addresses) >= 4


def test_sections_come_in_the_order_in_which_one_asks(page: Page) -> None:
    sections = re.findall(r'<section id="([a-z]+)">', page.html)
    assert sections == [
        "classes", "scenarios", "degradation", "sweeps", "bands", "comparison", "summary", "cells", "ticks", "gallery",
        "confusion", "timing", "definitions", "environment",
    ]  # fmt: skip
    assert re.findall(r"<nav>.*?</nav>", page.html, re.DOTALL)[0].count("<a ") == len(sections)


def test_what_is_missing_is_said_at_the_top(page: Page) -> None:
    notices = re.search(r'<ul class="notice">.*?</ul>', page.html, re.DOTALL)
    assert notices is not None
    assert "Incomplete: of 60 planned cells" in notices[0]
    assert "timed out" in notices[0]
    assert "planned cells were scored completely" in page.text


def test_the_headline_has_interval_and_verdict(page: Page) -> None:
    cards = re.findall(r"<dt>(.*?)</dt><dd>(.*?)<small>(.*?)</small>", page.html)
    reference, weather, size, limit = cards[:4]
    assert reference[0] == "mIoU in ClearNoon"
    assert re.fullmatch(r"95 % interval 0\.\d{3} to 0\.\d{3}; at 32 × 18; 3 of 3 scenarios complete", reference[2])
    assert weather[0] == "Hardest weather: HardRainNoon"
    assert re.fullmatch(r"−\d+\.\d points", weather[1])
    assert weather[2].endswith("; significant; over 2 of 3 scenarios")
    assert size[0] == "16 × 9 instead of 32 × 18"
    assert limit[0] == f"Operating limit of {SWEEP}"
    assert limit[2].endswith("; over 1 of 3 scenarios")
    assert "large: IoU against ClearNoon:fog_density" in page.text


def test_intervals_are_called_what_they_are(tmp_path: Path) -> None:
    folder = small_score(tmp_path / "scores", scenarios=("east", "west"))
    report(folder, bootstrap=Bootstrap(resamples=50, level=0.8, unit="scenarios"))
    page = Page((folder / "report.html").read_text(encoding="utf-8"))
    assert "95 %" not in page.html
    assert "over frames" not in page.html
    assert "80 % interval" in page.text
    assert "by a paired bootstrap over scenarios" in page.text
    assert "80 % percentile bootstrap, 50 resamples of scenarios, seed 0" in page.section("definitions").text
    assert "about 20 of 100 comparisons of equals are called so" in page.section("definitions").text


def test_the_repeats_of_a_scenario_are_counted_first_and_divided_last(tmp_path: Path) -> None:
    folder = small_score(tmp_path / "scores", repeats=2, weathers=("ClearNoon", "HardRainNoon"))
    page = page_of(folder)
    counts = pd.read_csv(folder / "counts.csv").query("width == 32 and weather == 'HardRainNoon'")
    sums = counts.groupby("class_id")[["tp", "fp", "fn"]].sum()
    expected = (sums["tp"] / sums.sum(axis=1)).mean()
    assert page.section("scenarios").rows[1][0::2] == ["east", f"{expected:.3f}"]


def test_heat_maps_hold_every_class_and_lead_to_the_gallery(page: Page) -> None:
    classes = page.section("classes")
    assert ["class", "ClearNoon", "HardRainNoon *"] in classes.rows, "the rain was scored in part"
    assert "An asterisk: some of the planned scenarios" in classes.text
    assert ["class", "32 × 18", "16 × 9"] in classes.rows
    names = [row[0] for row in classes.rows]
    assert names.count("road") == names.count("mIoU") == 4
    assert "not listed: =train" in classes.text
    assert any(address.startswith("#frame-") for address in classes.addresses)


def test_every_planned_cell_is_a_row_with_the_incomplete_ones_first(page: Page) -> None:
    head, *rows = page.section("cells").rows
    assert len(rows) == 60
    statuses = [row[head.index("status")] for row in rows]
    missing = sum(status != "done" for status in statuses)
    assert "done" not in statuses[:missing]
    scores = [float(row[head.index("mIoU")]) for row in rows[missing:]]
    assert scores == sorted(scores)


def test_differences_are_said_to_be_significant_or_not(page: Page) -> None:
    head, *rows = (row for row in page.section("degradation").rows if len(row) > 8)
    verdicts = {row[head.index("significant")] for row in rows}
    assert verdicts <= {"yes", "not significant", "", "significant"}
    assert "yes" in verdicts
    assert page.section("degradation").html.count('<i class="whisker') >= 4


def test_the_gallery_leads_back_to_rows(page: Page) -> None:
    gallery = page.section("gallery")
    for kind in ("#cell-", "#class-", "#scenario-"):
        assert any(address.startswith(kind) for address in gallery.addresses), kind


def test_only_the_section_of_times_has_times(tmp_path: Path) -> None:
    folder = small_score(tmp_path / "scores")
    first = page_of(folder)
    timing = folder / "timing.csv"
    timing.write_text(timing.read_text().replace("3.5,8.25", "7.75,99.5"))
    second = page_of(folder)
    assert first.html != second.html
    assert first.html.replace(first.section("timing").html, "") == second.html.replace(
        second.section("timing").html, ""
    )


HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;{{7*7}}"


def test_names_are_shown_and_never_run(tmp_path: Path) -> None:
    folder = small_score(
        tmp_path / "scores",
        scenarios=(HOSTILE, "<b>two"),
        weathers=("ClearNoon", f"{HOSTILE}=1", "$x$ <script>alert(2) <!--"),
        models=("'); alert(1); ('", HOSTILE),
        classes=("road", "<svg onload=alert(3)>", "(mean) mIoU"),
    )
    page = page_of(folder)
    assert_sound(page)
    for name in (HOSTILE, "<b>two", "<svg onload=alert(3)>", "$x$ <script>alert(2) <!--", "'); alert(1); ('"):
        assert name in page.text, "shown as it is"


@pytest.mark.parametrize(
    ("plan", "absent"),
    [
        pytest.param({"classes": ("road",)}, [], id="one class"),
        pytest.param({"weathers": ("ClearNoon",)}, ["sweeps"], id="one weather"),
        pytest.param({"sizes": ((32, 18),)}, [], id="one size"),
        pytest.param({"weathers": ("ClearNoon",), "sizes": ((32, 18),), "frames": 1}, [], id="one cell"),
        pytest.param({"weathers": tuple(f"{SWEEP}={fog}" for fog in (0, 50, 100))}, [], id="a sweep alone"),
        pytest.param({"fovs": (60.0, 90.0)}, [], id="two fields of view"),
    ],
)
def test_any_small_plan_has_its_page(tmp_path: Path, plan: dict[str, Any], absent: list[str]) -> None:
    page = page_of(small_score(tmp_path / "scores", **plan))
    assert_sound(page)
    assert not re.search(r"\bnan\b", page.text, re.IGNORECASE)
    for anchor in absent:
        assert anchor not in page.anchors


def test_a_score_of_which_nothing_is_done_has_a_page_that_says_so(tmp_path: Path) -> None:
    folder = write_score_folder(tmp_path / "scores", scenarios=("east",), frames=2, repeats=1, incomplete={})
    for name in ("counts", "bands", "worst", "timing"):
        path = folder / f"{name}.csv"
        path.write_text(path.read_text().splitlines()[0] + "\n")
    _forget_everything(folder)
    page = page_of(folder)
    assert_sound(page)
    assert "0 of 20 planned cells were scored" in page.text
    assert "No frames were kept." in page.text
    assert "Nothing was scored yet." in page.text


def _forget_everything(folder: Path) -> None:
    """Make all cells of a score ones that were never reached."""
    table = pd.read_csv(folder / "scenarios.csv")
    kept = [*CELL, "town", "planned_frames", "label_width", "label_height"]
    empty = table[kept].assign(status="not run", retries=0, frames=0).reindex(columns=table.columns)
    empty.to_csv(folder / "scenarios.csv", index=False)
    pd.read_parquet(folder / "ticks.parquet").iloc[:0].to_parquet(folder / "ticks.parquet", index=False)
    with np.load(folder / "confusion.npz") as file:
        content = {name: file[name] if name == "classes" else file[name][:0] for name in file.files}
    np.savez_compressed(folder / "confusion.npz", **content)


def test_labels_that_differ_between_cells_are_said(tmp_path: Path) -> None:
    folder = small_score(tmp_path / "scores")
    path = folder / "scenarios.csv"
    path.write_text(re.sub(r"(east,HardRainNoon,32,.*),[0-9a-f]{64},", r"\1,other,", path.read_text()))
    page = page_of(folder)
    assert "The ground truth of scenario east at 32 × 18, 90°, is not the same in all cells" in page.text


def test_gates_that_were_not_met_are_said_at_the_top(tmp_path: Path) -> None:
    page = page_of(small_score(tmp_path / "scores"), gates=parse_gates(("miou=0.99",), ()))
    assert "A gate was not met:" in page.text


def test_making_it_again_gives_the_same_page(tmp_path: Path) -> None:
    folder = small_score(tmp_path / "scores")
    first = page_of(folder).html
    assert page_of(folder).html == first


def test_cells_show_what_they_sort_by() -> None:
    assert number_cell(0.12345).text == "0.123"
    assert number_cell(0.12345).sort_value == "0.12345"
    assert number_cell(float("nan")).sort_value == ""
    assert share_cell(1.7).shade == "1.00"
    assert (drop_cell(-6).style, drop_cell(6).style) == ("gain", "drop")
    assert (gain_cell(-6).style, gain_cell(6).style) == ("drop", "gain")
    assert drop_cell(6, is_significant=False).shade is None
    assert [signed(text) for text in ("-0.0", "-1.5", "+2.0", "-0.04")] == ["0.0", "−1.5", "+2.0", "−0.04"]
