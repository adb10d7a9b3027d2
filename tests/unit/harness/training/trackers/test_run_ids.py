"""Ids of a run in its trackers: kept side by side; a damaged file is not taken for none."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import DataError
from harness.run_dir import RunDir
from harness.training.trackers.run_ids import keep_id, kept_id


def test_ids_of_several_trackers_are_kept(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    assert kept_id(run, "wandb") is None
    keep_id(run, "wandb", "a")
    keep_id(run, "mlflow", "b")
    keep_id(run, "wandb", "c")
    assert [kept_id(run, tracker) for tracker in ("wandb", "mlflow", "other")] == ["c", "b", None]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"wandb": 1}'])
def test_a_damaged_file_is_an_error(tmp_path: Path, content: str) -> None:
    run = RunDir.create(tmp_path)
    run.trackers.write_text(content)
    with pytest.raises(DataError, match=r"trackers\.json .*Without it"):
        keep_id(run, "wandb", "a")
