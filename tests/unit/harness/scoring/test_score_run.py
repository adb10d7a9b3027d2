"""From outcomes to the journal, and from the journal to what is left to do and to the result of every cell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import DataError, UsageError
from harness.run_dir import digest_input, prepare_output
from harness.scoring.cell_files import save_pass
from harness.scoring.collected import collect
from harness.scoring.plan import Pass, ScorePlan
from harness.scoring.score import Nets, score, setups
from harness.scoring.score_run import ScoreRun
from harness.workers.protocol import PassDone, PassJob
from harness.workers.servers import Servers
from harness.workers.supervisor import Outcome
from tests.unit.harness.scoring.made_cells import make_result

LABELS = {"64x48 @ 90": "the same"}


class Folder:
    """A score folder and what was said about it."""

    def __init__(self, plan: ScorePlan, path: Path, drives: Path | None = None) -> None:
        self.plan = plan
        self.path = path
        self.said: list[str] = []
        self.run = ScoreRun(plan, path, drives=drives, say=self.said.append)

    def jobs(self) -> list[PassJob]:
        return [job for job in self.run.schedule().jobs if isinstance(job, PassJob)]

    def drives(self) -> list[str]:
        return [job.scenario.name for job in self.run.schedule().jobs if not isinstance(job, PassJob)]

    def finish(self, job: PassJob, *, retries: int = 0, labels: dict[str, str] | None = None) -> None:
        """Do a pass as a worker would."""
        file = self.path / job.file
        cells = self.plan.cells_of_pass(job.of)
        save_pass(self.path, file, {cell: make_result(0) for cell in cells})
        done = PassDone(status="done", message="", seconds=1.5, sha256=digest_input(file), labels=labels or LABELS)
        self.run.note(Outcome(job=job, status="done", message="", retries=retries, done=done))


@pytest.fixture
def folder(plan: ScorePlan, tmp_path: Path) -> Folder:
    return Folder(plan, tmp_path)


def test_at_first_everything_is_to_be_done_drives_too(folder: Folder, plan: ScorePlan) -> None:
    assert [job.of for job in folder.jobs()] == list(plan.passes())
    assert folder.drives() == ["alpha", "beta"]
    assert len({job.file for job in folder.jobs()}) == plan.num_passes
    assert folder.jobs()[0].fovs == (90.0,)


def test_a_drive_that_is_there_is_taken(folder: Folder, plan: ScorePlan, tmp_path: Path) -> None:
    (tmp_path / "drives").mkdir()
    (tmp_path / "drives" / "alpha.npz").touch()
    assert folder.drives() == ["beta"]
    recorded = Folder(plan, tmp_path / "out", drives=tmp_path)
    assert recorded.jobs()[0].log == str((tmp_path / "drives" / "alpha.npz").resolve())


def test_a_finished_pass_is_not_run_again_and_a_failed_one_is(folder: Folder, plan: ScorePlan, tmp_path: Path) -> None:
    first, second, *others = folder.jobs()
    folder.finish(first)
    folder.run.note(Outcome(job=second, status="failed", message="no hands", retries=0))
    assert folder.said == [f"failed: {second}: no hands"]
    assert Folder(plan, tmp_path).jobs() == [second, *others]
    assert Folder(plan, tmp_path).drives() == ["alpha", "beta"]


def test_every_planned_cell_has_a_result(folder: Folder, plan: ScorePlan, tmp_path: Path) -> None:
    first, second, third, fourth = folder.jobs()
    folder.finish(first, retries=2)
    folder.run.note(Outcome(job=second, status="timed out", message="it hung", retries=3))
    folder.finish(third)
    (tmp_path / third.file).write_bytes(b"damaged")
    results = collect(tmp_path, plan).results
    assert list(results) == list(plan.cells())
    told = {
        (cell.scenario, cell.weather): (result.status, result.message, result.retries, result.counts is not None)
        for cell, result in results.items()
    }
    assert list(told.values()) == [
        ("done", "", 2, True), ("timed out", "it hung", 3, False), ("not run", "", 0, False), ("not run", "", 0, False)
    ]  # fmt: skip
    assert fourth.of == Pass(scenario="beta", weather="ClearNoon:wetness=50:fog_density=60")


def test_labels_that_differ_are_told_at_once_also_from_those_of_an_earlier_run(
    folder: Folder, plan: ScorePlan, tmp_path: Path
) -> None:
    first, second, third, _ = folder.jobs()
    folder.finish(first)
    folder.finish(third, labels={"64x48 @ 90": "another scenario's"})
    assert folder.said == []
    resumed = Folder(plan, tmp_path)
    resumed.run.schedule()
    resumed.finish(second, labels={"64x48 @ 90": "others"})
    (warning,) = resumed.said
    assert warning.startswith(f"warning: the labels of {second} at 64x48 @ 90 are not those of ClearNoon")


def test_a_worker_for_each_server(plan: ScorePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(8)))
    nets = Nets(runs={"net": Path("run")})
    (alone,) = setups(plan, nets, Servers(seed=3))
    assert (alone.host, alone.port, alone.threads, alone.seed) == (None, None, 0, 3)
    pair = setups(plan, nets, Servers(num_embedded=2))
    assert [each.threads for each in pair] == [4, 4]
    named = setups(plan, nets, Servers(named=(("here", 2000), ("there", 2004))))
    assert [(each.host, each.port) for each in named] == [("here", 2000), ("there", 2004)]


def test_what_cannot_be_meant_is_refused_before_anything_is_deleted(plan: ScorePlan, tmp_path: Path) -> None:
    out = prepare_output(tmp_path / "out")
    (out / "kept").touch()
    nets = Nets(runs={"net": tmp_path / "run"})
    with pytest.raises(UsageError, match="reference model 'other' is not among the scored ones"):
        score(plan, replace(nets, reference="other"), Servers(), suite="s", out=out, overwrite=True)
    with pytest.raises(DataError, match="has no folder drives with logs"):
        score(plan, nets, Servers(), suite="s", out=out, drives=tmp_path, overwrite=True)
    (tmp_path / "drives").mkdir()
    with pytest.raises(DataError, match=r"drives/alpha\.npz"):
        score(plan, nets, Servers(), suite="s", out=out, drives=tmp_path, overwrite=True)
    assert (out / "kept").exists()
