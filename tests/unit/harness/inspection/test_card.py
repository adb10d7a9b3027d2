from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasets.labels import LabelClass, LabelSet
from harness.inspection.card import OWN_WORDS, data_card
from harness.inspection.survey import open_streams, survey


def _card(root: Path, earlier: str | None = None) -> str:
    recording, streams = open_streams(root)
    return data_card(survey(recording, streams), streams, sampled_frames=1, earlier=earlier)


def test_the_card_says_what_how_and_how_much(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    extra = {"suite": "city", "embedded_simulator": True, "definition": {"fixed_delta_seconds": 0.05}}
    made.drive("one", extra=extra)
    made.drive("two", frames=range(4), seed=2, split="test", weather="DenseFog", extra=extra)
    card = _card(made.root)
    for fact in (
        "# Data card: city",
        "10 street frames",
        "6 train, 4 test",
        "embedded simulator (0.9.16)",
        "0.05 s",
        "| front | 32x24 | 90 | 1.5, 0, 2 | 0, 0, 0 |",
        "| 1 | one | train | Town10HD | ClearNoon | front | 6 | 0.2 | 2 |",
        "None: no frame was left out",
        "## Licence",
    ):
        assert fact in card


def test_the_card_of_imported_data_speaks_of_no_drives(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    samples = [replace(made.sample(frame), camera_transform=(0.0,) * 6) for frame in (0, 2)]
    origin = {"imported_from": {"importer": "camvid", "settings": {}}}
    camera = {"name": "camera", "width": 32, "height": 24}
    made.add(samples, extra=origin, camera=camera, town="", server_version="", weather="unknown")
    card = _card(made.root)
    assert "- imported from: camvid" in card
    for word in ("server", "ticks", "Drives", "Mounting", "towns"):
        assert word not in card.split("## What is in it")[0], word


def test_every_table_is_well_formed(new_recording: Callable[..., Any]) -> None:
    nasty = LabelSet(name="nasty", classes=tuple(LabelClass(name=f"a|b\n{k}", color=(k, k, k)) for k in range(12)))
    made = new_recording()
    made.drive("one", tag_table=nasty)
    made.drive("two", seed=2, weather="fog|rain", split="val", town="", server_version="")
    blocks = re.findall(r"(?:^\|.*\|\n?)+", _card(made.root), flags=re.MULTILINE)
    assert len(blocks) >= 6
    for block in blocks:
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(columns) == 1, block


def test_faults_leaks_and_pairs_are_written_down(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", frames=[0, 1, 4])
    made.drive("one", frames=[0, 1, 4], weather="DenseFog", gain=0.5)
    made.drive("copy", frames=[0, 1], split="test")
    line = {"scenario": "one", "weather": "ClearNoon", "camera": "front", "frame": 2, "kind": "black", "detail": ""}
    (made.root / "quarantine.jsonl").write_text(json.dumps(line) + "\n")
    card = _card(made.root)
    assert "- one, ClearNoon, front: 1 × black" in card
    assert "2 frame numbers are missing, the longest row of 2 after frame 1" in card
    assert "4 frames by their picture" in card
    assert "**a leak" in card
    assert "in 3 of 3 frames" in card


def test_equal_data_give_equal_cards(new_recording: Callable[..., Any]) -> None:
    cards = []
    for _ in range(2):
        made = new_recording()
        made.drive("one")
        cards.append(_card(made.root))
    assert cards[0] == cards[1]


def test_the_words_of_the_user_are_kept(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one")
    first = _card(made.root)
    mine = first.replace("To be filled in by who publishes these data.", "CC BY 4.0\n\n## Thanks\n\nTo the city.")
    again = _card(made.root, earlier=mine)
    assert again == mine
    assert _card(made.root, earlier="something without the line") == first
    assert again.count(OWN_WORDS) == 1


def test_its_program_loads_a_frame(new_recording: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made = new_recording()
    made.drive("one", split="val")
    found = re.search(r"```python\n(.*?)```", _card(made.root), flags=re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    (made.root.parent / "DIR").symlink_to(made.root)
    monkeypatch.chdir(made.root.parent)
    exec(found[1], names)
    assert names["sample"].rgb.shape == (24, 32, 3)
