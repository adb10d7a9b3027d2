"""Names and sizes that keep the project readable."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for package in ("harness", "sim_scenarios", "nets", "datasets") for path in (ROOT / package).rglob("*.py")
)
MAX_LINES = 450
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "misc", "base"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_says_what_it_is_for_and_stays_short(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert text.count("\n") <= MAX_LINES, "split it"
    assert path.stem not in FORBIDDEN_NAMES


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in SOURCES}), ids=lambda folder: str(folder.relative_to(ROOT))
)
def test_every_source_folder_is_a_package(folder: Path) -> None:
    assert (folder / "__init__.py").exists()
