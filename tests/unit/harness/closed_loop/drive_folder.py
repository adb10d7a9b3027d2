"""A drive folder without a drive: planned as by the command, its episodes made up, and written down as by the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets.labels import CARLA_29
from harness.closed_loop.description import describe_drive, save_description
from harness.closed_loop.drive_run import DriveRun
from harness.closed_loop.episode_files import save_timing, timing_file
from harness.closed_loop.plan import DrivePlan, make_drive_plan
from harness.closed_loop.rules import RolloutRules
from harness.run_dir import digest_input
from harness.workers.protocol import EpisodeDone, EpisodeJob
from harness.workers.status import Status
from harness.workers.supervisor import Outcome
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather_grid import parse_weather_grid
from tests.unit.harness.closed_loop.made_logs import make_log


def make_plan(**changes: Any) -> DrivePlan:
    """Four episodes: two policies, two repeats."""
    values: dict[str, Any] = {"policies": ["truth", "route"], "repeats": 2, "rules": RolloutRules()}
    scenario = Scenario(name="lane", split="test", seed=7, duration_s=5.0)
    return make_drive_plan([scenario], parse_weather_grid("ClearNoon"), [(320, 180)], **values | changes)


class DriveFolder:
    """A drive that is going on."""

    def __init__(self, path: Path, plan: DrivePlan | None = None) -> None:
        self.path = path
        self.plan = plan or make_plan()
        self.said: list[str] = []
        self.run = DriveRun(self.plan, path, say=self.said.append)
        save_description(path, describe_drive(self.plan, CARLA_29, models={}, suite="s", server={"embedded": True}))

    @property
    def jobs(self) -> list[EpisodeJob]:
        """What is left to be done."""
        jobs = self.run.schedule().jobs
        return [job for job in jobs if isinstance(job, EpisodeJob)]

    def finish(self, job: EpisodeJob, *, retries: int = 0, seconds: float = 1.5, **log: Any) -> None:
        """Do an episode as a worker would; one whose reason is of the policy has failed."""
        fields = {"key": job.key, "scenario": {"name": "lane", "seed": job.scenario.seed, "group": "lane_following"}}
        made = make_log(**fields | log)
        made.save(self.path / job.file)
        save_timing(self.path / timing_file(job.key), {"act_s": [seconds, seconds], "tick_s": [0.01] * made.num_ticks})
        status: Status = "failed" if made.ending == "aborted" else "done"
        done = EpisodeDone(
            status=status,
            message=made.message,
            seconds=seconds,
            sha256=digest_input(self.path / job.file),
        )
        self.run.note(Outcome(job=job, status=status, message=made.message, retries=retries, done=done))

    def give_up(self, job: EpisodeJob, status: Status, message: str, *, retries: int = 1) -> None:
        """An episode that never came to its end."""
        self.run.note(Outcome(job=job, status=status, message=message, retries=retries))
