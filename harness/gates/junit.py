"""A JUnit file: what most build servers show as a table of tests.

One test case stands for each planned cell (an incomplete one is an *error*) and one for each gate and row (one that is
not met is a *failure*, one that does not apply is *skipped*). Elements and attributes are those of Jenkins'
junit-10.xsd. There are no times in it: the same score gives the same file.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from harness.gates.verdict import GateResult
from harness.run_dir import write_bytes

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test case."""

    group: str
    """Shown as its class."""
    name: str
    problem: Literal["", "error", "failure", "skipped"] = ""
    message: str = ""


def write_junit(path: Path, cells: pd.DataFrame | None, gates: Sequence[GateResult]) -> Path:
    """Write the file, whole or not at all.

    Args:
        path: where.
        cells: ``scenarios.csv``; None where there are no cells, as for a comparison.
        gates: the verdicts.
    """
    suites = {"cells": [] if cells is None else _cell_cases(cells), "gates": [_gate_case(gate) for gate in gates]}
    root = ET.Element("testsuites", name="harness")
    for name, cases in suites.items():
        suite = ET.SubElement(root, "testsuite", name=name, tests=str(len(cases)))
        for attribute, problem in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(attribute, str(sum(case.problem == problem for case in cases)))
        for case in cases:
            _add(suite, case)
    ET.indent(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")
    return path


def _add(suite: ET.Element, case: Case) -> None:
    element = ET.SubElement(suite, "testcase", classname=_xml_text(case.group), name=_xml_text(case.name))
    if case.problem == "skipped":
        ET.SubElement(element, "skipped", message=_xml_text(case.message))
    elif case.problem:
        ET.SubElement(element, case.problem, message=_xml_text(case.message), type=case.problem)


def _cell_cases(cells: pd.DataFrame) -> list[Case]:
    return [
        Case(
            group=f"harness.cells.{row['scenario']}",
            name=f"{row['weather']} {row['width']}x{row['height']} fov {row['fov']:g} {row['model']} "
            f"repeat {row['repeat']}",
            problem="" if row["status"] == "done" else "error",
            message="" if row["status"] == "done" else f"{row['status']}: {row['message']}".removesuffix(": "),
        )
        for row in cells.to_dict("records")
    ]


def _gate_case(result: GateResult) -> Case:
    problem: Literal["", "failure", "skipped"] = "failure"
    if result.passed:
        problem = "skipped" if result.outcome == "not applicable" else ""
    return Case(
        group=f"harness.gates.{result.gate.kind}",
        name=f"{result.gate.text}, {result.where}",
        problem=problem,
        message=result.text if problem else "",
    )


def _xml_text(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
