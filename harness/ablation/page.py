"""The ablation as one HTML file that opens from disk: answers, figures and the table of runs; nothing is fetched."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.ablation.answers import Answer
from harness.ablation.figures import class_figure, question_figure
from harness.ablation.plan import BASELINE, Factor
from harness.ablation.results import RARE_SHARE, Run, RunResult
from harness.reporting.page import (
    Column,
    Picture,
    TableCell,
    TablePart,
    TableSection,
    fill,
    inline,
    number_cell,
    share_cell,
    text_cell,
)
from harness.run_dir import write_bytes

FILE_NAME = "ablation.html"
_TEMPLATE = Path(__file__).with_name("ablation.html")

DEFINITIONS = {
    "comparison": "the mean difference between runs that are alike in all but the one setting, the seed included",
    "spread of seeds": "the largest difference between two runs that differ in their seed alone, on either side of the "
    "comparison; a mean difference that is not larger than it is called none",
    "training": "every run sees the same frames for as many epochs, and is scored with its weights of best validation "
    "mIoU",
    "rare classes": f"classes with less than {RARE_SHARE:.0%} of the labelled training pixels that occur in the scored "
    "frames; the mean of their IoUs",
    "resolution": "the net sees frames at the size of its run; all runs are scored at the size of the recorded labels",
    "operations": "floating-point operations for one image through the net, a multiply-add being 2",
    "mIoU ±": "half of the bootstrap interval of that one run, over the scored frames",
    "latency": "one image through the net on the device that trained, the device waited for; median [ms]",
}
"""What the page's words mean, besides the definition that the scores bring."""


@dataclass(frozen=True, kw_only=True)
class AnswerSection:
    """One question of the page."""

    anchor: str
    title: str
    sentences: tuple[str, ...]
    figure: Picture


@dataclass(frozen=True, kw_only=True)
class AblationPage:
    """Everything on the page, in its order."""

    title: str
    lead: str
    notices: tuple[str, ...]
    """What a reader must know before believing a number; printed in a box."""
    answers: tuple[AnswerSection, ...]
    class_figure: Picture | None
    tables: tuple[TableSection, ...]
    definitions: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """Anchor and name of each section."""
        return (
            *((answer.anchor, answer.title) for answer in self.answers),
            *((("classes", "Every class"),) if self.class_figure else ()),
            *((table.anchor, table.title) for table in self.tables),
            ("definitions", "Definitions"),
            ("environment", "Environment"),
        )


def write_page(
    folder: Path,
    runs: Sequence[Run],
    factors: Sequence[Factor],
    found: Sequence[Answer],
    *,
    class_names: Sequence[str],
    recording: str,
    environment: Mapping[str, str],
) -> Path:
    """Write ``ablation.html`` into ``folder`` and return its path.

    Args:
        folder: of the ablation.
        runs: every planned run.
        factors: what was varied.
        found: the answers.
        class_names: in id order.
        recording: what the nets learnt from, in words.
        environment: what it was made with, by name.
    """
    classes = class_figure(runs, factors, class_names)
    seeds = sorted({run.cell.config.seed for run in runs})
    definition = next((run.result.measures.definition for run in runs if run.result.measures is not None), "")
    page = AblationPage(
        title=f"Ablation on {recording}",
        lead=f"{len(runs)} runs, {sum(run.result.status == 'done' for run in runs)} of them finished: "
        f"{len(factors)} {'setting' if len(factors) == 1 else 'settings'} varied, "
        f"{len(seeds)} {'seed' if len(seeds) == 1 else 'seeds'} each.",
        notices=_notices(runs, seeds),
        answers=tuple(_section(runs, answer) for answer in found),
        class_figure=None
        if classes is None
        else Picture(
            source=inline(classes, kind="png"), text="Change of IoU by class; the values are in ablation.csv."
        ),
        tables=(_runs_section(runs, factors),),
        definitions=(*DEFINITIONS.items(), *((("scores", definition),) if definition else ())),
        environment=tuple(environment.items()),
    )
    path = folder / FILE_NAME
    write_bytes(path, fill(_TEMPLATE, page).encode("utf-8"))
    return path


def _notices(runs: Sequence[Run], seeds: Sequence[int]) -> tuple[str, ...]:
    notices = []
    missing = [run for run in runs if run.result.status != "done"]
    if missing:
        notices.append(
            f"Incomplete: {len(missing)} of {len(runs)} runs have no result. Differences are of the others; the table "
            "of runs says which are missing and why."
        )
    if len(seeds) == 1:
        notices.append("There is one seed: what chance does is not known, and no difference can be told from it.")
    return tuple(notices)


def _section(runs: Sequence[Run], answer: Answer) -> AnswerSection:
    return AnswerSection(
        anchor=answer.factor.name,
        title=answer.question.title,
        sentences=answer.sentences,
        figure=Picture(
            source=inline(question_figure(runs, answer), kind="png"),
            text=f"Measures by {answer.factor.name}, a dot for each run; the values are in the table of runs.",
        ),
    )


def _runs_section(runs: Sequence[Run], factors: Sequence[Factor]) -> TableSection:
    numbers = ("mIoU", "mIoU ±", "boundary IoU", "rare mIoU", "pixel acc.", "Mparams", "GFLOP", "ms", "training s")
    columns = (
        Column(name="changed"),
        Column(name="seed", is_number=True),
        Column(name="status"),
        *(Column(name=name, is_number=True) for name in numbers),
        Column(name="message"),
    )
    return TableSection(
        anchor="runs",
        title="Runs",
        text="One row a run; all columns, with every interval and class, are in ablation.csv. Baseline: "
        + ", ".join(f"{factor.name} {factor.values[0]}" for factor in factors)
        + ".",
        parts=(TablePart(title="", columns=columns, rows=tuple(_run_row(run, len(numbers)) for run in runs)),),
    )


def _run_row(run: Run, num_numbers: int) -> tuple[TableCell, ...]:
    cell, result = run.cell, run.result
    is_done = result.measures is not None
    return (
        text_cell(" ".join(f"{name}={value}" for name, value in cell.changed.items()) or BASELINE),
        number_cell(cell.config.seed, digits=0),
        text_cell(result.status, style="" if is_done else "bad"),
        *(_numbers(result) if is_done else (number_cell(math.nan),) * num_numbers),
        text_cell(result.message, style="long"),
    )


def _numbers(result: RunResult) -> tuple[TableCell, ...]:
    measures = result.measures
    assert measures is not None
    return (
        share_cell(measures.miou),
        number_cell((measures.miou_interval.high - measures.miou_interval.low) / 2),
        share_cell(measures.boundary_iou),
        share_cell(result.rare_miou),
        share_cell(measures.pixel_accuracy),
        number_cell(result.parameters / 1e6, digits=2),
        number_cell(result.gflop, digits=2),
        number_cell(result.latency_ms, digits=1),
        number_cell(result.train_seconds, digits=1),
    )
