"""The journal of a store itself: events come back as they were written, or are refused."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from interlock.audit import SALTS_BYTES_MAX, leaf_of, seal
from interlock.errors import JournalCorrupt
from interlock.journal import (
    STORE_JOURNAL,
    HoldPlaced,
    HoldReleased,
    Pruned,
    RunsPruned,
    StoreEntry,
    encode_envelope,
    principal_of,
    read_store_entry,
    store_envelope,
)
from interlock.values import KeyId, RunId

ADA = principal_of("ada").actor
WHOLE = st.integers(0, 2**40)
WORDS = st.text("abc é", min_size=1, max_size=5)
RUNS = st.text("01ABZ", min_size=1, max_size=5).map(RunId)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
PRUNED = st.builds(Pruned, run=RUNS, ended_ms=WHOLE) | st.builds(
    Pruned, run=RUNS, ended_ms=WHOLE, events=st.integers(1, 99), hashes=HEX
)
EVENTS = st.one_of(
    st.builds(
        HoldPlaced,
        reason=WORDS,
        held=st.none() | RUNS,
        graph=st.none() | WORDS,
        before_ms=st.none() | WHOLE,
        after_ms=st.none() | WHOLE,
        subject=st.none() | HEX.map(KeyId),
        runs=st.frozensets(RUNS, max_size=3),
    ),
    st.builds(HoldReleased, hold=WHOLE, reason=WORDS),
    st.builds(
        RunsPruned,
        what=st.sampled_from(("values", "events")),
        period_ms=WHOLE,
        rule=WORDS,
        runs=st.lists(PRUNED, max_size=3).map(tuple),
    ),
)
ENTRIES = st.builds(
    StoreEntry, event=EVENTS, seq=st.integers(1, 99), at_ms=WHOLE, actor=st.just(ADA)
)
HOLD = StoreEntry(
    event=HoldPlaced(reason="case 7", graph="refund", before_ms=5), seq=3, at_ms=9, actor=ADA
)


@given(ENTRIES)
def test_events_come_back_as_they_were_written(entry: StoreEntry):
    envelope = store_envelope(entry)
    assert read_store_entry(encode_envelope(envelope)) == entry
    assert envelope["run"] == STORE_JOURNAL


@given(ENTRIES)
def test_an_event_has_a_leaf_without_anybodys_words(entry: StoreEntry):
    envelope = store_envelope(entry)
    leaf, salts = seal(envelope, bytes(SALTS_BYTES_MAX))
    assert leaf_of(encode_envelope(envelope), salts) == leaf
    told: dict[str, Any] = json.loads(leaf)
    assert "actor" in told["commitments"]
    assert not {"reason", "rule", "graph", "subject"} & told.get("facts", {}).keys()


@pytest.mark.parametrize(
    "change",
    [
        {"type": "RunStarted"},
        {"seq": "3"},
        {"at_ms": -1},
        {"actor": 7},
        {"data": {}},
        {"data": {"reason": "case 7", "held": 7}},
        {"data": {"reason": "case 7", "subject": 7}},
        {"data": {"reason": "case 7", "subject": "a", "runs": [7]}},
        {"data": {"reason": "case 7", "subject": "a", "runs": 7}},
        {"data": {"reason": "case 7", "until_ms": 7}},
        {"data": {"reason": "case 7", "before_ms": True}},
        {"data": []},
        {"type": "HoldReleased", "data": {"hold": 1.5, "reason": "r"}},
        {"type": "RunsPruned", "data": {"what": "cache", "period_ms": 1, "rule": "r", "runs": []}},
        {
            "type": "RunsPruned",
            "data": {"what": "values", "period_ms": 1, "rule": "r", "runs": [1]},
        },
    ],
    ids=json.dumps,
)
def test_what_is_no_event_of_it_is_refused(change: dict[str, Any]):
    with pytest.raises(JournalCorrupt, match="the journal of the store cannot be read"):
        read_store_entry(orjson.dumps(store_envelope(HOLD) | change))


def test_nobody_prunes_an_event_of_it():
    with pytest.raises(JournalCorrupt, match="no content, and nobody prunes these"):
        read_store_entry(b"")
