from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli import harness


def test_tables_findings_and_files(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", frames=[0, 1, 4])
    made.drive("one", frames=[0, 1, 4], weather="DenseFog", gain=0.5)
    made.drive("copy", frames=[0, 1], split="test")
    line = {"scenario": "one", "weather": "ClearNoon", "camera": "front", "frame": 2, "kind": "black", "detail": ""}
    (made.root / "quarantine.jsonl").write_text(json.dumps(line) + "\n")
    result = CliRunner().invoke(harness, ["inspect", str(made.root)], catch_exceptions=False)
    assert result.exit_code == 0
    for text in (
        "8 frames",
        "by weather: ClearNoon 5, DenseFog 3",
        "ClearNoon = DenseFog: tags identical in 3 of 3 frames",
        "LEAK: 4 frames by picture",
        "2 frame numbers missing",
        "black",
        "data_card.md",
    ):
        assert text in result.output
    assert (made.root / "data_card.md").exists()


def test_json_and_nothing_else_goes_to_stdout(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one")
    result = CliRunner().invoke(harness, ["inspect", str(made.root), "--json", "--no-card"], catch_exceptions=False)
    assert json.loads(result.stdout)["frames"] == 6
    assert not (made.root / "data_card.md").exists()


def test_another_folder(new_recording: Callable[..., Any], tmp_path: Any) -> None:
    made = new_recording()
    made.drive("one")
    result = CliRunner().invoke(harness, ["inspect", str(made.root), "-o", str(tmp_path / "card")])
    assert result.exit_code == 0
    assert len(list((tmp_path / "card").iterdir())) == 3
    assert not list(made.root.glob("*.png"))


@pytest.mark.parametrize("arguments", [["inspect"], ["inspect", "nowhere"]])
def test_no_recording(arguments: list[str]) -> None:
    assert CliRunner().invoke(harness, arguments).exit_code in (2, 7)
