"""What Weights & Biases and MLflow get of a run that is broken off twice, with the real packages and without a network.

The sessions are made in one child process, see ``report_sessions``; the tests read what it left.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.run_dir import RunDir
from harness.training.config import TrainConfig
from harness.training.trackers import check_trackers, open_trackers
from tests.unit.harness.training.run_figures import epoch_metrics

SCRIPT = Path(__file__).with_name("report_sessions.py")
ROOT = Path(__file__).parents[5]
TOLD = ("WANDB", "MLFLOW", "PYTEST", "CI", "GITHUB", "DO_NOT_TRACK", "NETRC")
"""How names of environment variables begin that tell a tracker where to go, or that it is tested."""


@dataclass(frozen=True)
class Sessions:
    """What the child process left."""

    folder: Path
    seen: dict[str, Any]

    @property
    def run(self) -> RunDir:
        return RunDir(self.folder / "my run")


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    folder = tmp_path_factory.mktemp("sessions")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(TOLD)}
    environment |= {"HOME": str(folder), "PYTHONPATH": str(ROOT)}
    child = subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), str(folder)],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    return Sessions(folder, json.loads(child.stdout.splitlines()[-1]))


def mlflow_entry(run: RunDir) -> Path:
    (entry,) = [path.parent for path in run.path.glob("mlflow/*/*/meta.yaml")]
    return entry


def wandb_id(sessions: Sessions) -> str:
    return json.loads(sessions.run.trackers.read_text())["wandb"]


def wandb_sessions(run: RunDir) -> list[Path]:
    """The folders of its sessions in order: named after the second, with a number where that is taken."""
    return sorted(run.path.glob("wandb/offline-run-*"))


def wandb_records(folder: Path) -> list[Any]:
    """The records of a session: protobuf messages in the framing of LevelDB's log, behind a header of 7 bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = folder.glob("*.wandb")
    content, records, whole = path.read_bytes(), [], b""
    place = 7
    while place + 7 <= len(content):
        if 32768 - place % 32768 < 7:  # the end of a block, too short for a frame
            place += 32768 - place % 32768
            continue
        length, kind = int.from_bytes(content[place + 4 : place + 6], "little"), content[place + 6]
        whole += content[place + 7 : place + 7 + length]
        if kind in (1, 4):  # the whole of a record, or its last part
            records.append(Record.FromString(whole))
            whole = b""
        place += 7 + length
    return records


def wandb_history(folder: Path) -> list[dict[str, Any]]:
    """What was logged, by name."""
    rows = []
    for record in wandb_records(folder):
        if record.HasField("history"):
            items = {item.key or "/".join(item.nested_key): item.value_json for item in record.history.item}
            rows.append({name: json.loads(text) for name, text in items.items()})
    return rows


def test_nothing_left_the_machine(sessions: Sessions) -> None:
    assert sessions.seen["outside"] == []
    assert sessions.seen["wandb reports"] is False


def test_mlflow_has_one_entry_with_the_epochs_of_all_sessions(sessions: Sessions) -> None:
    entry = mlflow_entry(sessions.run)
    rows = [line.split() for line in (entry / "metrics/train/loss").read_text().splitlines()]
    assert [(float(value), int(step)) for _, value, step in rows] == [(1 / epoch, 10 * epoch) for epoch in range(1, 7)]
    assert sorted(path.name for path in (entry / "metrics/validation_iou").iterdir()) == ["Roads"]


def test_mlflow_has_settings_pictures_and_how_each_session_ended(sessions: Sessions) -> None:
    entry = mlflow_entry(sessions.run)
    settings = {path.name: path.read_text() for path in (entry / "params").iterdir()}
    assert settings["net_options.base_channels"] == "8"
    assert settings["seed"] == "3"
    assert settings["label_set"] == "carla29"
    assert (entry / "artifacts/curves.png").read_bytes() == sessions.run.curves.read_bytes()
    failed, killed, finished = "status: 4", "status: 5", "status: 3"
    assert sessions.seen["states"] == [failed, killed, finished]


def test_wandb_has_one_id_with_the_epochs_of_each_session(sessions: Sessions) -> None:
    folders = wandb_sessions(sessions.run)
    assert {path.name for folder in folders for path in folder.glob("*.wandb")} == {f"run-{wandb_id(sessions)}.wandb"}
    rows = [[row for row in wandb_history(folder) if "epoch" in row] for folder in folders]
    assert [[row["epoch"] for row in session] for session in rows] == [[1, 2], [3, 4], [5, 6]]
    last = rows[-1][-1]
    assert last["train/loss"] == 1 / 6
    assert last["_step"] == 60
    assert "validation_iou/Roads" in last
    assert "validation_iou/Car, parked" not in last


def test_wandb_has_settings_and_pictures(sessions: Sessions) -> None:
    *_, last = wandb_sessions(sessions.run)
    records = wandb_records(last)
    (run,) = [record.run for record in records if record.HasField("run")]
    settings = {item.key: json.loads(item.value_json) for item in run.config.update}
    assert settings["net_options"] == {"base_channels": 8}
    assert run.project == "carla-loop-harness"
    assert run.display_name == "my run"
    (picture,) = last.glob("files/media/images/pictures/curves_*.png")
    assert picture.read_bytes() == sessions.run.curves.read_bytes()


def test_the_user_is_told_where_the_entries_are(sessions: Sessions) -> None:
    first_wandb, first_mlflow = sessions.seen["notes"][:2]
    assert str(sessions.run.path / "wandb" / "offline-run-") in first_wandb
    assert "`wandb sync`" in first_wandb
    assert first_mlflow.endswith(f"in {sessions.run.path / 'mlflow'}")


def test_a_server_that_does_not_answer_is_named_without_its_password(sessions: Sessions) -> None:
    message = sessions.seen["unreachable"]
    assert "mlflow cannot be used at http://127.0.0.1:1 (" in message
    assert "MLFLOW_TRACKING_URI" in message
    assert "secret" not in message


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_tracker_that_fails_on_the_way_does_not_end_the_training(sessions: Sessions, name: str) -> None:
    _, lost, *_ = sessions.seen["vanishing"][name]
    assert lost.startswith(f"{name}: not reported, but kept in ")


def test_wandb_goes_online_only_for_a_user_who_is_logged_in(sessions: Sessions) -> None:
    assert sessions.seen["mode"] == ["offline", None]


def test_no_tracker_is_no_import_and_no_file(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path)
    before = {*sys.modules}
    with open_trackers((), run, TrainConfig(), pytest.fail) as opened:
        opened.log(epoch_metrics(1))
    assert {"wandb", "mlflow"}.isdisjoint({*sys.modules} - before)
    assert not run.trackers.exists()


def test_a_tracker_that_is_not_known_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match=r"no tracker 'wandbb'\. Did you mean 'wandb'\?"):
        check_trackers(("wandbb",))


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_missing_package_names_the_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"harness.training.trackers.{name}_tracker", raising=False)
    for variable in ("WANDB_ERROR_REPORTING", "MLFLOW_DISABLE_TELEMETRY", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"):
        monkeypatch.setenv(variable, "")  # what the module sets is taken back after the test
    with pytest.raises(UsageError, match=rf"--track {name} .* \({name}\): pip install 'carla-loop-harness\[track\]'"):
        check_trackers((name,))
