"""Whoever mends an action is told the line of its file, and where beyond it it was raised."""

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from interlock.errors import UsageError
from interlock.runtime.calls.places import place_of
from interlock.values import duration_ms

HERE = Path(__file__)


def own(text: str) -> object:
    raise ValueError(text)


def helped(text: str) -> object:
    return own(text)


def beyond(text: str) -> object:
    return json.loads(text)


def told(function: Any, *args: Any) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any of them
        function(*args)
    return place_of(caught.value, function)


def line_of(text: str) -> int:
    return HERE.read_text(encoding="utf-8").splitlines().index(f"    {text}") + 1


@pytest.mark.parametrize("function", [own, helped])
def test_the_last_line_of_the_file_of_the_action_is_told(
    function: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(HERE.parent)
    line = line_of("raise ValueError(text)")
    assert told(function, "no") == f"see test_places.py:{line}, in `own`"


def test_elsewhere_a_path_is_shortened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert told(own, "no").startswith("see runtime/test_places.py:")
    tmp_path.rmdir()
    assert told(own, "no").startswith("see runtime/test_places.py:")


def test_what_is_raised_beyond_the_file_is_told_with_both_places():
    line = line_of("return json.loads(text)")
    found = told(beyond, "{")
    assert f"test_places.py:{line}, in `beyond`; it was raised at json/decoder.py:" in found


def test_a_wrapped_function_is_looked_through():
    assert told(functools.lru_cache(own), "no").endswith("in `own`")


def test_what_has_no_line_of_its_own_is_passed_over():
    assert told(int, "x") == ""
    with pytest.raises(UsageError) as caught:
        duration_ms("no duration")
    assert place_of(caught.value, duration_ms) == "", "ours says what to do by itself"
    assert place_of(caught.value, json.loads) == ""
