"""Misuse of the Python form beside the exact text that people see.

`UPDATE_GOLDEN=1 pytest` writes the texts anew; look at the difference before you commit it.
"""

import json
import linecache
import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from interlock.actions import Context, action
from interlock.errors import CODES, InterlockError
from interlock.graph import GraphFunction, enclosing
from interlock.plan import compile as compile_graph

FOLDER = Path(__file__).parents[3] / "golden" / "python_form"
PROGRAMS = sorted(FOLDER.glob("*.py"))


@dataclass
class Alert:
    severity: int
    owner: str
    tags: list[str]
    urgent: bool = False


@action(effect="read")
def fetch_alert(alert_id: str) -> Alert:
    raise NotImplementedError(alert_id)


@action("oncall.page")
def page(who: str, text: str = "") -> str:
    raise NotImplementedError(who, text)


@action(effect="pure")
def shorten(text: str) -> str:
    raise NotImplementedError(text)


def world() -> dict[str, Any]:
    """What a program finds, as if it had imported it."""
    door = import_module("interlock.graph")
    public = {name: getattr(door, name) for name in door.__all__}
    ours = {"fetch_alert": fetch_alert, "page": page, "shorten": shorten, "enclosing": enclosing}
    rest = {"json": json, "Context": Context}
    return {**public, **ours, **rest, "__name__": "program"}


def error_of(path: Path) -> InterlockError:
    """Execute a program, and compile its last graph."""
    text = path.read_text(encoding="utf-8")
    linecache.cache[path.name] = (len(text), None, text.splitlines(keepends=True), path.name)
    with pytest.raises(InterlockError) as caught:
        execute(compile(text, path.name, "exec"))
    return caught.value


def execute(program: CodeType) -> None:
    found = world()
    known = set(found)
    exec(program, found)
    graphs = [one for name, one in found.items() if name not in known]
    compile_graph([one for one in graphs if isinstance(one, GraphFunction)][-1])


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_misuse_is_told_as_written(path: Path):
    shown = f"{error_of(path)}\n"
    expected = path.with_suffix(".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(shown, encoding="utf-8")
    assert shown == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_misuse_has_a_known_code_and_a_cure(path: Path):
    error = error_of(path)
    assert error.code in CODES
    assert error.hint or "hint: " in error.message


def test_every_text_has_its_program():
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in PROGRAMS}


def test_every_code_of_the_python_form_is_shown():
    shown = {error_of(path).code for path in PROGRAMS}
    assert {code for code in CODES if code.startswith("IL115")} <= shown
