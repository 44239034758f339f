"""Events as bytes: what is written is read, and nothing else is taken for an event."""

import json
from dataclasses import replace
from typing import cast

import orjson
import pytest
from hypothesis import given, strategies as st

from interlock.errors import JournalCorrupt
from interlock.journal import (
    AttemptStarted,
    Entry,
    ErrorInfo,
    NodeSettled,
    RunRecovered,
    Value,
    decode_entry,
    encode_entry,
    refs_of,
    values_of,
)
from interlock.values import Digest, Json, Path, RunId, ValueRef, canonical
from unit.journal.events import ENTRIES, JSON, KINDS, TEXT

RUN = RunId("R1")
OUTPUT = Value.of({"n": 1})
SETTLED = Entry(
    NodeSettled(
        path=Path("a"),
        generation=1,
        status="succeeded",
        attempt=2,
        call_key=Digest("sha256:00"),
        output=OUTPUT,
        tokens=3,
    ),
    at_ms=17,
    seq=4,
    epoch=2,
    causes=(1, 3),
)


def store_of(entry: Entry) -> dict[ValueRef, bytes]:
    return {value.ref: value.data for value in values_of(entry.event)}


def changed(entry: Entry = SETTLED, **parts: Json) -> bytes:
    """An entry with parts of its envelope replaced; `data_x` and `refs_x` reach inside."""
    envelope = cast(dict[str, Json], json.loads(encode_entry(RUN, entry)))
    for name, value in parts.items():
        outer, _, inner = name.partition("_")
        if outer in ("data", "refs") and inner:
            cast(dict[str, Json], envelope[outer])[inner] = value
        else:
            envelope[name] = value
    return orjson.dumps(envelope)


@given(ENTRIES)
def test_what_is_written_is_read(entry: Entry):
    body = encode_entry(RUN, entry)
    run, read = decode_entry(body, store_of(entry).get)
    assert (run, read) == (RUN, entry)
    # Equality of errors leaves the words out: they must come back all the same.
    error, again = getattr(entry.event, "error", None), getattr(read.event, "error", None)
    assert error is None or (again is not None and error.to_json() == again.to_json())


@given(ENTRIES)
def test_envelopes_are_canonical(entry: Entry):
    body = encode_entry(RUN, entry)
    assert body == canonical(orjson.loads(body))


@given(ENTRIES)
def test_an_envelope_names_the_values_of_its_event(entry: Entry):
    body = encode_entry(RUN, entry)
    assert sorted(refs_of(body)) == sorted(value.ref for value in values_of(entry.event))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_an_event_is_called_as_its_class(kind: type[object]):
    assert vars(kind)["type"] == kind.__name__


@pytest.mark.parametrize(
    "body, told",
    [
        (b"{", "not JSON"),
        (b"[]", "no JSON object"),
        (b"\xff", "not JSON"),
        (changed(type="NodeVanished"), "unknown type 'NodeVanished'"),
        (changed(type=["NodeSettled"]), "unknown type"),
        (changed(v=2), "version 2"),
        (changed(at_ms="soon"), "`at_ms` of an event is 'soon', not an integer"),
        (changed(seq=True), "`seq` of an event is True"),
        (changed(epoch=1.5), "`epoch` of an event is 1.5"),
        (changed(causes="1"), "`causes` of an event is '1'"),
        (changed(causes=[1, "2"]), "`causes`"),
        (changed(path=7), "`path` of event `NodeSettled` is 7"),
        (changed(attempt="1"), "`attempt` of event `NodeSettled` is '1'"),
        (changed(attempt=True), "`attempt` of event `NodeSettled` is True"),
        (changed(data=[]), "`data` of an event is no object"),
        (changed(refs=7), "`refs` of an event is no object"),
        (changed(data_status="fine"), "`status` of event `NodeSettled` is 'fine'"),
        (changed(data_status=["succeeded"]), "`status`"),
        (changed(data_tokens=None), "`tokens` of event `NodeSettled` is None"),
        (changed(data_color="red"), "`color` of event `NodeSettled` is 'red'"),
        (changed(data_output="x"), "`output` of event `NodeSettled` is 'x'"),
        (changed(data_error="bad"), "`error` of event `NodeSettled` is 'bad'"),
        (changed(data_error={"code": "IL6001"}), "not an error"),
        (changed(refs_status=OUTPUT.ref), "event `NodeSettled` has no value `status`"),
        (changed(refs_color=OUTPUT.ref), "event `NodeSettled` has no value `color`"),
        (changed(refs_output="sha256:ff"), "the value sha256:ff is not in the store"),
    ],
)
def test_what_is_no_event_is_refused(body: bytes, told: str):
    with pytest.raises(JournalCorrupt, match=told):
        decode_entry(body, store_of(SETTLED).get)


@pytest.mark.parametrize("missing", ["path", "generation", "causes", "actor", "run"])
def test_an_event_that_lacks_a_field_is_refused(missing: str):
    envelope = orjson.loads(encode_entry(RUN, SETTLED))
    del envelope[missing]
    with pytest.raises(JournalCorrupt, match="wrong fields"):
        decode_entry(orjson.dumps(envelope), store_of(SETTLED).get)


def test_a_required_field_that_is_missing_is_refused():
    envelope = orjson.loads(encode_entry(RUN, SETTLED))
    del envelope["data"]["status"]
    with pytest.raises(JournalCorrupt, match=r"wrong fields.*status"):
        decode_entry(orjson.dumps(envelope), store_of(SETTLED).get)


def test_a_value_that_is_not_json_is_refused():
    with pytest.raises(JournalCorrupt, match="is not JSON"):
        decode_entry(encode_entry(RUN, SETTLED), {OUTPUT.ref: b"{"}.get)


def test_a_newer_event_says_what_to_do():
    with pytest.raises(JournalCorrupt) as caught:
        decode_entry(changed(type="NodeVanished"), store_of(SETTLED).get)
    assert caught.value.hint == "the journal was written by a newer Interlock: upgrade"


def test_an_empty_field_that_has_no_default_is_written():
    entry = Entry(RunRecovered(owner=""), at_ms=1, seq=1, epoch=1)
    assert decode_entry(encode_entry(RUN, entry), {}.get)[1] == entry


def test_absent_and_default_fields_are_not_written():
    body = orjson.loads(encode_entry(RUN, SETTLED))
    assert body["data"].keys() == {"status", "call_key", "tokens"}
    assert body["refs"].keys() == {"output"}


@given(st.binary(min_size=1, max_size=60) | st.builds(orjson.dumps, JSON))
def test_no_bytes_at_all_break_the_reader(body: bytes):
    with pytest.raises(JournalCorrupt):
        decode_entry(body, {}.get)


@given(ENTRIES, st.data())
def test_a_changed_envelope_is_refused_or_reads_as_an_event(entry: Entry, data: st.DataObject):
    envelope = cast(dict[str, Json], orjson.loads(encode_entry(RUN, entry)))
    within = data.draw(st.sampled_from(["", "data", "refs"]), "inside")
    inner = cast(dict[str, Json], envelope.get(within, {})) if within else envelope
    name = data.draw(st.sampled_from([*sorted(inner), "other"]), "field")
    inner[name] = data.draw(JSON, "value")
    try:
        _, read = decode_entry(orjson.dumps(envelope), store_of(entry).get)
    except JournalCorrupt:
        return
    assert type(read.event).type == envelope["type"]


# --- values and errors


@given(JSON)
def test_values_are_equal_when_their_references_are(json: Json):
    value, again = Value.of(json), Value.from_bytes(Value.of(json).data)
    assert value == again
    assert hash(value) == hash(again)
    assert value != Value.of([json])
    assert value != json


@given(TEXT, TEXT)
def test_words_do_not_make_two_errors_differ(message: str, hint: str):
    error = ErrorInfo(code="IL6001", message=message, hint=hint)
    assert error == ErrorInfo(code="IL6001", message="other")
    assert error != ErrorInfo(code="IL6002", message=message, hint=hint)
    assert error != replace(error, not_applied=True)
    assert error != replace(error, permanent=True)
    assert error != replace(error, retry_after_ms=1)


def test_a_hint_that_is_no_text_is_left_out():
    assert ErrorInfo.from_json({"code": "IL6001", "message": "m", "hint": 7}).hint == ""


@pytest.mark.parametrize("given, read", [(20_000, 20_000), ("20", 0), (True, 0), (1.5, 0)])
def test_a_wait_that_is_no_integer_is_left_out(given: Json, read: int):
    data: Json = {"code": "IL6001", "message": "m", "retry_after_ms": given}
    assert ErrorInfo.from_json(data).retry_after_ms == read


def test_a_started_attempt_keeps_its_arguments():
    event = AttemptStarted(
        path=Path("a"), generation=1, attempt=1, call_key=Digest("sha256:00"), args=OUTPUT
    )
    assert values_of(event) == [OUTPUT]
