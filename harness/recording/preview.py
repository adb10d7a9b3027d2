"""What the scenarios of a suite look like, before hours are spent on recording them.

A preview is a recording of some seconds, in a folder that is deleted, drawn as a contact sheet: what it shows is what
``record`` would write, from the same seeds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.carla_client.endpoint import Endpoint
from harness.inspection.contact_sheet import contact_sheet
from harness.inspection.survey import Progress, open_streams
from harness.recording.recorder import record
from harness.recording.rows import RecordSummary
from sim_scenarios.scenario import Scenario, Suite
from sim_scenarios.weather_timeline import WeatherTimeline


def shortened(scenario: Scenario, *, seconds: float) -> Scenario:
    """The first ``seconds`` of a scenario after its warm-up, of which the first and the last tick are recorded."""
    short = scenario.model_copy(update={"duration_s": min(seconds, scenario.duration_s)})
    return short.model_copy(update={"record_every_n": max(1, short.num_ticks - 1)})


def preview(
    endpoint: Endpoint,
    suite: Suite,
    *,
    weathers: Sequence[WeatherTimeline],
    seconds: float,
    progress: Progress | None = None,
) -> tuple[RecordSummary, bytes | None]:
    """Drive the first seconds of each scenario and draw it in each weather, at the same instant, with its tags.

    Args:
        endpoint: The server.
        suite: What to drive.
        weathers: To draw each scenario in; none: its own.
        seconds: Of each drive, after its warm-up [s]. The last frame is drawn; the first, too, where there is room.
        progress: Called with the name of a pass, its steps so far and in all.

    Returns:
        How the drives ended, and the sheet as PNG; None if no drive has a frame.
    """
    short = suite.model_copy(
        update={"scenarios": tuple(shortened(scenario, seconds=seconds) for scenario in suite.scenarios)}
    )
    with tempfile.TemporaryDirectory(prefix="harness-preview-") as folder:
        summary = record(endpoint, short, Path(folder), weathers=weathers, progress=progress)
        if not any(row.frames for row in summary.rows):
            return summary, None
        _, streams = open_streams(Path(folder), progress=progress)
        sheet, _ = contact_sheet(streams, progress=progress)
    return summary, sheet
