"""Reading what ``harness drive`` left behind, and refusing what is missing, half-written or of another run.

Only the tables, one log of each scenario (for its route) and one clip are read: the page is made of what the run has
written, and computes no metric of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harness.closed_loop.episode_log import EpisodeKey, EpisodeLog
from harness.closed_loop.episode_names import episode_name
from harness.errors import DataError
from harness.reporting.driving.raw_tables import KEY, STATUSES, again, read_table, read_ticks

SCHEMA_VERSION = 1
"""Version of ``drive.json`` and its tables that this report understands."""
TABLES = ("episodes", "infractions", "drive_summary", "iou_vs_driving")
_OBJECTS = ("definitions", "policies", "models", "labels")
"""Parts of ``drive.json`` that the page tells one by one; none of them need be there."""
_TRUE, _FALSE = {"true", "yes", "1", "1.0"}, {"false", "no", "0", "0.0"}


@dataclass(frozen=True, kw_only=True, eq=False)
class DriveData:
    """Everything on the page comes from here."""

    folder: Path
    description: Mapping[str, Any]
    """``drive.json``."""
    environment: Mapping[str, Any]
    """The last session of ``manifest.json``: command line, versions, platform; empty where there is none."""
    episodes: pd.DataFrame
    """``episodes.csv``: one row for each planned episode; ``success`` and ``completed`` are 1, 0 or NaN."""
    infractions: pd.DataFrame
    """``infractions.csv``"""
    summary: pd.DataFrame
    """``drive_summary.csv``"""
    link: pd.DataFrame
    """``iou_vs_driving.csv``"""
    ticks: pd.DataFrame
    """``ticks.parquet``, the columns that the page needs."""

    @property
    def policies(self) -> tuple[str, ...]:
        """Planned policies, in order."""
        return tuple(str(name) for name in self.episodes["policy"].unique())

    @property
    def driven(self) -> pd.DataFrame:
        """The rows of episodes that have metrics: those that were driven to an end, whatever kind of end."""
        rows: pd.DataFrame = self.episodes.dropna(subset=["completion"])
        return rows

    def log_of(self, scenario: str) -> EpisodeLog | None:
        """The log of one episode of a scenario, for its route; None where none was kept.

        Raises:
            DataError: it is damaged.
        """
        for row in self.driven[self.driven["scenario"] == scenario].to_dict("records"):
            path = self.folder / "logs" / f"{episode_name(key_of(row))}.npz"
            if path.is_file():
                return EpisodeLog.load(path)
        return None

    def clip_of(self, row: Mapping[Any, Any]) -> Path | None:
        """The clip of an episode; None where none was kept."""
        path = self.folder / "clips" / f"{episode_name(key_of(row))}.webp"
        return path if path.is_file() else None


def key_of(row: Mapping[Any, Any]) -> EpisodeKey:
    """The key of a row of a table."""
    return EpisodeKey(
        scenario=str(row["scenario"]),
        weather=str(row["weather"]),
        width=int(row["width"]),
        height=int(row["height"]),
        fov=float(row["fov"]),
        policy=str(row["policy"]),
        repeat=int(row["repeat"]),
    )


def read_drive(folder: Path) -> DriveData:
    """Read and check what ``harness drive`` wrote into ``folder``.

    Raises:
        DataError: a file is missing, cut short, inconsistent or of another version; the message names it.
    """
    description = _read_json(folder / "drive.json")
    if description.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            f"{folder / 'drive.json'} has schema version {description.get('schema_version')}, this program reads "
            f"{SCHEMA_VERSION}: make the report with the version that drove, or drive again"
        )
    for name in _OBJECTS:
        if not isinstance(description.get(name) or {}, dict):
            raise DataError(f"{folder / 'drive.json'} has {name} that are no JSON object: drive again, {again(folder)}")
    tables = {name: read_table(folder / f"{name}.csv") for name in TABLES}
    episodes = tables["episodes"]
    _check_episodes(folder / "episodes.csv", episodes, description)
    for name in ("success", "completed"):
        episodes[name] = [_as_number(folder / "episodes.csv", name, value) for value in episodes[name]]
    ticks = read_ticks(folder / "ticks.parquet")
    _check_planned(folder / "infractions.csv", tables["infractions"], episodes)
    _check_planned(folder / "ticks.parquet", ticks, episodes)
    _check_driven(folder / "ticks.parquet", ticks, episodes)
    _check_conditions(folder / "drive_summary.csv", tables["drive_summary"], episodes)
    return DriveData(
        folder=folder,
        description=description,
        environment=_environment(folder / "manifest.json"),
        episodes=episodes,
        infractions=tables["infractions"],
        summary=tables["drive_summary"],
        link=tables["iou_vs_driving"],
        ticks=ticks,
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: {path.parent} is not the output of a drive. Make one with "
            f"`harness drive RUN SUITE -o {path.parent}`"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read ({error}): drive again, {again(path.parent)}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} is not a JSON object: drive again, {again(path.parent)}")
    return content


def _environment(path: Path) -> dict[str, Any]:
    """The last session of a manifest. It only informs, so a missing or odd one costs its block of the page, no more."""
    if not path.exists():
        return {}
    sessions = _read_json(path).get("sessions")
    last = sessions[-1] if isinstance(sessions, list) and sessions else {}
    return last if isinstance(last, dict) else {}


def _check_episodes(path: Path, episodes: pd.DataFrame, description: Mapping[str, Any]) -> None:
    """Every planned episode has one row, and no other has any."""
    if episodes.empty:
        raise DataError(f"{path} has no rows: drive at least one episode, {again(path.parent)}")
    unknown = sorted(set(episodes["status"]) - set(STATUSES))
    if unknown:
        raise DataError(f"{path} has status {', '.join(map(repr, unknown))}; known are: {', '.join(STATUSES)}")
    repeated = episodes.duplicated(KEY)
    if repeated.any():
        raise DataError(f"{path} has rows that appear twice, such as {_words(episodes[repeated])}: drive again")
    try:
        planned = {key_of(each) for each in description["episodes"]}
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path.with_name('drive.json')} has no usable list of episodes ({error!r}): drive again"
        ) from error
    found = {key_of(row) for row in episodes[KEY].to_dict("records")}
    for key in sorted(planned ^ found, key=episode_name):
        what = "has no row for" if key in planned else "has a row that drive.json did not plan:"
        raise DataError(
            f"{path} {what} {episode_name(key)}: it is cut short or from another run. Drive again, {again(path.parent)}"
        )


def _check_planned(path: Path, table: pd.DataFrame, episodes: pd.DataFrame) -> None:
    """Every row is about an episode that was planned."""
    keys = table[KEY].drop_duplicates().astype({name: str for name in ("scenario", "weather", "policy")})
    known = keys.merge(episodes[KEY], on=KEY, how="left", indicator="found")["found"] == "both"
    if not known.all():
        raise DataError(
            f"{path} has rows of {_words(keys[~known.to_numpy()])}, which episodes.csv does not list: it is from "
            f"another run. Drive again, {again(path.parent)}"
        )


def _check_driven(path: Path, ticks: pd.DataFrame, episodes: pd.DataFrame) -> None:
    """Every episode with metrics has its ticks."""
    driven = episodes.dropna(subset=["completion"])[KEY]
    there = ticks[KEY].drop_duplicates().astype({name: str for name in ("scenario", "weather", "policy")})
    has = driven.merge(there, on=KEY, how="left", indicator="found")["found"] == "both"
    if not has.all():
        raise DataError(
            f"{path} has no tick of {_words(driven[~has.to_numpy()])}, of which episodes.csv has metrics: it is cut "
            f"short or from another run. Drive again, {again(path.parent)}"
        )


def _check_conditions(path: Path, summary: pd.DataFrame, episodes: pd.DataFrame) -> None:
    unknown = sorted(set(summary["policy"]) - set(episodes["policy"]))
    if unknown:
        raise DataError(
            f"{path} has rows of policy {', '.join(map(repr, unknown))}, which episodes.csv does not list: it is from "
            f"another run. Drive again, {again(path.parent)}"
        )


def _as_number(path: Path, column: str, value: Any) -> float:
    """1 for yes, 0 for no, NaN for an empty cell."""
    word = "" if pd.isna(value) else str(value).strip().lower()
    if word in _TRUE | _FALSE:
        return float(word in _TRUE)
    if word == "":
        return float("nan")
    raise DataError(f"{path} has {value!r} in column {column}, expected yes or no: drive again, {again(path.parent)}")


def _words(rows: pd.DataFrame) -> str:
    return episode_name(key_of(rows[KEY].iloc[0].to_dict()))
