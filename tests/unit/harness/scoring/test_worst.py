from __future__ import annotations

import numpy as np
import pytest

from harness.scoring.cells import FrameScore
from harness.scoring.worst import KeptFrame, WorstFrames, folder_name

BLANK = np.zeros((2, 2), dtype=np.uint8)


def kept(frame: int, miou: float) -> KeptFrame:
    score = FrameScore(frame=frame, pixel_accuracy=1.0, miou=miou)
    return KeptFrame(score=score, rgb=np.zeros((2, 2, 3), dtype=np.uint8), truth=BLANK, prediction=BLANK)


def test_the_lowest_scores_are_kept_worst_first() -> None:
    worst = WorstFrames(3)
    for frame, miou in enumerate([0.5, 0.2, float("nan"), 0.9, 0.2, 0.1, 0.7]):
        worst.offer(kept(frame, miou))
    assert [(each.score.frame, each.score.miou) for each in worst.frames] == [(5, 0.1), (1, 0.2), (4, 0.2)]


def test_none_are_kept_when_none_are_asked_for() -> None:
    worst = WorstFrames(0)
    worst.offer(kept(0, 0.1))
    assert worst.frames == ()


@pytest.mark.parametrize("name", ["ClearNoon", "WetCloudySunset", "a-b_c.d"])
def test_safe_names_are_folder_names(name: str) -> None:
    assert folder_name(name) == name


def test_other_names_become_safe_and_stay_apart() -> None:
    names = ["ClearNoon:fog_density=60", "ClearNoon:fog_density=61", "../../x", "..", "a/b", "a b", ".hidden"]
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    for folder in folders:
        assert "/" not in folder
        assert ":" not in folder
        assert not folder.startswith(".")
