"""Names and sizes that keep the project readable."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for package in ("harness", "sim_scenarios", "nets", "datasets") for path in (ROOT / package).rglob("*.py")
)
MAX_LINES = 450
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "misc", "base"}


def test_a_file_says_what_it_is_for_and_stays_short() -> None:
    wrong = [f"{path.relative_to(ROOT)}: {complaint}" for path in SOURCES for complaint in complaints_about(path)]
    assert not wrong, "\n".join(wrong)


def complaints_about(path: Path) -> Iterator[str]:
    text = path.read_text()
    if not ast.get_docstring(ast.parse(text)):
        yield "no module docstring"
    if (lines := text.count("\n")) > MAX_LINES:
        yield f"{lines} lines, of which {MAX_LINES} are allowed: split it"
    if path.stem in FORBIDDEN_NAMES:
        yield "a name that says nothing"


def test_every_source_folder_is_a_package() -> None:
    folders = {path.parent for path in SOURCES}
    assert folders
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]
