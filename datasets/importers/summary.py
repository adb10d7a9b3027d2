"""The account of an import: what was written and what was not, by scenario, and in full as ``import_report.json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datasets import strict_json
from datasets.durable_file import replace_text
from datasets.importers.plan import Plan, PlannedShard
from datasets.importers.source import Problem, ProblemKind

REPORT_NAME = "import_report.json"
PROBLEM_KINDS: tuple[ProblemKind, ...] = (
    "no image",
    "no mask",
    "unreadable",
    "unknown labels",
    "sizes differ",
    "misnamed",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRow:
    """What became of one scenario."""

    split: str
    scenario: str
    sizes: str
    """Such as "960x720", joined by commas."""
    frames: int
    """Written, or to be written."""
    problems: Mapping[ProblemKind, int]
    """Files by kind; only kinds that occur."""
    skipped: int
    """Frames left out on purpose."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnknownLabel:
    """A colour or id that the table does not have."""

    value: str
    pixels: int
    files: int
    example: str
    """One of the files."""


@dataclass(frozen=True, kw_only=True)
class ImportSummary:
    """What became of a source."""

    rows: tuple[ImportRow, ...]
    problems: tuple[Problem, ...]
    unknown_labels: tuple[UnknownLabel, ...]
    """Most pixels first."""

    @property
    def num_frames(self) -> int:
        """Over all scenarios."""
        return sum(row.frames for row in self.rows)


def summarise(plan: Plan, written: Mapping[str, int], problems: Sequence[Problem]) -> ImportSummary:
    """The summary of `plan` with the frames `written` by shard name, and the `problems` that were met.

    A shard that is not in `written` counts with all its frames: before anything is written, that is the plan.
    """
    skipped = plan.source.skipped
    places = dict.fromkeys((each.split, each.scenario) for group in (plan.shards, problems, skipped) for each in group)
    rows = []
    for split, scenario in sorted(places):
        shards = [shard for shard in plan.shards if (shard.split, shard.scenario) == (split, scenario)]
        kinds = [each.kind for each in problems if (each.split, each.scenario) == (split, scenario)]
        rows.append(
            ImportRow(
                split=split,
                scenario=scenario,
                sizes=", ".join(dict.fromkeys(f"{shard.width}x{shard.height}" for shard in shards)),
                frames=sum(written.get(shard.name, len(shard.frames)) for shard in shards),
                problems={kind: kinds.count(kind) for kind in PROBLEM_KINDS if kind in kinds},
                skipped=sum(each.frames for each in skipped if (each.split, each.scenario) == (split, scenario)),
            )
        )
    return ImportSummary(rows=tuple(rows), problems=tuple(problems), unknown_labels=_unknown_labels(problems))


def _unknown_labels(problems: Iterable[Problem]) -> tuple[UnknownLabel, ...]:
    found: dict[str, UnknownLabel] = {}
    for problem in problems:
        for value, pixels in problem.unknown.items():
            before = found.get(value, UnknownLabel(value=value, pixels=0, files=0, example=problem.file))
            found[value] = UnknownLabel(
                value=value, pixels=before.pixels + pixels, files=before.files + 1, example=before.example
            )
    return tuple(sorted(found.values(), key=lambda each: -each.pixels))


def write_report(out: Path, plan: Plan, summary: ImportSummary) -> None:
    """Write all of it into the folder `out`, the file of every frame included."""
    source = plan.source
    content = {
        "format": "carla-loop-harness/import-report",
        "format_version": 1,
        "importer": source.importer,
        "source": str(source.root.resolve()),
        "label_set": source.label_set.name,
        "settings": dict(source.settings),
        "notes": list(source.notes),
        "rows": [asdict(row) for row in summary.rows],
        "problems": [asdict(problem) for problem in summary.problems],
        "skipped": [asdict(each) for each in source.skipped],
        "unknown_labels": [asdict(each) for each in summary.unknown_labels],
        "shards": {shard.name: _files(plan, shard) for shard in plan.shards},
    }
    replace_text(out / REPORT_NAME, strict_json.dumps(content, indent=1) + "\n")


def read_problems(out: Path) -> dict[str, Problem]:
    """The problems that an earlier run reported in `out`, by file; empty where there is no report that can be read."""
    try:
        rows: list[Any] = strict_json.loads((out / REPORT_NAME).read_text(encoding="utf-8"))["problems"]
        return {row["file"]: Problem(**row) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _files(plan: Plan, shard: PlannedShard) -> dict[str, str]:
    """Frame number -> image."""
    return {str(each.frame): each.pair.image.relative_to(plan.source.root).as_posix() for each in shard.frames}
