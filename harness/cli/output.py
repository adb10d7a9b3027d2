"""What a user sees: tables, progress bars, numbers. Results go to stdout, progress to stderr.

With ``--format json``, ``csv`` or ``markdown`` the result alone is on stdout, so that it can be piped into a file or
another program; everything else goes to stderr (`notes_to`).
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table

if TYPE_CHECKING:
    from harness.training.status import StepStatus

ProgressCallback = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""

FORMATS = ("table", "json", "csv", "markdown")
"""What ``--format`` knows."""

MAX_WIDTH = 1000
"""Characters in a line of a table; no table comes near it."""


def say(text: str) -> None:
    """Print a line as it is, above a bar that is being shown; whoever reads it through a pipe has it at once."""
    print(text, flush=True)  # not by a rich Console of its own, which would write into the bar


def tell(text: str) -> None:
    """Print a line that is no result: to stderr."""
    print(text, file=sys.stderr)


def notes_to(output_format: str) -> Callable[[str], None]:
    """Where to print what is no result: above and below tables, or to stderr where stdout is for a program."""
    return say if output_format == "table" else tell


def flush() -> None:
    """Hand over what was printed: before ``os._exit``, which does not."""
    sys.stdout.flush()
    sys.stderr.flush()


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under a title; numbers are aligned to the right, NaN is shown as a dash."""
    table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    cells = [[format_cell(value) for value in row] for row in rows]
    numeric = [all(_is_number(row[i]) for row in cells) for i in range(len(columns))]
    for name, right in zip(columns, numeric, strict=True):
        # A heading such as "ClearNoon 320x180" takes two lines; figures never do.
        table.add_column(name.replace(" ", "\n", 1) if right else name, justify="right" if right else "left")
    for row in cells:
        table.add_row(*row)
    # As wide as it has to be: where a terminal is too narrow, its wrapping is better than figures cut short.
    output = Console(width=MAX_WIDTH)
    output.print(title, style="bold", markup=False, highlight=False, soft_wrap=True)
    output.print(table, soft_wrap=True)


@dataclass(frozen=True, kw_only=True)
class OutputTable:
    """A result that can be printed in each of `FORMATS`."""

    name: str
    """Key of the table in JSON."""
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def print_formatted(tables: Sequence[OutputTable], output_format: str) -> None:
    """Print tables to stdout, and nothing else.

    Args:
        tables: the result, the main table first.
        output_format: one of `FORMATS`. JSON is an object with a list of rows for each table; CSV is the first table
            only, since a file of two tables cannot be read; both have numbers at full precision.
    """
    if output_format == "json":
        print_json({each.name: [dict(zip(each.columns, row, strict=True)) for row in each.rows] for each in tables})
    elif output_format == "csv":
        _print_csv(tables[0])
    elif output_format == "markdown":
        say("\n\n".join(_markdown(each) for each in tables))
    else:
        for each in tables:
            print_table(each.title, each.columns, each.rows)


def print_json(content: object) -> None:
    """Print JSON to stdout; NaN, which JSON does not have, is null."""
    say(json.dumps(_without_nan(content), indent=2, ensure_ascii=False, allow_nan=False))


def _print_csv(table: OutputTable) -> None:
    from harness.scoring.spreadsheet import plain_text

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.rows:
        values = (_without_nan(value) for value in row)
        writer.writerow([plain_text(value) if isinstance(value, str) else value for value in values])


def _markdown(table: OutputTable) -> str:
    rows = [[_markdown_cell(value) for value in row] for row in (table.columns, *table.rows)]
    rows.insert(1, ["---"] * len(table.columns))
    return "\n".join([f"### {table.title}", "", *(f"| {' | '.join(row)} |" for row in rows)])


def _markdown_cell(value: object) -> str:
    return " ".join(format_cell(value).split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _without_nan(content: object) -> object:
    if isinstance(content, dict):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and math.isnan(content) else content


def format_cell(value: object) -> str:
    """Three decimals for fractions, a dash for what is absent."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    return text == "–" or text.replace(".", "", 1).replace("-", "", 1).replace(",", "").isdigit()


@contextmanager
def progress_bar() -> Iterator[ProgressCallback]:
    """Show one bar for each thing that is reported through the callback; silent where stderr is not a terminal."""
    tasks: dict[str, TaskID] = {}

    def update(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total)
        bar.update(tasks[what], completed=done, total=total)

    with _bar(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    ) as bar:
        yield update


class TrainingBar:
    """The bars of a training run: one for each thing done before it, and one for all its steps."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def progress(self, what: str, done: int, total: int) -> None:
        """Show how far something is."""
        self._show(what, what, done, total, f"{done}/{total}")

    def status(self, status: StepStatus) -> None:
        """Show the run as it is after a step; what came before it makes room."""
        if "training" not in self._tasks:
            for task in self._tasks.values():
                self._bar.update(task, visible=False)
        self._show("training", f"epoch {status.epoch}", status.step, status.total_steps, figures_of(status))

    def _show(self, task: str, name: str, done: int, total: int, figures: str) -> None:
        if task not in self._tasks:
            self._tasks[task] = self._bar.add_task(name, total=total, figures=figures)
        self._bar.update(self._tasks[task], description=name, completed=done, total=total, figures=figures)


def figures_of(status: StepStatus) -> str:
    """Loss, validation mIoU, speed, waiting and memory in few words; a dash for what is not known yet."""
    speed, wait, memory = status.images_per_s, status.data_wait_share, status.memory_bytes / 1e9
    return "  ".join(
        (
            f"loss {format_cell(status.loss)}",
            f"mIoU {format_cell(status.miou)}",
            f"{speed:.{0 if speed >= 100 else 1}f} img/s" if speed == speed else "– img/s",
            f"wait {wait:.0%}" if wait == wait else "wait –",
            f"{memory:.{0 if memory >= 10 else 1}f} GB" if memory == memory else "– GB",
        )
    )


@contextmanager
def training_bar() -> Iterator[TrainingBar]:
    """Show bars as wide as the terminal, with the figures of the run; silent where stderr is not a terminal."""
    # Where it is narrow the bar itself gives way, never a figure.
    with _bar(
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        TaskProgressColumn(table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[figures]}", table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True)),
        expand=True,
    ) as bar:
        yield TrainingBar(bar)


def _bar(*columns: ProgressColumn, expand: bool = False) -> Progress:
    console = Console(stderr=True)
    # rich sends stdout through the terminal of the bar, above it; what a user redirects must stay redirected.
    return Progress(
        *columns, console=console, disable=not console.is_terminal, expand=expand, redirect_stdout=sys.stdout.isatty()
    )
