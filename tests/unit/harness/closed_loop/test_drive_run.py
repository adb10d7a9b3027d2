"""From outcomes to the journal, and from the journal to what is left to be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.labels import CARLA_29
from harness.closed_loop.description import check_same_drive, describe_drive
from harness.closed_loop.drive_run import DriveNet, drive_suite, setups
from harness.errors import OutputInUseError, UsageError
from harness.run_dir import prepare_output
from harness.workers.protocol import EpisodeJob, read_order, to_line
from harness.workers.servers import Servers
from tests.unit.harness.closed_loop.drive_folder import DriveFolder, make_plan


@pytest.fixture
def folder(tmp_path: Path) -> DriveFolder:
    return DriveFolder(tmp_path)


def test_at_first_every_episode_is_to_be_done(folder: DriveFolder) -> None:
    assert [job.key for job in folder.jobs] == list(folder.plan.episodes())
    assert len({job.file for job in folder.jobs}) == len({str(job) for job in folder.jobs}) == 4
    assert [job.scenario.seed for job in folder.jobs] == [7, 1007, 7, 1007]


def test_a_job_survives_the_pipe(folder: DriveFolder) -> None:
    job = folder.jobs[0]
    read = read_order(to_line(job))
    assert isinstance(read, EpisodeJob)
    assert read == job
    assert read.key == job.key
    assert read.rules == job.rules


def test_a_finished_episode_is_not_driven_again_and_any_other_is(folder: DriveFolder) -> None:
    first, second, third, fourth = folder.jobs
    folder.finish(first, reason="collision")
    folder.finish(second, reason="policy raised", message="ValueError: no road")
    folder.give_up(third, "crashed", "the server ended")
    assert folder.said == [f"failed: {second}: ValueError: no road", f"crashed: {third}: the server ended"]
    assert DriveFolder(folder.path).jobs == [second, third, fourth]
    (folder.path / first.file).write_bytes(b"damaged")
    assert DriveFolder(folder.path).jobs == [first, second, third, fourth]


def test_another_run_is_not_resumed(folder: DriveFolder) -> None:
    check_same_drive(folder.path, _describe(folder))
    for changes, differing in (({"policies": ["route"]}, "policies"), ({"repeats": 3}, "repeats")):
        other = describe_drive(make_plan(**changes), CARLA_29, models={}, suite="s", server={"embedded": True})
        with pytest.raises(OutputInUseError, match=f"holds a drive with other .*{differing}"):
            check_same_drive(folder.path, other)
    changed = _describe(folder) | {"models": {"net": {"weights_sha256": "1" * 64}}}
    with pytest.raises(OutputInUseError, match="other models"):
        check_same_drive(folder.path, changed)


def test_a_policy_whose_file_has_changed_is_another_run(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    text = (
        "from harness.closed_loop.policy import Policy, FULL_BRAKE\nclass Still(Policy):\n"
        "    def begin(self, episode): pass\n    def act(self, observation): return FULL_BRAKE\n"
    )
    file.write_text(text)
    folder = DriveFolder(tmp_path, make_plan(policies=[f"{file}:Still"]))
    check_same_drive(folder.path, _describe(folder))
    file.write_text(text + "# braver\n")
    with pytest.raises(OutputInUseError, match="other policies"):
        check_same_drive(folder.path, _describe(folder))


def test_a_net_is_loaded_only_where_a_policy_may_need_it() -> None:
    run = Path("runs/unet")
    seeing, blind = make_plan(policies=["mask", "route"]), make_plan()
    assert setups(seeing, DriveNet(run=run), Servers())[0].models == {"unet": "runs/unet"}
    assert setups(blind, DriveNet(run=run), Servers())[0].models == {}
    assert setups(blind, DriveNet(run=None), Servers(num_embedded=2))[1].policies == ("truth", "route")
    with pytest.raises(UsageError, match="policy mask drives by a net"):
        setups(seeing, DriveNet(run=None), Servers())


def test_nothing_is_deleted_before_everything_is_known_to_be_there(tmp_path: Path) -> None:
    out = prepare_output(tmp_path / "out")
    (out / "kept").touch()
    with pytest.raises(UsageError):
        drive_suite(make_plan(policies=["mask"]), DriveNet(run=None), Servers(), suite="s", out=out, overwrite=True)
    assert (out / "kept").exists()


def _describe(folder: DriveFolder) -> dict[str, object]:
    return describe_drive(folder.plan, CARLA_29, models={}, suite="s", server={"embedded": True})
