"""Erasing parts of events: the leaf stays, and nothing that could be shown or guessed is left."""

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import assume, given, strategies as st

from interlock.audit import (
    SALT_BYTES,
    SALTS_BYTES_MAX,
    ErasedEvent,
    KeptLog,
    erase_parts,
    leaf_hash,
    leaf_of,
    open_leaf,
    read_erased,
    seal,
    verify_log,
)
from interlock.errors import JournalCorrupt
from interlock.journal import (
    Actor,
    Entry,
    ErrorInfo,
    Event,
    NodeSettled,
    PartsErased,
    StoredEvent,
    Value,
    encode_entry,
    envelope_of,
)
from interlock.values import Digest, Json, Path, RunId, canonical
from unit.journal.events import ENTRIES, KINDS, of_kind

RUN = RunId("01K5M4ZQ00000000000000000A")
CHANCE = st.binary(min_size=SALTS_BYTES_MAX, max_size=SALTS_BYTES_MAX)
DEALT = bytes(range(SALTS_BYTES_MAX))
ENTRY = Entry(
    NodeSettled(
        path=Path('docs["a7"]/done'),
        generation=1,
        status="failed",
        call_key=Digest("sha256:00"),
        output=Value.of("Ada"),
        error=ErrorInfo(code="IL6001", message="no Ada", hint="ask", permanent=True),
        tokens=3,
        cost_usd_micros=4,
    ),
    at_ms=17,
    seq=4,
    epoch=2,
    actor=Actor("unauthenticated:ada"),
)
ALL = {"actor", "call_key", "error", "output", "path", "usage"}


def sealed(entry: Entry = ENTRY, chance: bytes = DEALT) -> tuple[bytes, bytes, bytes]:
    """The bytes of an event, its leaf and its salts, as they are written."""
    return encode_entry(RUN, entry), *seal(envelope_of(RUN, entry), chance)


def leaf_again(event: ErasedEvent) -> bytes:
    return leaf_of(event.body, event.salts, read_erased(event.erased))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
@given(entry=ENTRIES, chance=CHANCE, data=st.data())
def test_the_leaf_of_an_event_stays_whatever_is_erased_in_whatever_order(
    kind: type[Event], entry: Entry, chance: bytes, data: st.DataObject
):
    body, leaf, salts = sealed(replace(entry, event=data.draw(of_kind(kind))), chance)
    parts = open_leaf(body, salts).parts
    assume(parts)
    names = st.sets(st.sampled_from(sorted(parts)))
    first, second = data.draw(names), data.draw(names)
    once = erase_parts(body, salts, b"", names=first)
    twice = erase_parts(once.body, once.salts, once.erased, names=second)
    assert leaf_again(once) == leaf_again(twice) == leaf
    assert twice == erase_parts(body, salts, b"", names=first | second)
    assert open_leaf(twice.body, twice.salts, read_erased(twice.erased)).parts == {
        name: part for name, part in parts.items() if name not in first | second
    }


def test_nothing_of_a_part_is_left_in_the_event():
    body, _, salts = sealed()
    erased = erase_parts(body, salts, b"", names=ALL)
    event = json.loads(erased.body)
    assert event["actor"] == ""
    assert not event.keys() & {"path", "refs"}
    assert event["data"] == {"status": "failed", "error": {"code": "IL6001", "message": ""}}
    assert erased.salts == b""
    assert set(read_erased(erased.erased)) == ALL


def test_each_part_takes_its_own_salt_with_it():
    body, _, salts = sealed()
    for number, name in enumerate(sorted(ALL)):
        left = erase_parts(body, salts, b"", names={name}).salts
        assert left == salts[: number * SALT_BYTES] + salts[(number + 1) * SALT_BYTES :]


def test_what_an_event_does_not_have_is_left_out_of_account():
    body, _, salts = sealed()
    assert erase_parts(body, salts, b"", names={"inputs", "reason"}) == ErasedEvent(
        body=body, salts=salts, erased=b""
    )


def with_data(event: dict[str, Any], **fields: object) -> dict[str, Any]:
    return event | {"data": event["data"] | fields}


@pytest.mark.parametrize(
    "change",
    [
        lambda event: event | {"actor": "unauthenticated:eve"},
        lambda event: event | {"path": "docs"},
        lambda event: event | {"refs": {"output": "sha256:00"}},
        lambda event: with_data(event, call_key="sha256:00"),
        lambda event: with_data(event, tokens=1),
        lambda event: with_data(event, error={"code": "IL6001", "message": "Eve"}),
        lambda event: with_data(event, error={"code": "IL6001", "message": "", "permanent": True}),
    ],
)
def test_a_part_that_is_put_back_is_refused(change: Any):
    """No commitment would tell: its place in the leaf is taken by that of what was erased."""
    body, _, salts = sealed()
    erased = erase_parts(body, salts, b"", names=ALL)
    forged = orjson.dumps(change(json.loads(erased.body)), option=orjson.OPT_SORT_KEYS)
    with pytest.raises(JournalCorrupt, match="it has one of the parts that were erased"):
        leaf_of(forged, erased.salts, read_erased(erased.erased))


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"output":1}',
        b'{"output":"00"}',
        b'{"output":"%b"}' % (b"0" * 63 + b"G"),
        b'{"output": "%b"}' % (b"0" * 64),
    ],
)
def test_a_list_of_erased_parts_is_what_was_written_or_refused(data: bytes):
    with pytest.raises(JournalCorrupt, match="list of erased parts"):
        read_erased(data)


def test_a_part_that_is_gone_and_that_no_event_tells_of_is_found():
    body, leaf, salts = sealed()
    left = erase_parts(body, salts, b"", names={"output"})
    stored = StoredEvent(
        seq=4, epoch=2, body=left.body, leaf_index=0, salts=left.salts, erased=left.erased
    )
    found = leaf_hash(leaf)
    kept = KeptLog(size=1, peaks=found, tile=lambda level, _index: b"" if level else found)
    findings = verify_log([(RUN, stored)], kept, []).findings
    told = [each.message for each in findings if each.kind == "falsely_erased"]
    assert told == ["`4.output` was erased, and no event tells of it"]


@pytest.mark.parametrize("parts", [5, None, "3.output", [3], [["3.output"]], {}])
def test_an_event_that_does_not_say_what_was_erased_is_found(parts: Json):
    told = PartsErased(parts=("3.output",), rule="Art. 17")
    entry = Entry(told, at_ms=1, seq=4, epoch=2, actor=Actor("engine"))
    envelope = json.loads(encode_entry(RUN, entry))
    envelope["data"]["parts"] = parts
    body = canonical(envelope)
    stored = StoredEvent(seq=4, epoch=2, body=body, leaf_index=0, salts=bytes(SALT_BYTES))
    found = leaf_hash(b"" if parts is None else leaf_of(body, stored.salts))
    kept = KeptLog(size=1, peaks=found, tile=lambda level, _index: b"" if level else found)
    findings = verify_log([(RUN, stored)], kept, []).findings
    assert "edited" in {each.kind for each in findings}
