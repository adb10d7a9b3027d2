"""What a user sees while something runs: bars on a terminal, nothing in a file, and lines whole in either."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.output import FORMATS, OutputTable, figures_of, notes_to, print_formatted
from harness.training.status import StepStatus

TRAINING = """
import time
from harness.cli.output import say, training_bar
from harness.training.status import StepStatus
with training_bar() as bar:
    for done in range(1, 4):
        bar.progress("decoding training frames", done, 3)
    for step in range(1, 7):
        bar.status(StepStatus(epoch=1 + step // 4, step=step, total_steps=6, loss=0.5, miou=0.25, images_per_s=83.44,
                              data_wait_share=0.013, memory_bytes=4.26e9))
        if step == 3:
            say("epoch   1  loss 0.500")
say("done")
"""
LAST_BAR = re.compile(r"epoch 2 ━+ 100% loss 0\.500  mIoU 0\.250  83\.4 img/s  wait 1%  4\.3 GB \S+")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ON_A_TERMINAL = pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")


def status(**figures: float) -> StepStatus:
    known = {"loss": 0.5, "miou": 0.25, "images_per_s": 83.44, "data_wait_share": 0.013, "memory_bytes": 4.26e9}
    return StepStatus(epoch=1, step=1, total_steps=2, **{**known, **figures})


def on_terminal(columns: int, stdout: Path | None = None) -> list[str]:
    """Lines that the training above writes to a terminal of that width, stdout too unless it goes to a file."""
    import pty

    ours, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    with (stdout or Path(os.devnull)).open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-c", TRAINING], env=environment, stdout=file if stdout else terminal, stderr=terminal
        )
    os.close(terminal)
    content = b""
    while True:
        try:
            content += os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
    os.close(ours)
    assert child.wait() == 0
    return re.split(r"[\r\n]+", CONTROL.sub("", content.decode()))  # a bar is drawn again after a carriage return


@ON_A_TERMINAL
@pytest.mark.parametrize("columns", [80, 120])
def test_every_figure_fits_the_terminal(columns: int) -> None:
    lines = on_terminal(columns)
    assert max(map(len, lines)) <= columns
    assert any(LAST_BAR.fullmatch(line) for line in lines)


@ON_A_TERMINAL
def test_a_line_said_beside_a_bar_stays_whole(tmp_path: Path) -> None:
    assert "epoch   1  loss 0.500" in on_terminal(80)
    assert "epoch   1  loss 0.500" not in on_terminal(80, stdout=tmp_path / "out")
    assert (tmp_path / "out").read_text() == "epoch   1  loss 0.500\ndone\n"


def test_no_terminal_no_bar() -> None:
    child = subprocess.run([sys.executable, "-c", TRAINING], capture_output=True, text=True, check=True)
    assert child.stderr == ""
    assert child.stdout == "epoch   1  loss 0.500\ndone\n"


def test_what_is_not_known_is_a_dash() -> None:
    unknown = dict.fromkeys(("loss", "miou", "images_per_s", "data_wait_share", "memory_bytes"), math.nan)
    assert figures_of(status(**unknown)) == "loss –  mIoU –  – img/s  wait –  – GB"


def test_large_figures_have_no_decimals() -> None:
    assert figures_of(status(images_per_s=1034.4, memory_bytes=98.7e9)).split("  ")[2:] == [
        "1034 img/s", "wait 1%", "99 GB",
    ]  # fmt: skip


RESULT = (
    OutputTable(
        name="first", title="First", columns=("class", "IoU"), rows=(("=a|b", 0.123456789), ("c\\d", math.nan))
    ),
    OutputTable(name="second", title="Second", columns=("n",), rows=((1,),)),
)


def test_json_has_every_table_at_full_precision(capsys: pytest.CaptureFixture[str]) -> None:
    print_formatted(RESULT, "json")
    assert json.loads(capsys.readouterr().out) == {
        "first": [{"class": "=a|b", "IoU": 0.123456789}, {"class": "c\\d", "IoU": None}],
        "second": [{"n": 1}],
    }


def test_csv_is_the_first_table_and_no_spreadsheet_runs_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_formatted(RESULT, "csv")
    assert capsys.readouterr().out == "class,IoU\n'=a|b,0.123456789\nc\\d,\n"


def test_markdown_keeps_cells_apart(capsys: pytest.CaptureFixture[str]) -> None:
    print_formatted(RESULT, "markdown")
    assert capsys.readouterr().out == (
        "### First\n\n| class | IoU |\n| --- | --- |\n| =a\\|b | 0.123 |\n| c\\\\d | – |\n\n"
        "### Second\n\n| n |\n| --- |\n| 1 |\n"
    )


def test_tables_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    print_formatted(RESULT, "table")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        ["First"], ["class", "IoU"], ["=a|b", "0.123"], ["c\\d", "–"], ["Second"], ["n"], ["1"]
    ]  # fmt: skip


@pytest.mark.parametrize("output_format", FORMATS)
def test_what_is_no_result_leaves_stdout_to_programs(output_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    notes_to(output_format)("a note")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (("a note\n", "") if output_format == "table" else ("", "a note\n"))
