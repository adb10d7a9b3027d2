from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli import harness
from harness.viewing import view_file

pytest.importorskip("rerun", reason="the extra 'view' is not installed")


@pytest.fixture(autouse=True)
def _no_screen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_file_is_written_where_it_was_asked_for(new_recording: Callable[..., Any], tmp_path: Path) -> None:
    made = new_recording()
    made.drive("one")
    arguments = ["view", str(made.root), "--save", "out/one.rrd", "--every", "2"]
    result = CliRunner().invoke(harness, arguments, catch_exceptions=False)
    assert "3 frames of 1 streams" in result.output
    assert (tmp_path / "out/one.rrd").stat().st_size > 1000


def test_without_a_screen_it_says_how_to_open_the_file(
    new_recording: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_file, "has_screen", lambda: False)
    made = new_recording()
    made.drive("one")
    result = CliRunner().invoke(harness, ["view", str(made.root)], catch_exceptions=False)
    assert "no screen here" in result.output
    assert f"rerun {made.root.name}.rrd" in result.output
    assert (tmp_path / f"{made.root.name}.rrd").exists()


def test_with_a_screen_the_viewer_is_shown_and_nothing_is_left(
    new_recording: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[Path, int]] = []
    monkeypatch.setattr(view_file, "has_screen", lambda: True)
    monkeypatch.setattr(view_file, "open_viewer", lambda path: shown.append((path, path.stat().st_size)))
    made = new_recording()
    made.drive("one")
    assert CliRunner().invoke(harness, ["view", str(made.root)], catch_exceptions=False).exit_code == 0
    ((path, size),) = shown
    assert size > 1000
    assert not path.exists()
    assert not list(tmp_path.glob("*.rrd"))
