from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest

from harness.gates.gate import parse_gates
from harness.gates.junit import write_junit
from harness.gates.verdict import GateResult, Outcome

CELL = {"scenario": "east", "weather": "ClearNoon", "width": 8, "height": 4, "fov": 90.0, "model": "unet", "repeat": 1}
CELLS = pd.DataFrame(
    [
        {**CELL, "status": "done", "message": ""},
        {**CELL, "scenario": "west", "status": "crashed", "message": '<b> & "quotes" \x00\x1b[1m \ufffe ü'},
        {**CELL, "scenario": "south", "status": "not run", "message": ""},
    ]
)
# Elements and what they may hold: Jenkins' junit-10.xsd, as far as this file uses it.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors", "disabled"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
    "testcase": {"name", "classname", "assertions", "time", "status"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
}
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase"}, "testcase": {"failure", "error", "skipped"}}


def gate(outcome: Outcome, where: str = "unet & <rain>") -> GateResult:
    value = math.nan if outcome in ("no value", "not applicable") else 0.5
    return GateResult(gate=parse_gates(["car=0.6"])[0], where=where, value=value, outcome=outcome)


@pytest.fixture
def root(tmp_path: Path) -> ET.Element:
    gates = [gate("passed"), gate("failed"), gate("no value"), gate("not applicable")]
    return ET.parse(write_junit(tmp_path / "junit.xml", CELLS, gates)).getroot()


def test_only_known_elements_and_attributes_are_used(root: ET.Element) -> None:
    for element in root.iter():
        assert element.attrib.keys() <= ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        assert "name" in element.attrib or element.tag in ("failure", "error", "skipped")


def test_counts_are_those_of_the_cases(root: ET.Element) -> None:
    for suite in root:
        assert int(suite.attrib["tests"]) == len(suite)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[attribute]) == len(suite.findall(f"testcase/{tag}"))


def test_a_cell_that_is_not_done_is_an_error(root: ET.Element) -> None:
    done, crashed, missing = root.findall("testsuite[@name='cells']/testcase")
    assert len(done) == 0
    assert done.attrib == {"classname": "harness.cells.east", "name": "ClearNoon 8x4 fov 90 unet repeat 1"}
    error = crashed.find("error")
    assert error is not None
    assert error.attrib["message"] == 'crashed: <b> & "quotes" ��[1m � ü', "whole, but for what XML cannot hold"
    assert missing[0].attrib["message"] == "not run"


def test_a_gate_that_is_not_met_is_a_failure(root: ET.Element) -> None:
    cases = root.findall("testsuite[@name='gates']/testcase")
    assert [[child.tag for child in case] for case in cases] == [[], ["failure"], ["failure"], ["skipped"]]
    assert cases[1][0].attrib["message"] == "IoU of car >= 0.6: 0.500, unet & <rain>"
    assert cases[2][0].attrib["message"] == "IoU of car >= 0.6: no value, unet & <rain>"


def test_names_of_cases_are_different(tmp_path: Path) -> None:
    gates = [gate("passed", where) for where in ("here", "there")]
    root = ET.parse(write_junit(tmp_path / "junit.xml", None, gates)).getroot()
    names = [(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")]
    assert len(set(names)) == len(names) == 2
    assert len(root.findall("testsuite[@name='cells']/testcase")) == 0
