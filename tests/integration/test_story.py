"""The README's story, command by command, through the real client and the embedded simulator."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from harness.cli import harness

ROOT = Path(__file__).parents[2]
STORY = re.search(r"## The story in commands.*?\n```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)

# The same commands on the suite that takes seconds, with a net that trains in seconds.
TINY = ["--epochs", "1", "--base-channels", "4", "--depth", "2", "--batch-size", "2"]
EXTRA = {
    "train": TINY,
    "ablate": [*TINY, "--size", "64x36", "--seeds", "0", "--vary", "skip_connections=false"],
    "bench": ["--calls", "5", "--seconds", "0"],
    "evaluate": ["-o", "out/evaluated"],
    "score": ["--weather", "ClearNoon,HardRainNight"],
    "drive": ["--time-limit", "1", "--size", "320x180", "--decide-every", "4"],
    "mine": ["--min-motion", "0", "--limit", "20"],
}


def story_commands() -> list[list[str]]:
    assert STORY is not None
    commands = []
    for line in STORY[1].splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "harness"
        arguments = [re.sub(r"\b(city|weather)$", "smoke", word) for word in arguments]
        commands.append(arguments + EXTRA.get(arguments[0], []))
    return commands


def run(arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments], cwd=cwd, capture_output=True, text=True, timeout=240
    )


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, subprocess.CompletedProcess[str]]]:
    """The folder after the whole story, and what each command printed."""
    folder = tmp_path_factory.mktemp("story")
    done = {}
    for arguments in story_commands():
        done[arguments[0]] = result = run(arguments, folder)
        assert result.returncode == 0, f"{shlex.join(arguments)}\n{result.stdout}\n{result.stderr}"
    return folder, done


@pytest.mark.integration
def test_the_story_of_the_readme_runs(story: tuple[Path, dict[str, subprocess.CompletedProcess[str]]]) -> None:
    folder, done = story
    assert "embedded simulator" in done["record"].stdout
    assert (folder / "out/unet/report.html").stat().st_size > 10_000
    assert "Roads" in done["score"].stdout


@pytest.mark.integration
def test_labels_are_identical_across_weathers(story: tuple[Path, dict[str, subprocess.CompletedProcess[str]]]) -> None:
    folder, _ = story
    table = pd.read_csv(folder / "out/unet/scenarios.csv")
    assert set(table["weather"]) == {"ClearNoon", "HardRainNight"}
    assert (table["status"] == "done").all()
    assert (table.groupby(["scenario", "width", "height"])["labels_digest"].nunique() == 1).all()


@pytest.mark.integration
def test_counts_agree_with_the_scenario_table(story: tuple[Path, dict[str, subprocess.CompletedProcess[str]]]) -> None:
    folder, _ = story
    scenarios = pd.read_csv(folder / "out/unet/scenarios.csv")
    counts = pd.read_csv(folder / "out/unet/counts.csv")
    for row in scenarios.itertuples():
        cell = counts[
            (counts.scenario == row.scenario) & (counts.weather == row.weather) & (counts.width == row.width)
        ].set_index("class")
        roads = cell.loc["Roads"]
        assert row.iou_Roads == pytest.approx(roads.tp / (roads.tp + roads.fp + roads.fn))
        assert cell.tp.sum() + cell.fn.sum() <= row.frames * row.label_width * row.label_height


@pytest.mark.integration
def test_a_live_score_is_that_of_the_recorded_frames(
    story: tuple[Path, dict[str, subprocess.CompletedProcess[str]]],
) -> None:
    folder, _ = story
    live = pd.read_csv(folder / "out/unet/scenarios.csv").query("weather == 'ClearNoon' and width == 320")
    recorded = pd.read_csv(folder / "out/evaluated/scenarios.csv")
    assert recorded["scenario"].tolist() == live["scenario"].tolist() == ["smoke-test"]
    assert recorded["miou"].tolist() == live["input_miou"].tolist()


BAD_INPUT = [
    (["record", "smok", "-o", "x"], 6, "smoke"),
    (["record", "smoke", "-o", "x", "--host", "127.0.0.1", "--port", "9"], 3, "127.0.0.1:9"),
    (["score", "runs/unet", "smoke", "--weather", "ClearNon", "-o", "x"], 6, "ClearNoon"),
    (["score", "runs/unet", "smoke", "--size", "640", "-o", "x"], 6, "640"),
    (["score", "no_such_run", "smoke", "-o", "x"], 8, "no_such_run"),
    (["train", "no_such_data", "-o", "x"], 7, "no_such_data"),
    (["record", "smoke", "-o", "data/smoke"], 9, "--resume"),
    (["record", "smoke", "-o", "x", "--resume", "--overwrite"], 2, "--resume"),
    (["report", "runs"], 7, "score"),
    (["train", "data/smoke", "-o", "x", "--net", "umet"], 2, "unet"),
    (["train", "data/smoke", "-o", "x", "--labels", "carla92"], 2, "carla29"),
]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("arguments", "code", "hint"), BAD_INPUT, ids=lambda value: "-".join(value) if isinstance(value, list) else None
)
def test_bad_input_is_one_clear_message_and_an_exit_code_of_its_own(
    story: tuple[Path, dict[str, subprocess.CompletedProcess[str]]],
    arguments: list[str],
    code: int,
    hint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In this process, which has imported everything; that codes reach the shell is tested by those of Ctrl-C."""
    folder, _ = story
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(harness, arguments)
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert hint in result.stderr
    assert not (folder / "x").exists() or not any(folder.joinpath("x").glob("[!.]*"))
