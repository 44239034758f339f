"""What is left of a run that has lost parts is held against all that can still be known."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from interlock.errors import Divergence, JournalCorrupt
from interlock.journal import NOBODY, Actor, Entry, PartsErased, principal_of
from interlock.replay import verify, verify_remains
from sim.stories import RUN
from unit.replay.journals import MAKERS, journal

ADA = principal_of("ada").actor
ERASED = PartsErased(parts=("1.inputs",), rule="GDPR Art. 17")


def with_erasure(name: str) -> list[Entry]:
    entries = journal(name)
    last = entries[-1]
    told = Entry(ERASED, at_ms=last.at_ms, seq=last.seq + 1, epoch=last.epoch, actor=ADA)
    return [*entries, told]


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_left_of_any_run_is_what_it_was(name: str):
    entries = with_erasure(name)
    found, whole = verify_remains(RUN, entries, {"1.inputs": len(entries)}), verify(RUN, entries)
    assert (found.events, found.status, found.head) == (len(entries), whole.status, whole.head)


def moved(entries: list[Entry]) -> list[Entry]:
    return [entries[0], entries[2], entries[1], *entries[3:]]


def at_epoch(entries: list[Entry]) -> list[Entry]:
    return [*entries[:-2], replace(entries[-2], epoch=entries[-2].epoch + 1), entries[-1]]


def of_later(entries: list[Entry]) -> list[Entry]:
    return [entries[0], replace(entries[1], causes=(2,)), *entries[2:]]


def after_the_end(entries: list[Entry]) -> list[Entry]:
    told = entries[-1]
    return [*entries[:-1], replace(entries[1], seq=told.seq), replace(told, seq=told.seq + 1)]


def by_nobody_known(entries: list[Entry]) -> list[Entry]:
    return [entries[0], replace(entries[1], actor=Actor("ada")), *entries[2:]]


def twice_begun(entries: list[Entry]) -> list[Entry]:
    return [entries[0], replace(entries[0], seq=2), *entries[2:]]


CHANGES: list[tuple[Callable[[list[Entry]], list[Entry]], str]] = [
    (moved, "it comes after event 1"),
    (lambda entries: entries[1:], "it comes after event 0"),
    (at_epoch, "after one of epoch"),
    (of_later, "its causes are"),
    (after_the_end, "it comes after the end of the run"),
    (twice_begun, "a run begins with `RunStarted`, once"),
]


@pytest.mark.parametrize("change,told", CHANGES)
def test_what_was_changed_is_found(change: Callable[[list[Entry]], list[Entry]], told: str):
    entries = change(with_erasure("chain"))
    with pytest.raises(Divergence, match=told):
        verify_remains(RUN, entries, {"1.inputs": len(entries)})


def test_an_actor_is_one_or_was_erased():
    entries = with_erasure("chain")
    with pytest.raises(JournalCorrupt, match="is no actor"):
        verify_remains(RUN, by_nobody_known(entries), {"1.inputs": len(entries)})
    found = [replace(entry, actor=NOBODY) for entry in entries]
    assert verify_remains(RUN, found, {"1.inputs": len(entries)}).events == len(entries)


def test_what_is_missing_was_erased_and_what_was_erased_is_missing():
    entries = with_erasure("chain")
    with pytest.raises(Divergence, match=r"`2\.output` is missing, and no event tells") as caught:
        verify_remains(RUN, entries, {"1.inputs": len(entries), "2.output": None})
    assert caught.value.seq == 2
    with pytest.raises(Divergence, match=r"tells that `1\.inputs` was erased, which is there"):
        verify_remains(RUN, entries, {})
