"""The tables of a drive, made from ``drive.json``, the journal and the stored logs alone.

===================  ==================================================================================================
episodes.csv         one row for every *planned* episode: status, retries, how it ended, all its metrics
ticks.parquet        one row for every tick of every driven episode
infractions.csv      one row for every infraction
drive_summary.csv    one row for each policy, weather, size and field of view
iou_vs_driving.csv   IoU of what was predicted against how it drove
timing.csv           what deciding took by the clock; the only table with wall-clock values
===================  ==================================================================================================

Decisions:

* **Tables are made from logs, never added to.** The same logs give the same bytes, however often the run was
  interrupted, and ``harness report`` makes them again.
* **An episode without a log has a row, and its metrics are empty cells,** never 0.
* Logs are read one at a time: what a thousand episodes hold together would not fit into memory.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harness.closed_loop.collected import CollectedEpisode, collect
from harness.closed_loop.description import load_description, planned_keys
from harness.closed_loop.drive_summary import drive_summary
from harness.closed_loop.episode_files import load_timing, timing_file
from harness.closed_loop.episode_log import KEY_COLUMNS, EpisodeKey, EpisodeLog
from harness.closed_loop.iou_link import iou_vs_driving
from harness.closed_loop.metrics.tables import INFRACTION_COLUMNS, episode_tables
from harness.closed_loop.plan import seed_of_repeat
from harness.closed_loop.timing import EpisodeTiming, timing_table
from harness.run_dir import write_bytes
from harness.scoring.spreadsheet import one_line, write_table

TABLE_NAMES = (
    "ticks.parquet", "infractions.csv", "drive_summary.csv", "iou_vs_driving.csv", "timing.csv", "episodes.csv",
)  # fmt: skip
ABOUT_COLUMNS = ("group", "town", "seed")
"""Of ``episodes.csv``: what is known of an episode before it is driven."""
RUN_COLUMNS = ("status", "retries", "message")
"""Of ``episodes.csv``: what became of the episode as a piece of work."""
TEXT_COLUMNS = ("ending", "reason")
"""Metrics that are text, and empty where there is no log."""
METRIC_COLUMNS = (
    *TEXT_COLUMNS, "success", "completed", "duration_s", "route_length_m", "driven_m", "completion",
    "driving_score_1_0", "driving_score_2_0", "driving_score_2_1", "collisions_pedestrian", "collisions_vehicle",
    "collisions_static", "red_lights", "stop_signs", "lane_invasions", "solid_lane_invasions", "outside_lanes_share",
    "off_road_share", "wheels_off_road_share", "wrong_way_share", "lateral_error_mean_m", "lateral_error_p95_m",
    "heading_error_mean_deg", "heading_error_p95_deg", "comfort_share", "max_abs_jerk", "max_abs_lateral_acceleration",
    "min_ttc_s", "mean_speed_mps", "safe_stops", "safe_stop_share", "emergency_brakes", "decisions", "iou_road",
    "iou_lines", "iou_road_lines", "miou",
)  # fmt: skip
"""Of ``episodes.csv``: what the log of an episode says; here, too, for a run of which no episode has one."""
EPISODE_COLUMNS = (*KEY_COLUMNS, *ABOUT_COLUMNS, *RUN_COLUMNS, *METRIC_COLUMNS)
_ROWS_IN_GROUP = 1 << 17
"""Of the parquet file, that a reader may take at a time; equal for equal bytes."""

_DTYPES: dict[type, str] = {int: "Int64", bool: "boolean"}
"""Types of columns that may have empty cells."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DriveTables:
    """The tables that a command prints from, and where all of them are."""

    episodes: pd.DataFrame
    """Columns ``EPISODE_COLUMNS``."""
    summary: pd.DataFrame
    """As :func:`harness.closed_loop.drive_summary.drive_summary` makes it."""
    paths: tuple[Path, ...]


def write_drive_tables(folder: Path) -> DriveTables:
    """Write all tables into ``folder``, in place of those that are there.

    Args:
        folder: of a drive; it need not be finished.

    Raises:
        DataError: ``drive.json``, the journal or a log cannot be read.
    """
    description = load_description(folder)
    scenarios = {each["name"]: each for each in description["scenarios"]}
    read = _Read(folder, scenarios, decide_every=description["rules"]["decide_every"])
    for episode in collect(folder, planned_keys(description)):
        read.add(episode)
    episodes = pd.DataFrame(read.rows, columns=list(EPISODE_COLUMNS))
    summary = drive_summary(episodes)
    write_bytes(folder / "ticks.parquet", _parquet(read.ticks))
    write_table(folder / "infractions.csv", _stacked(read.infractions, INFRACTION_COLUMNS))
    write_table(folder / "drive_summary.csv", summary)
    write_table(folder / "iou_vs_driving.csv", iou_vs_driving(episodes))
    write_table(folder / "timing.csv", timing_table(read.timings))
    write_table(folder / "episodes.csv", _for_a_file(episodes, read.rows))
    return DriveTables(episodes=episodes, summary=summary, paths=tuple(folder / name for name in TABLE_NAMES))


class _Read:
    """What the episodes read so far give, table by table."""

    def __init__(self, folder: Path, scenarios: Mapping[str, Mapping[str, Any]], *, decide_every: int) -> None:
        """Start with no episode.

        Args:
            folder: of the drive.
            scenarios: definition of each planned scenario, by its name.
            decide_every: ticks from one decision to the next.
        """
        self._folder = folder
        self._scenarios = scenarios
        self._decide_every = decide_every
        self.rows: list[dict[str, Any]] = []
        self.ticks: list[pa.Table] = []
        self.infractions: list[pd.DataFrame] = []
        self.timings: list[EpisodeTiming] = []

    def add(self, episode: CollectedEpisode) -> None:
        """The next episode of the plan."""
        log = episode.log
        run = {"status": episode.status, "retries": episode.retries, "message": one_line(episode.message)}
        if log is None:
            self.rows.append(asdict(episode.key) | self._about(episode.key) | dict.fromkeys(TEXT_COLUMNS, "") | run)
            return
        tables = episode_tables(log)
        self.rows.append(tables.row | run)
        self.ticks.append(pa.Table.from_pandas(tables.ticks, preserve_index=False).replace_schema_metadata(None))
        self.infractions.append(tables.infractions)
        self.timings += self._timing(log)

    def _about(self, key: EpisodeKey) -> dict[str, Any]:
        scenario = self._scenarios[key.scenario]
        return {
            "group": str(scenario.get("group", "")),
            "town": scenario["town"],
            "seed": seed_of_repeat(scenario["seed"], key.repeat),
        }

    def _timing(self, log: EpisodeLog) -> list[EpisodeTiming]:
        """Of an episode that was timed; one whose timings were deleted has none."""
        path = self._folder / timing_file(log.key)
        if not path.is_file():
            return []
        timing = load_timing(path)
        return [
            EpisodeTiming(
                policy=log.key.policy,
                width=log.key.width,
                height=log.key.height,
                interval_s=log.fixed_delta_seconds * self._decide_every,
                **timing,
            )
        ]


def _parquet(tables: Sequence[pa.Table]) -> bytes:
    """The content of ``ticks.parquet``; without an episode it has no rows and no columns but the key's."""
    whole = pa.concat_tables(tables).unify_dictionaries() if tables else pa.table({name: [] for name in KEY_COLUMNS})
    content = io.BytesIO()
    pq.write_table(whole.combine_chunks(), content, compression="zstd", row_group_size=_ROWS_IN_GROUP)
    return content.getvalue()


def _stacked(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    rows = [row for table in tables for row in table.to_dict("records")]
    table: pd.DataFrame = pd.DataFrame(rows, columns=list(columns))
    return table


def _for_a_file(episodes: pd.DataFrame, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Counts as whole numbers and answers as True or False, also where some episodes have none."""
    types: dict[str, str] = {}
    for column in episodes.columns:
        kinds = {type(row[column]) for row in rows if column in row}
        dtype = _DTYPES.get(kinds.pop()) if len(kinds) == 1 else None
        if dtype is not None:
            types[column] = dtype
    table: pd.DataFrame = episodes.astype(types)
    return table
