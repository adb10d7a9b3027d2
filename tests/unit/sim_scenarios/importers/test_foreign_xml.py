from __future__ import annotations

from pathlib import Path

import pytest

from sim_scenarios.errors import ScenarioError
from sim_scenarios.importers.foreign_xml import ForeignXml

TEXT = """\
<a x="1">
  <b name="first" y="2.5"/>
  <b name="second" z="3"/>
  <c><d><e name="deep"/></d></c>
</a>
"""


def read(folder: Path, text: str | bytes) -> ForeignXml:
    path = folder / "file.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return ForeignXml(path)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY % e SYSTEM "file:///etc/hostname"> %e;]><a/>',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
        "<!DOCTYPE a><a/>",
    ],
)
def test_a_document_type_is_refused_before_anything_of_it_is_used(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScenarioError, match=r"file\.xml:1: has a document type .* refused"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1: not valid XML: no element found"),
        ("<a>\n<b></a>", "2: not valid XML: mismatched tag"),
        ("<a>&nothing;</a>", "1: not valid XML: undefined entity"),
        ("<a/>\n<a/>", "2: not valid XML"),
        ("<b>" * 101, "1: nested deeper than 100"),
        (b"<a>\xff\xfe</a>", "1: not valid XML"),
        (b"\x00\x01", "not valid XML"),
    ],
)
def test_what_is_no_xml_is_refused_with_its_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)


@pytest.mark.parametrize("encoding", ["foo", "shift_jis", "idna", "hex"])
def test_an_encoding_that_is_not_known_is_refused(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(ScenarioError, match=r"file\.xml: cannot be decoded .*: save it as UTF-8"):
        read(tmp_path, f'<?xml version="1.0" encoding="{encoding}"?><a/>')


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        ForeignXml(tmp_path / "nothing.xml")


def test_a_file_larger_than_any_route_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "file.xml").open("wb") as file:
        file.truncate(33 * 2**20)
    with pytest.raises(ScenarioError, match="larger than 32 MiB"):
        ForeignXml(tmp_path / "file.xml")


def test_what_nobody_took_is_reported_by_name_and_line(tmp_path: Path) -> None:
    document = read(tmp_path, TEXT)
    assert document.not_understood() == ("a (line 1)",)
    first, second, _ = document.take(document.root)
    assert document.not_understood() == (
        "a: x (line 1)",
        "a/b 'first' (line 2)",
        "a/b 'second' (line 3)",
        "a/c/d/e 'deep' (line 4)",
    )
    document.take(document.root, "x")
    document.take(first, "name")
    document.take(second, "name")
    assert document.number(first, "y") == 2.5
    assert document.not_understood() == ("a/b: z (line 3)", "a/c/d/e 'deep' (line 4)")
    document.take_whole(document.root)
    assert document.not_understood() == ()


def test_equal_things_are_reported_once(tmp_path: Path) -> None:
    document = read(tmp_path, "<a>\n<b/>\n<b/>\n<b/>\n</a>")
    document.take(document.root)
    assert document.not_understood() == ("a/b (line 2 and 2 more)",)


@pytest.mark.parametrize(
    ("attribute", "said"),
    [
        ("name", "name of <b> is 'first', expected a finite number"),
        ("q", "<b> has no q"),
        ("inf", "inf of <b> is 'inf', expected a finite number"),
    ],
)
def test_numbers_are_numbers(tmp_path: Path, attribute: str, said: str) -> None:
    document = read(tmp_path, TEXT.replace('y="2.5"', 'inf="inf"'))
    with pytest.raises(ScenarioError) as caught:
        document.number(document.root[0], attribute)
    assert str(caught.value) == f"{tmp_path / 'file.xml'}:2: {said}"
