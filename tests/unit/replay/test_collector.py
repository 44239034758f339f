"""The collector of garbage: held while a journal is folded, and as before afterwards."""

import gc
from collections.abc import Iterator

import pytest

from interlock.errors import JournalCorrupt
from interlock.journal import Entry
from interlock.replay import fold, verify
from sim.stories import RUN
from unit.replay.journals import MAKERS, journal

NAME = min(MAKERS)


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def watched(entries: tuple[Entry, ...], seen: list[bool]) -> Iterator[Entry]:
    """Pass entries on, and note whether the collector is at work meanwhile."""
    for entry in entries:
        seen.append(gc.isenabled())
        yield entry


def test_it_is_held_while_a_journal_is_folded_and_goes_on_afterwards():
    seen: list[bool] = []
    fold(RUN, watched(journal(NAME), seen))
    assert seen == [False] * len(journal(NAME))
    assert gc.isenabled()


def test_it_goes_on_after_a_journal_that_is_refused():
    with pytest.raises(JournalCorrupt):
        verify(RUN, journal(NAME)[1:])
    assert gc.isenabled()


def test_who_holds_it_already_holds_it_still():
    gc.disable()
    fold(RUN, journal(NAME))
    assert not gc.isenabled()


def test_what_a_fold_keeps_is_not_looked_through_afterwards():
    entries = journal(NAME)
    gc.collect()
    before = [each["collections"] for each in gc.get_stats()]
    kept = [fold(RUN, entries) for _ in range(20)]
    old = {id(each) for each in gc.get_objects(generation=2)}
    assert old.issuperset(map(id, kept))
    assert [each["collections"] for each in gc.get_stats()] == before


def test_what_somebody_has_frozen_stays_frozen():
    mine = [object()]
    gc.freeze()
    try:
        fold(RUN, journal(NAME))
        assert not any(each is mine for each in gc.get_objects())
    finally:
        gc.unfreeze()
    assert any(each is mine for each in gc.get_objects())
