"""An event that has lost parts is shown with words in their place, whatever event it is."""

from dataclasses import fields

import pytest
from hypothesis import given, strategies as st

from interlock.audit import SALTS_BYTES_MAX, erase_parts, open_leaf, seal
from interlock.engine import told
from interlock.journal import (
    NOBODY,
    Entry,
    ErrorInfo,
    Event,
    NodeEvent,
    Value,
    encode_entry,
    entry_with_blanks,
    envelope_of,
    open_envelope,
    principal_of,
    values_of,
)
from interlock.reports import Period, Reporter, Told
from interlock.values import RunId, paths
from unit.journal.events import ENTRIES, KINDS, of_kind

RUN = RunId("01K5M4ZQ00000000000000000A")
ADA = principal_of("ada").actor
WORDS = "(erased, see event 9)"


def blanked(entry: Entry, names: frozenset[str] | None = None) -> tuple[Entry, frozenset[str]]:
    """Erase parts of an event, all unless told, and read what is left of it."""
    body = encode_entry(RUN, entry)
    _, salts = seal(envelope_of(RUN, entry), bytes(SALTS_BYTES_MAX))
    parts = frozenset(open_leaf(body, salts).parts)
    gone = parts if names is None else parts & names
    left = erase_parts(body, salts, b"", names=gone)
    values = {value.ref: value.data for value in values_of(entry.event)}
    envelope = open_envelope(left.body)
    run, found = entry_with_blanks(envelope, values.get, dict.fromkeys(gone, WORDS))
    assert run == RUN
    return found, gone


@given(ENTRIES, st.data())
def test_what_is_left_of_an_event_is_as_it_was(entry: Entry, data: st.DataObject):
    names = data.draw(
        st.sets(st.sampled_from(["actor", "path", "output", "error", "reason", "args"]))
    )
    found, gone = blanked(entry, frozenset(names))
    assert type(found.event) is type(entry.event)
    assert (found.seq, found.at_ms, found.causes) == (entry.seq, entry.at_ms, entry.causes)
    assert found.actor == (NOBODY if "actor" in gone else entry.actor)
    for field in fields(type(entry.event)):
        was, now = getattr(entry.event, field.name), getattr(found.event, field.name)
        if field.name not in gone:
            assert now == was


def is_blank(value: object) -> bool:
    match value:
        case Value():
            return value.json == WORDS
        case ErrorInfo():
            return value.message == WORDS
        case tuple():
            return value == (WORDS,)
        case _:
            return value == WORDS


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_of_every_event_all_parts_can_be_gone(kind: type[Event]):
    @given(of_kind(kind))
    def check(event: Event) -> None:
        found, gone = blanked(Entry(event, at_ms=7, seq=1, actor=ADA))
        for name in gone - {"actor", "usage", "path"}:
            assert is_blank(getattr(found.event, name)), name
        if "path" in gone:
            assert isinstance(found.event, NodeEvent)
            (segment,) = paths.parse(found.event.path)
            assert (segment.node, segment.item) == ("erased", WORDS)
        # Whoever tells of it tells of it all the same.
        assert told(found)
        reporter = Reporter(Period(since_ms=0, until_ms=1 << 60))
        reporter.add(RUN, "g", [Told(entry=found)])
        reporter.report()

    check()
