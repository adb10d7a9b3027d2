"""The README is true: its tree names what is there, no more, no less; its suite can be loaded."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from sim_scenarios.load import load_suite

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^(?P<indent> *)(?P<name>[\w.\-]+/?)(?: {2,}\S.*)?$")


def tree_of_readme() -> set[str]:
    block = (ROOT / "README.md").read_text().split("## What lies where", 1)[1].split("```")[1]
    entries: set[str] = set()
    parents: list[str] = []
    for line in block.strip("\n").splitlines():
        match = LINE.match(line)
        assert match is not None, f"not a line of the tree: {line!r}"
        depth, name = len(match["indent"]) // 2, match["name"]
        parents[depth:] = [name]
        entries.add("".join(parents))
    return entries


def tracked_entries() -> set[str]:
    """Tracked files and every folder that holds one (with a final slash)."""
    output = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [line for line in output.splitlines() if (ROOT / line).exists()]
    folders = {f"{parent.as_posix()}/" for file in files for parent in Path(file).parents if parent != Path()}
    return set(files) | folders


def test_everything_in_the_tree_exists() -> None:
    assert tree_of_readme() - tracked_entries() == set()


def test_every_folder_shown_open_is_shown_whole() -> None:
    """A folder of the tree that has children there must show all of its own."""
    shown, tracked = tree_of_readme(), tracked_entries()

    def parent(entry: str) -> str:
        return entry.rstrip("/").rpartition("/")[0] + "/" if "/" in entry.rstrip("/") else ""

    opened = {parent(entry) for entry in shown}
    missing = {
        entry
        for entry in tracked
        if parent(entry) in opened and entry not in shown and not entry.endswith("__init__.py")
    }
    assert missing == set()


def test_the_suite_shown_can_be_loaded(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert example is not None
    path = tmp_path / "mine.yaml"
    path.write_text(example[1])
    assert [scenario.split for scenario in load_suite(path).scenarios] == ["train", "test"]
