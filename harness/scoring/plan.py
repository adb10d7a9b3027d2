"""What a score run is going to do, decided before the first tick.

The plan is the denominator: every cell (scenario x weather x size x field of view x model x repeat) in it becomes a row
of ``scenarios.csv``, whether it was scored, failed or was never reached. One *pass* replays one scenario under one
weather once, with a camera for each size and field of view, and every model predicts every picture, because a pass
costs the same ticks whatever the number of cameras and models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import UsageError
from harness.scoring.cells import Cell
from harness.scoring.views import View, label_sizes, plan_views
from sim_scenarios.camera import Size
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather_grid import WeatherGrid, WeatherSweep
from sim_scenarios.weather_timeline import WeatherTimeline

DEFAULT_REFERENCE = "ClearNoon"
"""Weather that the others are compared with, where it is one of the scored ones."""


@dataclass(frozen=True, order=True, kw_only=True)
class Pass:
    """One replay of one scenario under one weather."""

    scenario: str
    weather: str
    repeat: int = 1
    """From 1."""

    def __str__(self) -> str:
        again = f", repeat {self.repeat}" if self.repeat > 1 else ""
        return f"{self.scenario} under {self.weather}{again}"


@dataclass(frozen=True, kw_only=True)
class ScorePlan:
    """The parts of a run, each in the order in which it is scored and listed."""

    scenarios: tuple[Scenario, ...]
    weathers: Mapping[str, WeatherTimeline]
    """By the name that each has in the tables; without times where it spreads over a drive of any length."""
    sweeps: tuple[WeatherSweep, ...]
    """Which of the weathers make a sweep."""
    sizes: tuple[Size, ...]
    fovs: tuple[float, ...]
    """Horizontal fields of view [deg]; empty: that of each scenario's own first camera."""
    models: tuple[str, ...]
    """Names of the nets in the tables."""
    repeats: int
    """How often each scenario is replayed under each weather."""
    reference_weather: str
    """Name of the weather that the report compares the others with."""
    warmup_frames: int
    """Frames at the start of each pass that are rendered but not counted. The drive's own warm-up ticks are replayed
    under the new weather too, and never counted; this is for servers on which a weather takes longer to settle."""

    @property
    def towns(self) -> dict[str, str]:
        """Town of each scenario."""
        return {scenario.name: scenario.town for scenario in self.scenarios}

    @property
    def num_passes(self) -> int:
        """Passes in all."""
        return len(self.scenarios) * len(self.weathers) * self.repeats

    def passes(self) -> Iterator[Pass]:
        """Every planned pass; those of one scenario follow each other, so that its town stays loaded."""
        for scenario in self.scenarios:
            for weather in self.weathers:
                for repeat in range(1, self.repeats + 1):
                    yield Pass(scenario=scenario.name, weather=weather, repeat=repeat)

    def views(self, scenario: str) -> tuple[View, ...]:
        """The cameras of each pass of a scenario."""
        mounting = self.scenario(scenario).cameras[0]
        return plan_views(mounting, self.sizes, self.fovs or (mounting.fov,), with_depth=True)

    def cells(self) -> Iterator[Cell]:
        """Every planned cell, in the order of the passes."""
        for each in self.passes():
            yield from self.cells_of_pass(each)

    def cells_of_pass(self, each: Pass) -> tuple[Cell, ...]:
        """The cells that one replay fills: one for each camera and model."""
        return cells_of(each, self.views(each.scenario), self.models)

    def planned_frames(self, scenario: str) -> int:
        """Frames of each cell that are to be counted."""
        return max(0, self.scenario(scenario).num_frames - self.warmup_frames)

    def label_sizes(self) -> dict[tuple[int, int, float], Size]:
        """The size at which pictures are scored, by their width, height and field of view."""
        return {key: size for each in self.scenarios for key, size in label_sizes(self.views(each.name)).items()}

    def scenario(self, name: str) -> Scenario:
        """The scenario of that name."""
        return next(scenario for scenario in self.scenarios if scenario.name == name)


def cells_of(each: Pass, views: Sequence[View], models: Sequence[str]) -> tuple[Cell, ...]:
    """The cells of one pass, camera after camera, each with every model."""
    return tuple(cell_of(each, view, model) for view in views for model in models)


def cell_of(each: Pass, view: View, model: str) -> Cell:
    """The cell that one camera and one model fill in a pass."""
    camera = view.camera
    return Cell(
        scenario=each.scenario,
        weather=each.weather,
        width=camera.width,
        height=camera.height,
        fov=camera.fov,
        model=model,
        repeat=each.repeat,
    )


def make_plan(
    scenarios: Sequence[Scenario],
    grid: WeatherGrid,
    sizes: Sequence[Size],
    *,
    fovs: Sequence[float] = (),
    models: Sequence[str],
    repeats: int = 1,
    reference_weather: str | None = None,
    warmup_frames: int = 0,
) -> ScorePlan:
    """Check the parts of a plan and put them together.

    Without ``reference_weather`` it is ClearNoon where that is scored, else the first weather.

    Raises:
        UsageError: nothing to score, something named twice, or a reference weather that is not scored.
        ScenarioError: a size that no camera can have.
    """
    for what, given in (("scenario", scenarios), ("weather", grid.timelines), ("size", sizes), ("model", models)):
        if not given:
            raise UsageError(f"there is no {what} to score: give at least one")
    _refuse_repeats("scenario", [scenario.name for scenario in scenarios])
    _refuse_repeats("size", [size_name(size) for size in sizes])
    _refuse_repeats("field of view", [f"{fov:g}" for fov in fovs])
    _refuse_repeats("model", models)
    plan = ScorePlan(
        scenarios=tuple(scenarios),
        weathers=dict(grid.timelines),
        sweeps=grid.sweeps,
        sizes=tuple(sizes),
        fovs=tuple(float(fov) for fov in fovs),
        models=tuple(models),
        repeats=repeats,
        reference_weather=_reference(grid.timelines, reference_weather),
        warmup_frames=warmup_frames,
    )
    for scenario in plan.scenarios:
        _require_frames(plan, scenario)
        plan.views(scenario.name)
    return plan


def size_name(size: Size) -> str:
    """``"640x360"``: how a size is written in options."""
    return f"{size[0]}x{size[1]}"


def _reference(weathers: Mapping[str, WeatherTimeline], wanted: str | None) -> str:
    if wanted is None:
        return DEFAULT_REFERENCE if DEFAULT_REFERENCE in weathers else next(iter(weathers))
    if wanted not in weathers:
        raise UsageError(
            f"the reference weather {wanted!r} is not among the scored ones ({', '.join(weathers)}): add it"
        )
    return wanted


def _require_frames(plan: ScorePlan, scenario: Scenario) -> None:
    if plan.planned_frames(scenario.name) == 0:
        raise UsageError(
            f"scenario {scenario.name} has {scenario.num_frames} frames, and {plan.warmup_frames} are not to be "
            "counted: nothing is left, use a smaller --warmup-frames"
        )


def _refuse_repeats(what: str, names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(f"{what} given twice: {', '.join(repeated)}. Each must be there once.")
