from __future__ import annotations

import pytest

from harness.inspection import markdown


def test_a_table_keeps_its_columns_whatever_is_in_it() -> None:
    assert markdown.table(("a", "b"), [("x|y", "two\nlines"), ("", 3)]) == (
        "| a | b |\n| - | - |\n| x\\|y | two lines |\n| – | 3 |"
    )


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "–"), (0.00001, "<0.01%"), (0.0123, "1.23%"), (0.5, "50.0%"), (1.0, "100.0%")]
)
def test_shares_have_three_figures(value: float, shown: str) -> None:
    assert markdown.share(value) == shown


def test_counts_lists_and_numbers() -> None:
    assert (markdown.count(1, "frame"), markdown.count(1000, "frame")) == ("1 frame", "1,000 frames")
    assert markdown.listed(["a", "", "b", "a"]) == "a, b"
    assert markdown.shortened(list(range(20)), most=3) == "0, 1, 2, … (20 in all)"
    assert (markdown.number(90.0), markdown.number("?"), markdown.number(None)) == ("90", "–", "–")
