"""Leaves: made as the page says, from every bit of an event, and without a value in them."""

import json
from dataclasses import fields, replace
from typing import Any, cast, get_type_hints

import orjson
import pytest
from hypothesis import assume, given, strategies as st

from interlock.audit import (
    COMMITMENT_TAG,
    SALT_BYTES,
    SALTS_BYTES_MAX,
    commitment,
    leaf_of,
    maker_of,
    open_leaf,
    seal,
    seal_entry,
)
from interlock.errors import JournalCorrupt
from interlock.journal import (
    Actor,
    Entry,
    Event,
    NodeSettled,
    RunPaused,
    RunStarted,
    SettledStatus,
    Value,
    encode_entry,
    envelope_of,
    values_of,
)
from interlock.values import Digest, Json, Path, RunId
from unit.audit import by_the_page
from unit.journal.events import ENTRIES, KINDS, of_kind

RUN = RunId("01K5M4ZQ00000000000000000A")
CHANCE = st.binary(min_size=SALTS_BYTES_MAX, max_size=SALTS_BYTES_MAX)
DEALT = bytes(range(SALTS_BYTES_MAX))
SALT = b"the salt of some"
SETTLED = Entry(
    NodeSettled(
        path=Path('docs["a7"]/done'),
        generation=1,
        status="succeeded",
        attempt=2,
        call_key=Digest("sha256:00"),
        output=Value.of("Ada"),
        tokens=3,
    ),
    at_ms=17,
    seq=4,
    epoch=2,
    actor=Actor("ada@example.org"),
    causes=(1, 3),
)


def sealed(entry: Entry, chance: bytes = DEALT) -> tuple[bytes, bytes, bytes]:
    """The bytes of an event, its leaf and its salts, as they are written."""
    envelope = envelope_of(RUN, entry)
    return encode_entry(RUN, entry), *seal(envelope, chance)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
@given(data=st.data(), entry=ENTRIES, chance=CHANCE)
def test_a_leaf_is_made_as_the_page_says(
    kind: type[Event], data: st.DataObject, entry: Entry, chance: bytes
):
    body, leaf, salts = sealed(replace(entry, event=data.draw(of_kind(kind))), chance)
    event = cast(dict[str, Any], json.loads(body))
    assert leaf == by_the_page.leaf_by_the_page(event, chance)
    assert salts == chance[: SALT_BYTES * len(by_the_page.parts_of(event))]
    assert leaf_of(body, salts) == leaf


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
@given(data=st.data(), entry=ENTRIES, chance=CHANCE, host=st.text(min_size=1, max_size=9))
def test_an_entry_is_sealed_as_its_envelope_is(
    kind: type[Event], data: st.DataObject, entry: Entry, chance: bytes, host: str
):
    actor = Actor(f"runtime:{host}")
    entry = replace(entry, event=data.draw(of_kind(kind)), actor=actor)
    body, leaf, _ = sealed(entry, chance)
    told = seal_entry(RUN, entry, chance)
    assert told[:2] == (body, leaf)
    maker = maker_of(RUN, actor, SALT)
    body_made, leaf_made, salts_made = seal_entry(RUN, entry, chance, by=maker)
    assert body_made == body
    assert leaf_of(body, salts_made) == leaf_made
    assert set(parts_in(salts_made)) <= {SALT, *parts_in(chance)}


def parts_in(salts: bytes) -> list[bytes]:
    return [salts[at : at + SALT_BYTES] for at in range(0, len(salts), SALT_BYTES)]


@pytest.mark.parametrize("status", ["succeeded", "skipped"])
def test_what_is_plain_shares_the_salt_of_its_actor(status: SettledStatus):
    event = NodeSettled(path=Path("a/b"), generation=1, status=status, output=Value.of("Ada"))
    entry = Entry(event, at_ms=1, seq=2, epoch=1, actor=Actor("runtime:x"), causes=(1, 3))
    maker = maker_of(RUN, entry.actor, SALT)
    assert seal_entry(RUN, entry, DEALT, by=maker)[2] == SALT + DEALT[:SALT_BYTES]
    event = replace(event, path=Path('docs["a7"]/b'))
    entry = replace(entry, event=event)
    assert SALT not in seal_entry(RUN, entry, DEALT, by=maker)[2]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_the_page_has_a_place_for_each_field(kind: type[Event]):
    placed = {"path", "generation", "attempt"}
    data = {field.name for field in fields(kind)} - placed
    facts, parts = set(by_the_page.FACTS[kind.type]), set(by_the_page.PARTS[kind.type])
    if "usage" in parts:
        parts |= {"tokens", "cost_usd_micros"}
    assert facts | parts - {"usage"} == data
    assert facts & parts <= {"error"}
    values = {name for name, hint in get_type_hints(kind).items() if "Value" in str(hint)}
    assert values <= parts


@given(ENTRIES)
def test_a_leaf_never_holds_a_value_or_a_reference(entry: Entry):
    _, leaf, _ = sealed(entry)
    for value in values_of(entry.event):
        assert value.ref.removeprefix("sha256:").encode() not in leaf
    told = cast(dict[str, Any], json.loads(leaf))
    facts = told.get("facts", {})
    allowed = set(by_the_page.FACTS[entry.event.type])
    assert set(facts) <= allowed
    assert entry.actor == "engine" or "actor" not in told


def test_a_leaf_holds_no_name_no_word_and_no_key_from_data():
    _, leaf, _ = sealed(SETTLED)
    assert b"ada" not in leaf.lower()
    assert b"a7" not in leaf.replace(*commitments_in(leaf))


def commitments_in(leaf: bytes) -> tuple[bytes, bytes]:
    """What of a leaf looks like anything, and nothing in its place."""
    found = json.loads(leaf)["commitments"]
    return json.dumps(found, separators=(",", ":")).encode(), b""


@given(ENTRIES, st.data())
def test_every_changed_byte_of_an_event_changes_its_leaf_or_is_refused(
    entry: Entry, data: st.DataObject
):
    body, leaf, salts = sealed(entry)
    place = data.draw(st.integers(0, len(body) - 1))
    changed = bytearray(body)
    changed[place] ^= data.draw(st.integers(1, 255))
    try:
        again = leaf_of(bytes(changed), salts)
    except JournalCorrupt:
        return
    assert again != leaf


def changes(event: dict[str, Json]) -> list[dict[str, Any]]:
    """The event with something added that an event does not have."""
    data, refs = cast(Any, event.get("data", {})), cast(Any, event.get("refs", {}))
    return [
        event | {"more": 1},
        event | {"data": data | {"more": 1}},
        event | {"refs": refs | {"more": "sha256:00"}},
        event | {"data": data | {"call_key": None}},
        event | {"data": data | {"output": "sha256:00"}},
        event | {"data": data | {"error": {"message": "no code"}}},
        event | {"data": []},
        event | {"refs": {}},
        event | {"v": 2},
        event | {"v": True},
        event | {"type": "NodeVanished"},
        event | {"type": ["NodeSettled"]},
        event | {"path": 7},
        event | {"actor": None},
        {name: value for name, value in event.items() if name != "epoch"},
    ]


@pytest.mark.parametrize("number", range(15))
def test_what_would_be_in_no_leaf_is_refused(number: int):
    body, _, salts = sealed(SETTLED)
    changed = changes(json.loads(body))[number]
    with pytest.raises(JournalCorrupt, match="is not as it was written"):
        leaf_of(orjson.dumps(changed, option=orjson.OPT_SORT_KEYS), salts)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b":", b": ", 1),
        lambda body: body[:-1] + b',"v":1}',
        lambda _: b"{",
    ],
)
def test_bytes_that_are_not_canonical_are_refused(change: Any):
    body, _, salts = sealed(SETTLED)
    with pytest.raises(JournalCorrupt):
        leaf_of(change(body), salts)


@given(ENTRIES, st.data())
def test_every_changed_bit_of_a_salt_changes_the_leaf(entry: Entry, data: st.DataObject):
    body, leaf, salts = sealed(entry)
    assume(salts)
    changed = bytearray(salts)
    changed[data.draw(st.integers(0, len(salts) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert leaf_of(body, bytes(changed)) != leaf


@pytest.mark.parametrize("salts", [b"", DEALT[:16], DEALT[:79], DEALT[:81], DEALT[:96], DEALT])
def test_salts_of_other_parts_are_refused(salts: bytes):
    body, _, right = sealed(SETTLED)
    assert len(right) == 80
    with pytest.raises(JournalCorrupt, match="its salts have"):
        leaf_of(body, salts)


@given(ENTRIES, CHANCE)
def test_an_open_part_matches_its_commitment(entry: Entry, chance: bytes):
    body, leaf, salts = sealed(entry, chance)
    opened = open_leaf(body, salts)
    shown = {name: commitment(part.salt, part.value) for name, part in opened.parts.items()}
    assert (opened.run, opened.leaf) == (RUN, leaf)
    assert shown == json.loads(leaf)["commitments"]


def test_what_an_event_never_had_cannot_have_been_erased():
    body, _, salts = sealed(Entry(RunPaused(reason="why"), at_ms=1, seq=1))
    with pytest.raises(JournalCorrupt, match="it says that it had the parts output"):
        leaf_of(body, salts, {"output": "00" * 32})


def test_equal_events_with_other_salts_have_other_commitments():
    started = RunStarted(
        graph="g",
        plan=Digest("sha256:00"),
        document=Value.of(1),
        manifests=Value.of(1),
        inputs=Value.of(1),
        semantics=1,
        expressions="cel",
        principal=Actor("ada"),
    )
    entry = Entry(started, at_ms=1, seq=1, actor=Actor("ada"))
    found = json.loads(sealed(entry)[1])["commitments"]
    assert len(set(found.values())) == len(found) == 7
    assert not set(found.values()) & set(
        json.loads(sealed(entry, DEALT[::-1])[1])["commitments"].values()
    )


def test_a_commitment_can_be_made_by_hand():
    assert COMMITMENT_TAG == b"interlock/commitment/1\n"
    assert len(COMMITMENT_TAG) == 23
