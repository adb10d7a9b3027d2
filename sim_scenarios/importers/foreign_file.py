"""Import a file of whichever kind it is, told by its outermost element."""

from __future__ import annotations

from pathlib import Path

from sim_scenarios.errors import ScenarioError
from sim_scenarios.importers import leaderboard, openscenario
from sim_scenarios.importers.foreign_xml import ForeignXml
from sim_scenarios.importers.imported import Imported, ImportOptions

_IMPORTERS = {leaderboard.ROOT: leaderboard.import_routes, openscenario.ROOT: openscenario.import_scenario}


def import_file(path: Path, options: ImportOptions) -> Imported:
    """The suite that a foreign file means, as far as a suite can say it.

    Raises:
        ScenarioError: the file cannot be read, is of no known kind, or has a value that cannot be meant; or a library
            that its kind needs is not installed.
    """
    document = ForeignXml(path)
    if document.root.tag not in _IMPORTERS:
        known = " or ".join(f"<{tag}>" for tag in _IMPORTERS)
        raise ScenarioError(f"{document.place(document.root)}: begins with <{document.root.tag}>, expected {known}")
    return _IMPORTERS[document.root.tag](document, options)
