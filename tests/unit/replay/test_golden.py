"""Journals that were written by a release replay in every later one."""

from collections import Counter
from pathlib import Path

import pytest

from interlock.journal import encode_entry
from interlock.replay import verify
from unit.replay.golden import FOLDER, HOW, read

FILES = sorted(FOLDER.glob("*/*.jsonl"))


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_there_are_journals_with_events_of_every_type():
    assert FILES, HOW
    types = Counter(entry.event.type for path in FILES for entry in read(path).entries())
    assert len(types) == 12, types


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_journal_replays(path: Path):
    golden = read(path)
    found = verify(golden.run, golden.entries())
    assert found.recorded == found.replayed == golden.execution, HOW


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_journal_is_written_as_it_was(path: Path):
    golden = read(path)
    written = [encode_entry(golden.run, entry) for entry in golden.entries()]
    assert written == golden.bodies
