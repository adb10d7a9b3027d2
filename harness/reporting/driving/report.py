"""The report of a run: ``report.html`` in the folder of ``harness drive``, made from what lies there.

Running it again replaces the page. Tables are the run's own and stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.closed_loop.episode_log import EpisodeKey
from harness.reporting.driving.contents import build_page
from harness.reporting.driving.film import watched, worst_episode
from harness.reporting.driving.outline import LEVEL, TRUTH, outline_of
from harness.reporting.driving.page import render
from harness.reporting.driving.pooled import Loss, PolicyResult, paired_loss, policy_result
from harness.reporting.driving.source import key_of, read_drive
from harness.run_dir import write_bytes
from harness.scoring.statistics.bootstrap import Bootstrap

PAGE = "report.html"


@dataclass(frozen=True, kw_only=True)
class DriveReportSummary:
    """What a report says, for a terminal or another program."""

    results: tuple[PolicyResult, ...]
    """Of each policy over everything that it drove."""
    losses: tuple[Loss, ...]
    """Of each policy that drives by masks against the truth."""
    worst: EpisodeKey | None
    """The episode that the page shows; None where nothing was driven."""
    notices: tuple[str, ...]
    """What a reader must know before believing a number."""
    incomplete: int
    """Planned episodes that are not done."""
    page: Path
    """The file that was written."""


def drive_report(folder: Path, *, bootstrap: Bootstrap | None = None) -> DriveReportSummary:
    """Write the page into ``folder``, the output of ``harness drive``.

    Args:
        folder: with ``drive.json`` and the tables of the run.
        bootstrap: how the headline's intervals are made; as the run's tables by default.

    Raises:
        DataError: a table is missing, half-written or inconsistent; the message names it.
    """
    bootstrap = bootstrap or Bootstrap(level=LEVEL)
    data = read_drive(folder)
    outline = outline_of(data)
    results = tuple(policy_result(data.episodes, policy, bootstrap) for policy in outline.policies)
    seeing = [policy for policy in outline.policies if policy != TRUTH and (data.link["policy"] == policy).any()]
    losses = [paired_loss(data.episodes, policy, TRUTH, bootstrap) for policy in seeing]
    known = tuple(loss for loss in losses if loss is not None)
    page = build_page(outline, data, results, known, bootstrap)
    write_bytes(folder / PAGE, render(page).encode("utf-8"))
    worst = worst_episode(data.driven, watched(outline, data))
    return DriveReportSummary(
        results=results,
        losses=known,
        worst=None if worst is None else key_of(worst),
        notices=page.notices,
        incomplete=int((data.episodes["status"] != "done").sum()),
        page=folder / PAGE,
    )
