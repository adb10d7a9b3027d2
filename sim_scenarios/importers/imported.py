"""What an import is asked for and what comes of it."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sim_scenarios.errors import ScenarioError, expectation
from sim_scenarios.scenario import Split, Suite
from sim_scenarios.suite_text import suite_yaml

MEAN_SPEED_MPS = 6.0
"""With stops, of a car in town: how long a route without a time takes."""
MIN_DURATION_S, MAX_DURATION_S = 10.0, 3600.0


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What the foreign file does not say."""

    suite_name: str | None = None
    """None: that of the file."""
    split: Split = "test"
    duration_s: float | None = None
    """Of every drive [s]. None: what the file says, or what its route takes at ``MEAN_SPEED_MPS``."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A suite, and what the file has that did not come with it."""

    suite: Suite
    source: str
    """Name of the foreign file."""
    omissions: tuple[str, ...]
    """What the file has and a suite cannot say, a line each."""

    def text(self) -> str:
        """As a suite file, with the omissions as comments at its top."""
        comments = [f"Imported from {self.source}."]
        if self.omissions:
            comments += [
                "It also has these, which are not supported and left out:",
                *(f"- {x}" for x in self.omissions),
            ]
        lines = [" ".join(f"# {comment}".split()) for comment in comments]
        return "\n".join(lines) + "\n" + suite_yaml(self.suite, with_defaults=False)


def make_suite(source: str, data: dict[str, Any]) -> Suite:
    """The suite of ``data``, which has the keys of a suite file.

    Raises:
        ScenarioError: a value of the foreign file is none that a suite may have.
    """
    try:
        return Suite.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        loc = first["loc"]
        index = loc[1] if len(loc) > 1 else None
        which = f" of scenario {data['scenarios'][index]['name']!r}" if isinstance(index, int) else ""
        own = loc[2:] if isinstance(index, int) else loc
        where = ".".join(str(part) for part in own if part not in ("location", "index"))
        problem = f"{where} is {first['input']!r}, expected {expectation(first['msg'])}"
        cause = first.get("ctx", {}).get("error")
        raise ScenarioError(f"{source}{which}: {cause if isinstance(cause, ValueError) else problem}") from None


def as_name(text: str) -> str:
    """``text`` with a hyphen for each run of characters that a name may not have; it may come out empty."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-_.")[:60]


def expected_duration_s(places: Sequence[Sequence[float]]) -> float:
    """How long a route takes, from the lines between its places (x, y, z) [m]; within what a scenario may last."""
    length = sum(math.dist(before, after) for before, after in itertools.pairwise(places))
    return round(min(max(length / MEAN_SPEED_MPS, MIN_DURATION_S), MAX_DURATION_S), 1)
