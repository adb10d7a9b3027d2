"""``report`` as a user and a build server run it: what is on stdout, and the exit code."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.report import print_report, report
from harness.errors import GateError, UsageError
from harness.gates.gate import parse_gates
from harness.reporting.report import ReportSummary
from harness.reporting.report import report as write_report
from harness.scoring.statistics.bootstrap import Bootstrap
from tests.unit.harness.reporting.conftest import write_score_folder


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("score") / "scores"
    return write_score_folder(folder, scenarios=("east", "south"), sizes=((32, 18),), frames=2)


@pytest.fixture(scope="module")
def summary(scores: Path) -> ReportSummary:
    return write_report(scores, bootstrap=Bootstrap(resamples=20), gates=parse_gates(["0.05"], ["car=90"]))


def run(scores: Path, *arguments: object) -> Result:
    return CliRunner().invoke(report, [str(scores), "--resamples", "20", *map(str, arguments)])


def test_tables_are_printed_and_files_are_named(summary: ReportSummary, capsys: pytest.CaptureFixture[str]) -> None:
    print_report(summary, "table")
    printed = capsys.readouterr()
    for words in ("warning: Incomplete: of 40 planned cells", "mIoU, counts pooled", "operating limits", "partial"):
        assert words in printed.out
    assert "not significant" in printed.out
    assert printed.out.splitlines()[-1] == str(summary.paths[-1])
    assert printed.err == ""


def test_csv_is_the_summary(summary: ReportSummary, capsys: pytest.CaptureFixture[str]) -> None:
    print_report(summary, "csv")
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert len(rows) == 10
    assert rows[0]["model"] == "large"
    assert 0.5 < float(rows[0]["miou_low"]) < float(rows[0]["miou"]) < 1
    assert printed.out == (summary.paths[0].parent / "summary.csv").read_text()
    assert "warning: Incomplete" in printed.err


def test_markdown_has_every_table_and_nothing_else(summary: ReportSummary, capsys: pytest.CaptureFixture[str]) -> None:
    print_report(summary, "markdown")
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("### ") for line in lines) == 5
    assert all(not line or line.startswith(("### ", "|")) for line in lines)


def test_a_demand_that_is_not_met_is_an_error_of_its_own(scores: Path, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    result = run(scores, "--fail-under", "road=0.9", "--max-drop", "99", "--junit", junit, "--format", "json")
    assert isinstance(result.exception, GateError)
    assert "IoU of road >= 0.9: 0." in str(result.exception)
    assert "warning: Incomplete" in result.stderr
    content = json.loads(result.stdout)
    assert content == json.loads((scores / "report.json").read_text())
    failed = [gate for gate in content["gates"] if gate["outcome"] != "passed"]
    assert failed
    assert {gate["gate"] for gate in failed} == {"fail-under"}
    suites = {suite.attrib["name"]: suite.attrib for suite in ET.parse(junit).getroot()}
    assert int(suites["gates"]["tests"]) == len(content["gates"])
    assert int(suites["gates"]["failures"]) == len(failed)
    assert int(suites["cells"]["tests"]) == 40


@pytest.mark.parametrize("arguments", [("--fail-under", "caar=0.5"), ("--max-drop", "500"), ("--target", "2")])
def test_what_cannot_be_meant_is_refused(scores: Path, arguments: tuple[str, str]) -> None:
    assert isinstance(run(scores, *arguments).exception, UsageError)
