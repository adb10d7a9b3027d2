"""What a score run is going to do, decided before the first tick.

The plan is the denominator: every cell (scenario x weather x size) in it becomes a row of ``scenarios.csv``, whether it
was scored, failed or was never reached. One *pass* replays one scenario under one weather with a camera for each size,
because a pass costs the same ticks whatever the number of cameras.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import UsageError
from sim_scenarios.camera import CameraSpec, Size
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import Weather

DEFAULT_REFERENCE = "ClearNoon"
"""Weather that the others are compared with, where it is one of the scored ones."""


@dataclass(frozen=True, order=True, kw_only=True)
class Cell:
    """One row of the result: a scenario under a weather at an image size."""

    scenario: str
    weather: str
    width: int
    """[px]"""
    height: int
    """[px]"""


@dataclass(frozen=True, kw_only=True)
class ScorePlan:
    """The scenarios, weathers and sizes of a run, in the order in which they are scored and listed."""

    scenarios: tuple[Scenario, ...]
    weathers: Mapping[str, Weather]
    sizes: tuple[Size, ...]
    reference_weather: str
    """Name of the weather that the report compares the others with."""
    warmup_frames: int
    """Frames at the start of each pass that are rendered but not counted. The drive's own warm-up ticks are replayed
    under the new weather too, and never counted; this is for servers on which a weather takes longer to settle."""
    worst_frames: int
    """Frames of each pass, at the largest size, that are kept as images: those of the lowest mean IoU."""

    @property
    def towns(self) -> dict[str, str]:
        """Town of each scenario."""
        return {scenario.name: scenario.town for scenario in self.scenarios}

    @property
    def largest_size(self) -> Size:
        """The size with the most pixels; the first of them where several have as many."""
        return max(self.sizes, key=lambda size: size[0] * size[1])

    def cells(self) -> Iterator[Cell]:
        """Every planned cell."""
        for scenario in self.scenarios:
            for weather in self.weathers:
                yield from self.cells_of_pass(scenario.name, weather)

    def cells_of_pass(self, scenario: str, weather: str) -> tuple[Cell, ...]:
        """The cells that one replay fills: one for each size."""
        return tuple(
            Cell(scenario=scenario, weather=weather, width=width, height=height) for width, height in self.sizes
        )


def make_plan(
    scenarios: Sequence[Scenario],
    weathers: Mapping[str, Weather],
    sizes: Sequence[Size],
    *,
    reference_weather: str | None = None,
    warmup_frames: int = 0,
    worst_frames: int = 3,
) -> ScorePlan:
    """Check the parts of a plan and put them together.

    Without ``reference_weather`` it is ClearNoon where that is scored, else the first weather.

    Raises:
        UsageError: nothing to score, something named twice, or a reference weather that is not scored.
    """
    for what, given in (("scenario", scenarios), ("weather", weathers), ("size", sizes)):
        if not given:
            raise UsageError(f"there is no {what} to score: give at least one")
    _refuse_repeats("scenario", [scenario.name for scenario in scenarios])
    _refuse_repeats("size", [size_name(size) for size in sizes])
    if reference_weather is None:
        reference_weather = DEFAULT_REFERENCE if DEFAULT_REFERENCE in weathers else next(iter(weathers))
    if reference_weather not in weathers:
        raise UsageError(
            f"the reference weather {reference_weather!r} is not among the scored ones ({', '.join(weathers)}): add it"
        )
    return ScorePlan(
        scenarios=tuple(scenarios),
        weathers=dict(weathers),
        sizes=tuple(sizes),
        reference_weather=reference_weather,
        warmup_frames=warmup_frames,
        worst_frames=worst_frames,
    )


def size_name(size: Size) -> str:
    """``"640x360"``: how a size is written in options."""
    return f"{size[0]}x{size[1]}"


def size_cameras(mounting: CameraSpec, sizes: Sequence[Size]) -> tuple[CameraSpec, ...]:
    """One camera for each size: all have the position, angle and horizontal field of view of ``mounting``."""
    return tuple(mounting.with_size(width, height) for width, height in sizes)


def _refuse_repeats(what: str, names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(f"{what} given twice: {', '.join(repeated)}. Each must be there once.")
