from __future__ import annotations

import pytest

from datasets import strict_json


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', "[NaN]", "[Infinity]", "[-Infinity]", "{", '{"a": {"b": 1, "b": 1}}', "[" * 100_000]
)
def test_what_is_not_strict_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the message is the parser's
        strict_json.loads(text)


def test_equal_content_is_equal_text() -> None:
    assert strict_json.dumps({"b": [1, 2.5], "a": "ö"}) == '{"a":"ö","b":[1,2.5]}'
    assert strict_json.loads(strict_json.dumps({"b": 1, "a": None}, indent=1)) == {"a": None, "b": 1}


def test_nan_is_not_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        strict_json.dumps([float("nan")])


@pytest.mark.parametrize("text", ["1e999", "[-1e999]", '"\\ud800"', '{"\\uDFFF": 1}'])
def test_what_could_not_be_written_again(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the message is the number's or the codec's
        strict_json.loads(text)


def test_whole_pairs_are_characters() -> None:
    assert strict_json.loads('"\\ud83d\\ude97"') == "🚗"
