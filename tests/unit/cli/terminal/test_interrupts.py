"""Ctrl-C outside of a run: at once, but not in the middle of an import."""

import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from interlock.cli.terminal.interrupts import interrupt_handler

MODULE = """\
import signal
try:
    signal.raise_signal(signal.SIGINT)
    {then}
    outcome = "imported"
except KeyboardInterrupt:
    outcome = "interrupted"
"""


@pytest.fixture(autouse=True)
def handled() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, interrupt_handler(pauses_max=2))
    yield
    signal.signal(signal.SIGINT, before)


def outcome_of_import(folder: Path, monkeypatch: pytest.MonkeyPatch, *, then: str) -> str:
    (folder / "asked_to_stop.py").write_text(MODULE.format(then=then), encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "asked_to_stop", raising=False)
    return import_module("asked_to_stop").outcome


def test_outside_of_an_import_it_is_raised_at_once():
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_import_comes_to_its_end_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert outcome_of_import(tmp_path, monkeypatch, then="pass") == "imported"
    with pytest.raises(KeyboardInterrupt):
        signal.sigtimedwait([], 10)


def test_an_import_that_lasts_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lasting = "signal.sigtimedwait([], 10)"
    assert outcome_of_import(tmp_path, monkeypatch, then=lasting) == "interrupted"
