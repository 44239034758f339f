"""What has to be erased with a value: every copy in its run, and each digest that gives it away."""

from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from interlock.audit import SALTS_BYTES_MAX, Copies, erase_parts, find_copies, seal
from interlock.audit.copies import _Needles
from interlock.journal import (
    Actor,
    AttemptReturned,
    AttemptStarted,
    Entry,
    ErrorInfo,
    Event,
    NodeCancelled,
    NodeSettled,
    RunSettled,
    RunStarted,
    StoredEvent,
    Value,
    encode_entry,
    envelope_of,
    values_of,
)
from interlock.values import Digest, Json, Path, RunId

RUN = RunId("01K5M4ZQ00000000000000000A")
ADA = "unauthenticated:ada"


def digest(letter: str) -> Digest:
    return Digest(f"sha256:{letter * 64}")


def started(inputs: Json) -> RunStarted:
    return RunStarted(
        graph="greet",
        plan=digest("a"),
        document=Value.of({"why": "a text for Ada Lovelace"}),
        manifests=Value.of([]),
        inputs=Value.of(inputs),
        semantics=1,
        expressions="cel 0",
        principal=Actor(ADA),
    )


def settled(path: str, output: Json, *, key: str, error: str = "") -> NodeSettled:
    return NodeSettled(
        path=Path(path),
        generation=1,
        status="failed" if error else "succeeded",
        call_key=digest(key),
        output=Value.of(output),
        error=ErrorInfo(code="IL6001", message=error) if error else None,
    )


def called(path: str, args: Json, *, key: str) -> AttemptStarted:
    return AttemptStarted(
        path=Path(path), generation=1, attempt=1, call_key=digest(key), args=Value.of(args)
    )


def returned(path: str, output: Json) -> AttemptReturned:
    return AttemptReturned(path=Path(path), generation=1, attempt=1, output=Value.of(output))


class Story:
    """A run by hand: events, who made each a fact, and what led to it."""

    def __init__(self, rows: Sequence[tuple[Event, str, tuple[int, ...]]]) -> None:
        self.events: list[StoredEvent] = []
        self.values = {}
        for seq, (event, actor, causes) in enumerate(rows, 1):
            entry = Entry(event, at_ms=1, seq=seq, epoch=1, actor=Actor(actor), causes=causes)
            _, salts = seal(envelope_of(RUN, entry), bytes(SALTS_BYTES_MAX))
            body = encode_entry(RUN, entry)
            self.events.append(
                StoredEvent(seq=seq, epoch=1, body=body, leaf_index=seq, salts=salts)
            )
            self.values |= {value.ref: value.data for value in values_of(event)}

    def copies(self, seq: int, *names: str) -> Copies:
        return find_copies(self.events, self.values, {seq: names})

    def left(self, copies: Copies) -> bytes:
        """Everything of the run that is stored when these are gone."""
        bodies = [
            erase_parts(
                event.body, event.salts, event.erased, names=copies.parts.get(event.seq, ())
            ).body
            for event in self.events
        ]
        kept = [data for ref, data in self.values.items() if ref not in copies.refs]
        return b"\n".join([*bodies, *kept])


GREETING = Story(
    [
        (started({"name": "Ada Lovelace", "tone": "up", "times": 2}), ADA, ()),
        (settled("free", "Charles", key="1"), "engine", ()),
        (called("greet", {"who": "Ada Lovelace"}, key="2"), "engine", (1,)),
        (returned("greet", "Dear Ada Lovelace"), "runtime:x", (3,)),
        (settled("greet", "Dear Ada Lovelace", key="2"), "engine", (4,)),
        (settled("count", 17, key="3", error="no Ada Lovelace here"), "engine", (5,)),
        (settled("up", "up", key="4"), "engine", (2,)),
        (RunSettled(status="succeeded", execution=digest("e"), output=Value.of(17)), ADA, (7,)),
    ]
)


def test_a_value_is_followed_into_all_that_came_of_it():
    found = GREETING.copies(1, "inputs")
    assert found.parts == {
        1: {"inputs"},
        2: {"call_key"},
        3: {"args", "call_key"},
        4: {"output"},
        5: {"call_key", "output"},
        6: {"call_key", "error"},
        7: {"call_key"},
        8: {"execution"},
    }
    left = GREETING.left(found)
    assert left.count(b"Ada Lovelace") == 1, "in the document, which was there before"
    assert digest("2").encode() not in left
    assert b"Charles" in left


def test_values_that_have_nothing_of_it_stay_and_digests_that_may_have_go():
    found = GREETING.copies(6, "output")
    assert found.parts == {
        6: {"call_key", "output"},
        7: {"call_key"},
        8: {"execution", "output"},
    }
    found = GREETING.copies(2, "output")
    assert {name for names in found.parts.values() for name in names} == {
        *("call_key", "execution", "output")
    }
    assert found.refs == {Value.of("Charles").ref}


SECRET = "a secret"


def test_a_value_is_found_behind_a_node_that_waited_for_another_one_last():
    """The cause of an event is what it waited for last: the value may have come before that."""
    story = Story(
        [
            (settled("first", SECRET, key="1"), "engine", ()),
            (settled("second", "else", key="2"), "engine", ()),
            (settled("both", [SECRET, "else"], key="3"), "engine", (2,)),
            (settled("short", 3, key="4"), "engine", (2,)),
        ]
    )
    assert story.copies(1, "output").parts == {
        1: {"call_key", "output"},
        2: {"call_key"},
        3: {"call_key", "output"},
        4: {"call_key"},
    }


@pytest.mark.parametrize(
    "path,others,later",
    [
        ('docs["a"]/read', ('docs["b"]/read', "docs_2/x"), 'docs["a"]/more/deep'),
        ("docs[1]/read", ("docs[2]/read", "docs_1[1]/read"), "docs"),
        ("docs_1/read", ("docs_2/read", "docs"), "docs_1"),
        ("docs_1/read", ("docs_2/read",), "docs_1/more[7]/deep"),
        ("turns#1/read", ("others#1/read",), "turns#2/read"),
        ("turns#1/read", (), "turns"),
        ("read", (), 'docs["a"]/read'),
        ("read", (), "read!undo"),
    ],
)
def test_what_can_have_read_a_value_has_its_digests_erased(
    path: str, others: tuple[str, ...], later: str
):
    rows = [settled(each, 0, key="0") for each in others]
    story = Story(
        [
            (settled(path, SECRET, key="1"), "engine", ()),
            *((row, "engine", (1,)) for row in rows),
            (settled(later, 0, key="2"), "engine", ()),
        ]
    )
    gone = {seq for seq, names in story.copies(1, "output").parts.items() if "call_key" in names}
    assert gone == {1, len(rows) + 2}


def test_when_a_scope_has_ended_what_comes_beside_it_is_reached():
    story = Story(
        [
            (settled('docs["a"]/read', SECRET, key="1"), "engine", ()),
            (settled("other", 0, key="2"), "engine", ()),
            (settled("docs", [SECRET], key="3"), "engine", ()),
            (settled("other_2", 0, key="4"), "engine", ()),
            (settled('docs_2["b"]/read', 0, key="5"), "engine", ()),
        ]
    )
    parts = story.copies(1, "output").parts
    assert {seq: names for seq, names in parts.items() if seq > 1} == {
        3: {"call_key", "output"},
        4: {"call_key"},
        5: {"call_key"},
    }


def test_what_was_there_before_is_told_of_and_stays():
    story = Story(
        [
            (started({"names": [SECRET]}), ADA, ()),
            (settled('docs["a"]/read', SECRET, key="1"), "engine", ()),
        ]
    )
    found = story.copies(2, "output")
    assert found.mentions == {1: {"inputs"}}
    assert 1 not in found.parts


def test_persons_may_write_down_what_they_have_read():
    def cancelled(reason: str) -> NodeCancelled:
        return NodeCancelled(path=Path("greet"), generation=1, reason=reason)

    story = Story(
        [
            (cancelled("before Ada Lovelace was told of"), ADA, ()),
            (settled('docs["a"]/greet', "Ada Lovelace", key="2"), "engine", ()),
            (cancelled("not Ada Lovelace again"), ADA, ()),
            (settled("greet", "Ada Lovelace by chance", key="3"), "engine", (3,)),
        ]
    )
    found = story.copies(2, "output")
    assert found.parts[2] == {"call_key", "output"}
    assert found.parts[3] == {"reason"}
    assert 1 in found.mentions


def test_what_was_there_before_and_stays_is_told_of():
    found = GREETING.copies(1, "inputs")
    assert found.mentions == {1: {"document"}}
    assert found.texts == {b"Ada Lovelace"}
    assert GREETING.copies(6, "output").mentions == {}


def test_a_name_goes_wherever_it_is_and_no_digest_with_it():
    assert GREETING.copies(1, "actor").parts == {1: {"actor", "principal"}, 8: {"actor"}}


@pytest.mark.parametrize("name", ["signal", "approval", "output"])
def test_what_an_event_does_not_have_is_left_out_of_account(name: str):
    assert GREETING.copies(1, name) == Copies(parts={}, refs=frozenset())
    assert GREETING.copies(99, "output") == Copies(parts={}, refs=frozenset())


def test_the_plan_goes_when_it_is_chosen():
    assert GREETING.copies(1, "document").parts[1] >= {"document"}


def test_a_number_inside_of_others_is_found_and_a_short_one_is_not():
    story = Story(
        [
            (started({"pin": 4711, "n": 17}), ADA, ()),
            (settled("a", {"asked": [4711]}, key="1"), "engine", (1,)),
            (settled("b", {"asked": [17]}, key="2"), "engine", (1,)),
        ]
    )
    assert story.copies(1, "inputs").parts == {
        1: {"inputs"},
        2: {"call_key", "output"},
        3: {"call_key"},
    }


def test_keys_of_items_and_words_of_persons_are_copies():
    story = Story(
        [
            (started(["zoë-77"]), ADA, ()),
            (settled('docs["zoë-77"]', "x", key="1"), "engine", (1,)),
            (
                NodeCancelled(path=Path("docs"), generation=1, reason="zoë-77 asked me to"),
                ADA,
                (2,),
            ),
        ]
    )
    found = story.copies(1, "inputs")
    assert found.parts == {1: {"inputs"}, 2: {"call_key", "path"}, 3: {"reason"}}
    assert "zoë".encode() not in story.left(found)


def test_what_was_erased_before_is_no_obstacle():
    found = GREETING.copies(1, "inputs")
    events = []
    for event in GREETING.events:
        gone = erase_parts(
            event.body, event.salts, event.erased, names=found.parts.get(event.seq, ())
        )
        events.append(
            StoredEvent(
                seq=event.seq,
                epoch=1,
                body=gone.body,
                leaf_index=event.leaf_index,
                salts=gone.salts,
                erased=gone.erased,
            )
        )
    values = {ref: data for ref, data in GREETING.values.items() if ref not in found.refs}
    assert find_copies(events, values, {1: ["inputs"]}).parts == {}
    assert find_copies(events, values, {2: ["output"]}).parts == {2: {"output"}}


WORDS = st.text("abc", min_size=1, max_size=6).map(str.encode)


@given(st.lists(WORDS, max_size=40), WORDS)
def test_many_texts_are_found_as_few_are(texts: list[bytes], data: bytes):
    assert _Needles(set(texts)).are_in(data) == any(text in data for text in texts)


@pytest.mark.parametrize("data", [b"Ada", b"Ada, of London", b"dear Ada", b"to Ada, in 1843"])
def test_one_of_many_texts_is_found_wherever_it_stands(data: bytes):
    others = {b"%05d" % number for number in range(1_000)}
    assert _Needles({b"Ada", *others}).are_in(data)
    assert not _Needles({b"Eva", *others}).are_in(data)
