"""What a user sees: tables, progress bars, numbers. Results go to stdout, progress to stderr."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

ProgressCallback = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""

MAX_WIDTH = 1000
"""Characters in a line of a table; no table comes near it."""


def say(text: str) -> None:
    """Print a line as it is, without markup or wrapping."""
    Console().print(text, markup=False, highlight=False, soft_wrap=True)


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
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not Console(stderr=True).is_terminal,
    )
    tasks: dict[str, int] = {}

    def update(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total)
        bar.update(tasks[what], completed=done, total=total)  # type: ignore[arg-type]

    with bar:
        yield update
