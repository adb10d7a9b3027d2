"""What a drive is going to do, decided before the first tick.

The plan is the denominator: every episode (scenario x weather x size x field of view x policy x repeat) in it becomes a
row of ``episodes.csv``, whether it was driven, failed or was never reached.

Decisions:

- A repeat is the same scenario with another seed, ``REPEAT_SEED_STEP`` apart, so that other traffic meets the policy:
  with the same seed it would be the same episode, byte for byte.
- All policies, weathers and sizes of a repeat have the same seed, so that they meet the same traffic at the start.
- A user's policy is called by its file and class in tables, never by the folder that it lies in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.closed_loop.episode_log import EpisodeKey
from harness.closed_loop.policies import NEED_NET, check_policy
from harness.closed_loop.rules import RolloutRules
from harness.errors import UsageError
from sim_scenarios.camera import CameraSpec, Size
from sim_scenarios.scenario import MAX_SEED, Scenario
from sim_scenarios.weather_grid import WeatherGrid, WeatherSweep
from sim_scenarios.weather_timeline import WeatherTimeline

REPEAT_SEED_STEP = 1000
"""Between the seeds of two repeats."""
_FILE_ENDING = ".py"


@dataclass(frozen=True, kw_only=True)
class DrivePlan:
    """The parts of a run, each in the order in which it is driven and listed."""

    scenarios: tuple[Scenario, ...]
    weathers: Mapping[str, WeatherTimeline]
    """By the name that each has in the tables; without times where it spreads over a drive of any length."""
    sweeps: tuple[WeatherSweep, ...]
    """Which of the weathers make a sweep."""
    sizes: tuple[Size, ...]
    fovs: tuple[float, ...]
    """Horizontal fields of view [deg]; empty: that of each scenario's own first camera."""
    policies: Mapping[str, str]
    """What makes each policy, a name or ``path.py:Name``, by what it is called in the tables."""
    repeats: int
    rules: RolloutRules
    """When episodes end, and how often a policy decides."""

    @property
    def num_episodes(self) -> int:
        """Episodes in all."""
        views = len(self.sizes) * max(1, len(self.fovs))
        return len(self.scenarios) * len(self.weathers) * views * len(self.policies) * self.repeats

    @property
    def net_policies(self) -> tuple[str, ...]:
        """The policies that drive by a net."""
        return tuple(name for name in self.policies.values() if name in NEED_NET)

    @property
    def may_need_net(self) -> bool:
        """Whether a policy drives by a net, or may: nobody knows of a user's."""
        return any(may_need_net(name) for name in self.policies.values())

    @property
    def policy_files(self) -> tuple[Path, ...]:
        """The files of the user's own policies."""
        return tuple(Path(name.rpartition(":")[0]) for name in self.policies.values() if is_file(name))

    def episodes(self) -> Iterator[EpisodeKey]:
        """Every planned episode; those of one scenario follow each other, so that its town stays loaded."""
        for scenario in self.scenarios:
            for weather in self.weathers:
                for width, height in self.sizes:
                    for fov in self.fovs or (scenario.cameras[0].fov,):
                        for policy in self.policies:
                            for repeat in range(1, self.repeats + 1):
                                yield EpisodeKey(
                                    scenario=scenario.name, weather=weather, width=width, height=height,
                                    fov=float(fov), policy=policy, repeat=repeat,
                                )  # fmt: skip

    def scenario_of(self, key: EpisodeKey) -> Scenario:
        """What is driven, with the seed of the repeat."""
        scenario = next(each for each in self.scenarios if each.name == key.scenario)
        return scenario.model_copy(update={"seed": seed_of_repeat(scenario.seed, key.repeat)})

    def camera_of(self, key: EpisodeKey) -> CameraSpec:
        """The camera that looks: the scenario's first one at another size."""
        mounting = self.scenario_of(key).cameras[0]
        return mounting.with_size(key.width, key.height).model_copy(update={"fov": key.fov, "planes": ()})

    def max_ticks(self, key: EpisodeKey) -> int:
        """Ticks of an episode that goes on to its time limit."""
        return self.rules.max_ticks(self.scenario_of(key))


def make_drive_plan(
    scenarios: Sequence[Scenario],
    grid: WeatherGrid,
    sizes: Sequence[Size],
    *,
    fovs: Sequence[float] = (),
    policies: Sequence[str],
    repeats: int = 1,
    rules: RolloutRules,
) -> DrivePlan:
    """Check the parts of a plan and put them together.

    Raises:
        UsageError: nothing to drive, something named twice, an unknown policy, or seeds that become too large.
        ScenarioError: a size that no camera can have.
    """
    for what, given in (("scenario", scenarios), ("weather", grid.timelines), ("size", sizes), ("policy", policies)):
        if not given:
            raise UsageError(f"there is no {what} to drive with: give at least one")
    _refuse_repeats("scenario", [scenario.name for scenario in scenarios])
    _refuse_repeats("size", [f"{width}x{height}" for width, height in sizes])
    _refuse_repeats("field of view", [f"{fov:g}" for fov in fovs])
    _refuse_repeats("policy", [table_name(policy) for policy in policies])
    for policy in policies:
        check_policy(policy)
    plan = DrivePlan(
        scenarios=tuple(scenarios),
        weathers=dict(grid.timelines),
        sweeps=grid.sweeps,
        sizes=tuple(sizes),
        fovs=tuple(float(fov) for fov in fovs),
        policies={table_name(policy): policy for policy in policies},
        repeats=repeats,
        rules=rules,
    )
    _check_seeds(plan)
    for key in plan.episodes():
        plan.camera_of(key)
    return plan


def seed_of_repeat(seed: int, repeat: int) -> int:
    """The seed with which a scenario is driven for the ``repeat``-th time, from 1."""
    return seed + REPEAT_SEED_STEP * (repeat - 1)


def may_need_net(policy: str) -> bool:
    """Whether a policy drives by a net, or is a user's, of which nobody knows."""
    return policy in NEED_NET or is_file(policy)


def is_file(policy: str) -> bool:
    """Whether a policy is a user's, ``path.py:Name``."""
    return policy.rpartition(":")[0].endswith(_FILE_ENDING)


def table_name(policy: str) -> str:
    """What a policy is called in tables: its name, a user's without the folder of its file."""
    if not is_file(policy):
        return policy
    path, _, name = policy.rpartition(":")
    return f"{Path(path).name}:{name}"


def _check_seeds(plan: DrivePlan) -> None:
    largest = max(scenario.seed for scenario in plan.scenarios)
    if largest + REPEAT_SEED_STEP * (plan.repeats - 1) > MAX_SEED:
        raise UsageError(
            f"{plan.repeats} repeats add up to {REPEAT_SEED_STEP * (plan.repeats - 1)} to the scenarios' seeds, of "
            f"which the largest is {largest}, and a seed may be {MAX_SEED} at most: repeat less or use a smaller --seed"
        )


def _refuse_repeats(what: str, names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(f"{what} given twice: {', '.join(repeated)}. Each must be there once.")
