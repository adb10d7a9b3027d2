"""What the page asks of a run is what the run writes: columns, statuses, kinds of infractions, names of policies."""

from __future__ import annotations

from typing import get_args

import pytest

from harness.closed_loop import iou_link
from harness.closed_loop.description import SCHEMA_VERSION as WRITTEN_VERSION
from harness.closed_loop.drive_summary import ALL_GROUPS, drive_summary
from harness.closed_loop.episode_log import KEY_COLUMNS
from harness.closed_loop.iou_link import iou_vs_driving
from harness.closed_loop.metrics.infractions import InfractionKind
from harness.closed_loop.metrics.tables import INFRACTION_COLUMNS
from harness.closed_loop.tables import EPISODE_COLUMNS
from harness.reporting.driving import link_section, outline, raw_tables, source
from harness.reporting.driving.maps import shape_of
from harness.workers.status import Status
from tests.unit.harness.reporting.driving.conftest import Plan, write_drive_folder


def test_the_words_are_the_same() -> None:
    assert tuple(raw_tables.KEY) == KEY_COLUMNS
    assert set(raw_tables.STATUSES) == set(get_args(Status))
    assert raw_tables.ALL_GROUPS == ALL_GROUPS
    assert source.SCHEMA_VERSION == WRITTEN_VERSION
    assert outline.TRUTH == iou_link.TRUTH
    assert link_section.IOU == iou_link.IOU


def kinds(alias: object) -> list[str]:
    """The words of a union of literals."""
    parts = get_args(alias)
    return [word for part in parts for word in (kinds(part) if get_args(part) else [part])]


def test_every_kind_of_infraction_has_its_symbol() -> None:
    known = kinds(InfractionKind)
    assert len(known) > 10
    assert shape_of("something new") not in {shape_of(kind) for kind in known}


def test_the_columns_are_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = write_drive_folder(tmp_path_factory.mktemp("columns") / "out", scenarios=("bend",), incomplete={})
    episodes = source.read_drive(folder).episodes
    written = {
        "episodes.csv": EPISODE_COLUMNS,
        "infractions.csv": INFRACTION_COLUMNS,
        "drive_summary.csv": drive_summary(episodes).columns,
        "iou_vs_driving.csv": iou_vs_driving(episodes).columns,
    }
    for name, columns in written.items():
        assert set(raw_tables.columns_of(name)) <= set(columns), name
    assert len(episodes) == len([key for key in Plan().keys if key.scenario == "bend"])
