"""What the tests of importers share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datasets.importers.catalog import IMPORTERS
from datasets.importers.import_run import import_source
from datasets.importers.options import ImportOptions
from datasets.importers.plan import plan_import
from datasets.importers.summary import ImportSummary

RunImport = Callable[..., ImportSummary]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Where the data set to import is made."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the recording goes."""
    return tmp_path / "recording"


@pytest.fixture
def run_import(source: Path, out: Path) -> RunImport:
    """Import `source` into `out` with the importer of a name; further arguments as of `import_source`."""

    def run(name: str, options: ImportOptions | None = None, *, limit: int | None = None, **more: Any) -> ImportSummary:
        found = IMPORTERS[name].find(source, options or ImportOptions())
        return import_source(plan_import(found, limit=limit), out, harness_version="0.1.0", **more)

    return run
