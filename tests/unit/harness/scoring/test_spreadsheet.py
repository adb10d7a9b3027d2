from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scoring.spreadsheet import one_line, plain_text, write_table


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_runs_begins_with_an_apostrophe(text: str) -> None:
    assert plain_text(text) == "'" + text


@given(st.text(alphabet="aZ09 éß日_./:>,\"'-+=@", max_size=12).filter(lambda text: not text.startswith(tuple("=+-@"))))
def test_other_text_stays_as_it_is(text: str) -> None:
    assert plain_text(text) == text


def test_numbers_come_back_to_the_last_bit_and_nan_is_an_empty_cell(tmp_path: Path) -> None:
    values = [0.1 + 0.2, np.nan, 1e-300, -2.5]
    write_table(tmp_path / "t.csv", pd.DataFrame({"class": ["=a", "b", "-c", ""], "iou": values, "tp": [1, -2, 3, 4]}))
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[:3] == ["class,iou,tp", "'=a,0.30000000000000004,1", "b,,-2"]
    assert [float(line.split(",")[1] or "nan") for line in lines[1:]] == pytest.approx(
        values, rel=0, abs=0, nan_ok=True
    )


def test_a_table_without_rows_has_its_header(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", pd.DataFrame({"=class": pd.Series(dtype=object), "iou": pd.Series(dtype=float)}))
    assert (tmp_path / "t.csv").read_text() == "'=class,iou\n"


def test_a_message_is_one_line() -> None:
    assert one_line("  it failed:\n  why\tnot ") == "it failed: why not"
