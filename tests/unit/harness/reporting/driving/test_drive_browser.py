"""The page of a run in a real headless browser; skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.reporting.driving.report import drive_report
from tests.unit.harness.reporting.driving.conftest import write_drive_folder
from tests.unit.harness.reporting.test_browser import BROWSERS, Browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser on PATH: one of {', '.join(BROWSERS)}")
    made = Browser(program, tmp_path_factory.mktemp("profile"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drive_report(write_drive_folder(tmp_path_factory.mktemp("page") / "out")).page


SHOWN_PATHS = (
    "[...document.querySelectorAll('.map g')].filter(g => getComputedStyle(g).display !== 'none')"
    ".map(g => g.getAttribute('class'))"
)


@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_a_screen_and_complains_of_nothing(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width, is_dark=width == 360)
    assert browser.run("document.documentElement.scrollWidth") <= width
    widths = browser.run("[...document.querySelectorAll('.map svg, .chart > svg')].map(e => e.clientWidth)")
    assert widths
    assert max(widths) <= width
    assert browser.run("[...document.querySelectorAll('svg.symbol')].every(e => e.getBoundingClientRect().width < 30)")
    assert browser.complaints == []


def test_the_film_plays(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    script = "document.querySelector('.film img').decode().then(() => document.querySelector('.film img').naturalWidth)"
    assert browser.run(script) == 32


def test_a_policy_can_be_hidden_in_the_maps(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    assert set(browser.run(SHOWN_PATHS)) == {"series0", "series1", "series2"}
    browser.run("document.querySelector('.show-series0').click()")
    assert set(browser.run(SHOWN_PATHS)) == {"series1", "series2"}


def test_an_infraction_leads_to_its_episode_and_that_to_its_map(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    target = browser.run("document.querySelector('#infractions td a').getAttribute('href')")
    browser.run("document.querySelector('#infractions td a').click()")
    assert browser.run("location.hash") == target
    browser.run(f"document.querySelector('{target} a').click()")
    assert browser.run("document.querySelector(location.hash).className") == "map"
