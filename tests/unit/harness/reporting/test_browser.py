"""The page in a real headless browser, driven by the DevTools protocol over a pipe; skipped where there is none."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.reporting.report import report
from harness.scoring.statistics.bootstrap import Bootstrap
from tests.unit.harness.reporting.conftest import write_score_folder

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = (
    "--headless=new", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else []),
)  # fmt: skip
START = """
import os, sys
os.dup2(int(sys.argv[1]), 3)  # where a browser reads the protocol
os.dup2(int(sys.argv[2]), 4)  # where it writes
os.execvp(sys.argv[3], sys.argv[3:])
"""
PATIENCE_S = 60


class Browser:
    """One tab; what the page complains about is collected."""

    def __init__(self, program: str, profile: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # Both ends are first moved out of the way of the descriptors that they become.
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in (theirs_in, theirs_out)]
        command = [program, *SWITCHES, f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", START, *map(str, ends), *command],
            pass_fds=ends,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for fd in (theirs_in, theirs_out, *ends):
            os.close(fd)
        self._unread = b""
        self._count = 0
        self.complaints: list[str] = []
        self._seen: set[str] = set()
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its result; events on the way are noted."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def open(self, page: Path, *, width: int, is_dark: bool = False) -> None:
        """Load a page from disk, and wait until it is there."""
        self.complaints.clear()
        self._seen.clear()
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Page.navigate", url=page.as_uri())
        while "Page.loadEventFired" not in self._seen:
            self._receive()

    def run(self, script: str) -> Any:
        """The value of an expression; a promise is waited for."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def close(self) -> None:
        os.close(self._out)  # it ends when its pipe does
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            assert select.select([self._in], [], [], PATIENCE_S)[0], f"the browser was silent for {PATIENCE_S} s"
            part = os.read(self._in, 1 << 16)
            assert part, "the browser has ended"
            self._unread += part
        text, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        method = message.get("method", "")
        self._seen.add(method)
        if method in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"):
            self.complaints.append(json.dumps(message["params"]))
        return message


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
    folder = write_score_folder(tmp_path_factory.mktemp("page") / "scores", repeats=1)
    report(folder, bootstrap=Bootstrap(resamples=50))
    return folder / "report.html"


ROWS = (
    "[...{table}.tBodies[0].rows].filter(row => !row.hidden).map(row => [...row.cells].map(c => c.textContent.trim()))"
)
CELLS = "document.querySelector('#cells table')"


def shown(browser: Browser, table: str = CELLS) -> list[list[str]]:
    """The rows that can be seen, as text."""
    return list(browser.run(ROWS.format(table=table)))


def search_for(browser: Browser, words: str) -> None:
    """Type into the search box of the table of cells."""
    browser.run(
        f"{{ const search = document.querySelector('#cells input'); search.value = {json.dumps(words)};"
        " search.dispatchEvent(new Event('input')); }"
    )


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("is_dark", [False, True])
def test_the_page_loads_without_complaint_and_fits(browser: Browser, page: Path, width: int, is_dark: bool) -> None:
    browser.open(page, width=width, is_dark=is_dark)
    browser.run("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert browser.complaints == []
    assert browser.run("document.documentElement.scrollWidth") <= width
    # What is wider than the screen lies in a box of its own that scrolls.
    wide = browser.run(
        "[...document.body.querySelectorAll('*')].filter(e => !e.closest('.scroll table') && !e.closest('svg')"
        " && e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 120))"
    )
    assert wide == []
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(20, 24, 29)" if is_dark else "rgb(255, 255, 255)")


@pytest.mark.parametrize("width", [1280, 400])
def test_text_is_large_enough_to_read(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    smallest = browser.run(
        "Math.min(...[...document.querySelectorAll('td, p, dd, small, svg text')].filter(e => e.checkVisibility())"
        ".map(e => parseFloat(getComputedStyle(e).fontSize) * (e.closest('svg') ? e.getScreenCTM().a : 1)))"
    )
    assert smallest >= 10


def test_figures_and_images_are_there(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    sizes = browser.run(
        "Promise.all([...document.images].map(async each => {"
        " each.loading = 'eager'; await each.decode(); return each.naturalWidth; }))"
    )
    assert len(sizes) >= 4
    assert min(sizes) > 0
    charts = browser.run("[...document.querySelectorAll('svg')].map(e => e.querySelector('.line').getTotalLength())")
    assert len(charts) >= 3
    assert min(charts) > 10


def test_tables_sort_by_number_and_by_text_with_what_is_absent_last(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    headings = [text.strip() for text in browser.run(f"[...{CELLS}.tHead.rows[0].cells].map(c => c.textContent)")]
    miou, weather = headings.index("mIoU"), headings.index("weather")
    click = f"{CELLS}.tHead.rows[0].cells[{{}}].querySelector('button').click()"
    browser.run(click.format(miou))
    falling = [row[miou] for row in shown(browser)]
    browser.run(click.format(miou))
    rising = [row[miou] for row in shown(browser)]
    browser.run(click.format(weather))
    numbers = [float(text) for text in falling if text != "–"]
    assert numbers == sorted(numbers, reverse=True)
    assert falling[len(numbers) :] == rising[len(numbers) :] == ["–"] * (len(falling) - len(numbers))
    assert [float(text) for text in rising[: len(numbers)]] == sorted(numbers)
    weathers = [row[weather] for row in shown(browser)]
    assert weathers[0] == "ClearNoon"
    assert weathers[-1] == "HardRainNoon"
    assert browser.run(f"{CELLS}.tHead.rows[0].cells[{weather}].ariaSort") == "ascending"
    assert browser.complaints == []


def test_tables_filter_by_word_and_by_choice_and_say_how_many_are_left(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    box = "document.querySelector('#cells .filter')"
    count = f"{box}.querySelector('output').value"
    assert browser.run(count) == "60 of 60 rows"
    search_for(browser, "hardrain SOUTH")
    rows = shown(browser)
    assert len(rows) == 4
    assert all(row[0] == "south" and row[1] == "HardRainNoon" for row in rows)
    browser.run(
        f"{{ const list = [...{box}.querySelectorAll('label')].find(e => e.textContent.startsWith('status'))"
        ".querySelector('select'); list.value = 'failed'; list.dispatchEvent(new Event('change')); }"
    )
    assert browser.run(count) == "0 of 60 rows", "both must fit"
    search_for(browser, "")
    assert [row for row in shown(browser) if "failed" not in row] == []
    assert browser.run(count) == "2 of 60 rows"
    browser.run(f"{box}.querySelector('button').click()")
    assert browser.run(count) == "60 of 60 rows"
    assert browser.complaints == []


def test_a_link_to_a_row_that_is_filtered_out_shows_it(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    search_for(browser, "no such row")
    assert shown(browser) == []
    target = browser.run("[...document.querySelectorAll('#gallery a')].find(a => a.hash.startsWith('#cell-')).hash")
    browser.run(
        f"new Promise(done => {{ addEventListener('hashchange', done, {{once: true}}); location.hash = '{target}'; }})"
    )
    assert len(shown(browser)) == 60
    assert browser.run("document.querySelector(':target').checkVisibility()") is True


def test_everything_can_be_reached_by_keyboard(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    browser.run(f"{CELLS}.tHead.querySelector('button').focus()")
    for kind in ("keyDown", "keyUp"):
        browser.send(
            "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r"
        )
    assert browser.run(f"{CELLS}.tHead.rows[0].cells[0].ariaSort") == "ascending"
    assert browser.run("[...document.querySelectorAll('.scroll')].every(e => e.tabIndex === 0)") is True


def test_without_its_script_the_page_says_the_same(browser: Browser, page: Path, tmp_path: Path) -> None:
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page, width=1280)
    browser.send("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.run("document.querySelectorAll('.filter').length") == 0
    assert len(shown(browser)) == 60
    assert browser.run("getComputedStyle(document.querySelector('th button'), '::after').content") == "none"
    assert browser.complaints == []
