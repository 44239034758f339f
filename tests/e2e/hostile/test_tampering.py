"""A journal that somebody has edited: every digest in it may be right, and `replay` still refuses.

The edits are made as a person would make them, with SQLite's own module. Each is of one row, and
those marked as valid leave a journal whose bytes all decode and match their digests.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from e2e.hostile.world import World
from interlock.values import Json, canonical, value_ref

ACTIONS = """\
from interlock import Registry, action


@action("number.next", effect="read", cost_usd_max=0.01)
def following(number: int) -> int:
    return number + 1


@action("letter.send", effect="write")
def send(number: int) -> str:
    note(f"sent {number}")
    return f"sent {number}"


registry = Registry([following, send])
"""

GRAPH = """interlock: 1
name: letters
inputs: {number: {type: integer, default: 1}}
nodes:
  one: {call: number.next, with: {number: '${{ inputs.number }}'}}
  two: {call: number.next, with: {number: '${{ one }}'}}
  three: {call: letter.send, with: {number: '${{ two }}'}, when: one > 0}
outputs: {said: {value: '${{ three }}', optional: true}}
"""

TYPES = [
    "RunStarted",
    *(["AttemptStarted", "AttemptReturned", "NodeSettled"] * 3),
    "RunSettled",
]

Event = dict[str, Any]


@dataclass(frozen=True)
class Book:
    """The journal of one run, as SQLite sees it."""

    connection: sqlite3.Connection

    @property
    def events(self) -> dict[int, Event]:
        rows = self.connection.execute("SELECT seq, body FROM event ORDER BY seq")
        return {seq: json.loads(body) for seq, body in rows}

    def put(self, seq: int, event: Event) -> None:
        body = canonical(event)
        self.connection.execute("UPDATE event SET body = ? WHERE seq = ?", (body, seq))

    def change(self, seq: int, **changes: Any) -> None:
        """Change fields of an event; `data` and `refs` are changed inside."""
        event = self.events[seq]
        for name, value in changes.items():
            event[name] = {**event.get(name, {}), **value} if isinstance(value, dict) else value
        self.put(seq, event)

    def keep(self, value: Json) -> str:
        """Store a value under its digest, as a run would."""
        data = canonical(value)
        ref = value_ref(data)
        run = self.events[1]["run"]
        row = (run, bytes.fromhex(ref.removeprefix("sha256:")), data)
        self.connection.execute("INSERT OR IGNORE INTO value VALUES (?, ?, ?)", row)
        return ref

    def do(self, statement: str, *values: object) -> None:
        self.connection.execute(statement, values)

    def append(self, seq: int) -> None:
        """Say once more at the end what an event said."""
        last = max(self.events)
        event = {**self.events[seq], "seq": last + 1}
        self.do(
            "INSERT INTO event (run, seq, epoch, body, leaf, sum, salts)"
            " SELECT run, ?, epoch, ?, leaf + 1, sum, salts FROM event WHERE seq = ?",
            last + 1,
            canonical(event),
            last,
        )

    def drop(self, first: int, *, after: bool = True) -> None:
        """Remove an event, or all from there on; the rest moves up."""
        if not after:
            self.do("DELETE FROM event WHERE seq >= ?", first)
            return
        events = self.events
        self.do("DELETE FROM event WHERE seq = ?", first)
        for seq in range(first + 1, max(events) + 1):
            self.put(seq, {**events[seq], "seq": seq - 1})
            self.do("UPDATE event SET seq = ? WHERE seq = ?", seq - 1, seq)

    def swap(self, first: int, second: int) -> None:
        one, other = self.events[first], self.events[second]
        self.put(first, {**other, "seq": first})
        self.put(second, {**one, "seq": second})


def as_other_document(book: Book) -> None:
    ref = book.events[1]["refs"]["document"]
    row = book.connection.execute("SELECT data FROM blob WHERE ref = ?", (ref,)).fetchone()
    document = {**json.loads(row[0]), "name": "bills"}
    data = canonical(document)
    book.do("INSERT INTO blob VALUES (?, ?)", value_ref(data), data)
    book.change(1, refs={"document": value_ref(data)})


Edit = Callable[[Book], object]
Case = tuple[Edit, str, int, str]

NOBODY = f"sha256:{'0' * 64}"

# name: (the edit, code, which event is named (0: none), words)
VALID: dict[str, Case] = {
    "another status": (
        lambda b: b.change(10, data={"status": "cancelled"}),
        "IL8001",
        10,
        "status is succeeded, the journal says cancelled",
    ),
    "another answer": (
        lambda b: b.change(6, refs={"output": b.keep(99)}),
        "IL8001",
        7,
        "output is 99, the journal says 3",
    ),
    "another output": (
        lambda b: b.change(7, refs={"output": b.keep(99)}),
        "IL8001",
        7,
        "output is 3, the journal says 99",
    ),
    "another answer and output": (
        lambda b: [b.change(seq, refs={"output": b.keep(99)}) for seq in (6, 7)],
        "IL8001",
        8,
        "calls something else",
    ),
    "another end": (
        lambda b: b.change(11, refs={"output": b.keep({"said": "sent 99"})}),
        "IL8001",
        11,
        'the journal says {"said":"sent 99"}',
    ),
    "another verdict": (
        lambda b: b.change(11, data={"status": "failed"}),
        "IL8001",
        11,
        "status is succeeded, the journal says failed",
    ),
    "another call": (
        lambda b: b.change(8, data={"call_key": NOBODY}),
        "IL8001",
        8,
        "calls something else",
    ),
    "other arguments": (
        lambda b: b.change(8, refs={"args": b.keep({"number": 7})}),
        "IL8001",
        8,
        "something else",
    ),
    "other inputs": (
        lambda b: b.change(1, refs={"inputs": b.keep({"number": 7})}),
        "IL8001",
        2,
        "calls something else",
    ),
    "inputs that do not match": (
        lambda b: b.change(1, refs={"inputs": b.keep({"number": "x"})}),
        "IL8001",
        1,
        "number",
    ),
    "another execution": (
        lambda b: b.change(11, data={"execution": NOBODY}),
        "IL8001",
        11,
        "the journal says sha256:0000",
    ),
    "another attempt": (lambda b: b.change(8, attempt=2), "IL8001", 8, "attempt 2"),
    "another generation": (lambda b: b.change(8, generation=2), "IL8001", 8, "generation 2"),
    "another node": (lambda b: b.change(8, path="one"), "IL8001", 8, "`one`"),
    "a node that is not there": (lambda b: b.change(8, path="four"), "IL8001", 8, "`four`"),
    "a lost event": (lambda b: b.drop(5), "IL8001", 5, "the attempt has not started"),
    "a gap": (lambda b: b.do("DELETE FROM event WHERE seq = 5"), "IL8001", 6, "follows event 4"),
    "two in the wrong order": (lambda b: b.swap(4, 5), "IL8001", 4, "`two`"),
    "a write that is told twice": (lambda b: b.append(9), "IL8001", 12, "had settled"),
    "an end that is cut off": (
        lambda b: b.drop(8, after=False),
        "IL8001",
        0,
        "its status is succeeded",
    ),
    "an end that never was": (
        lambda b: b.do("UPDATE head SET status = 'failed', execution = NULL"),
        "IL8001",
        0,
        "its status is failed",
    ),
    "another name in the list": (
        lambda b: b.do("UPDATE head SET graph = 'bills'"),
        "IL8001",
        0,
        "its graph is bills",
    ),
    "an owner that had been followed": (
        lambda b: [b.change(5, epoch=2), b.do("UPDATE event SET epoch = 2 WHERE seq = 5")],
        "IL8001",
        5,
        "of epoch 2",
    ),
    "another time": (lambda b: b.change(2, at_ms=5), "IL8001", 4, "started_ms is 5"),
    "other causes": (
        lambda b: b.change(8, causes=[1]),
        "IL8001",
        8,
        "its causes are 4, 7, the journal says 1",
    ),
    "causes of an answer": (
        lambda b: b.change(6, causes=[]),
        "IL8001",
        6,
        "its causes are 5, the journal says none",
    ),
    "causes of the end": (
        lambda b: b.change(11, causes=[4]),
        "IL8001",
        11,
        "its causes are 10, the journal says 4",
    ),
    "no actor": (
        lambda b: b.change(10, actor="ada"),
        "IL8001",
        10,
        "'ada' is no actor",
    ),
    "a person as actor of a report": (
        lambda b: b.change(10, actor="unauthenticated:ada"),
        "IL8001",
        10,
        "its actor is 'unauthenticated:ada'",
    ),
    "another runtime as actor": (
        lambda b: b.change(10, actor="runtime:host-1-ab"),
        "IL8001",
        10,
        "its actor is 'runtime:host-1-ab'",
    ),
    "another person as actor": (
        lambda b: b.change(1, actor="unauthenticated:bob"),
        "IL8001",
        1,
        "its actor is 'unauthenticated:bob'",
    ),
    "an actor who is authenticated now": (
        lambda b: b.change(1, actor="authenticated:oidc:ada"),
        "IL8001",
        1,
        "its actor is 'authenticated:oidc:ada'",
    ),
    "another start in the list": (
        lambda b: b.do("UPDATE head SET created_ms = 5"),
        "IL8001",
        0,
        "its start is 5 (1970-01-01",
    ),
    "another change in the list": (
        lambda b: b.do("UPDATE head SET updated_ms = updated_ms + 1"),
        "IL8001",
        0,
        "its last change is",
    ),
    "a key in the list": (
        lambda b: b.do("UPDATE head SET key = 'k'"),
        "IL8001",
        0,
        "its key is k, its 11 events give none",
    ),
    "a doubt in the list": (
        lambda b: b.do("UPDATE head SET status = 'in_doubt'"),
        "IL8001",
        0,
        "its status is running, its 11 events give succeeded",
    ),
    "another document": (as_other_document, "IL7005", 0, "compiles to"),
    "another run": (lambda b: b.change(4, run="01" + "A" * 24), "IL7005", 4, "01AAAA"),
    "another version": (lambda b: b.change(4, v=2), "IL7005", 4, "version 2"),
    "another meaning": (lambda b: b.change(1, data={"semantics": 9}), "IL7005", 0, "semantics 9"),
    "a kind that is not known": (lambda b: b.change(4, type="Magic"), "IL7005", 4, "'Magic'"),
    "a field too many": (lambda b: b.change(4, data={"extra": 1}), "IL7005", 4, "`extra`"),
    "no events at all": (lambda b: b.drop(1, after=False), "IL7005", 0, "none of its events"),
}  # fmt: skip

BROKEN: dict[str, Case] = {
    "an edited value": (
        lambda b: b.do("UPDATE value SET data = ? WHERE data = ?", b"4", b"3"),
        "IL7005",
        0,
        "does not match its digest",
    ),
    "an edited document": (
        lambda b: b.do("UPDATE blob SET data = CAST(replace(data, 'letter', 'secret') AS BLOB)"),
        "IL7005",
        0,
        "does not match its digest",
    ),
    "a value that is gone": (
        lambda b: b.do("DELETE FROM value WHERE data = ?", b"3"),
        "IL7005",
        6,
        "is not in the store",
    ),
    "half an event": (
        lambda b: b.do("UPDATE event SET body = substr(body, 1, 40) WHERE seq = 4"),
        "IL7005",
        4,
        "not JSON",
    ),
    "an empty event": (
        lambda b: b.do("UPDATE event SET body = x'' WHERE seq = 4"),
        "IL7005",
        4,
        "it has no content",
    ),
    "a text for an event": (
        lambda b: b.do("UPDATE event SET body = CAST('\"no\"' AS BLOB) WHERE seq = 4"),
        "IL7005",
        4,
        "no JSON object",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a journal of one run, which is sound."""
    world = World(folder=tmp_path_factory.mktemp("sound"))
    world.actions(ACTIONS)
    world.write("letters.yaml", GRAPH)
    words = ("--app", "actions:registry", "--store", "j.db")
    ended = world.run("run", "letters.yaml", *words)
    assert ended.code == 0, ended
    world.check_sound(store="j.db")
    world.close()
    return (world.folder / "j.db").read_bytes()


def edited(world: World, journal: bytes, edit: Edit) -> Book:
    path = world.write("j.db", journal)
    connection = sqlite3.connect(path)
    book = Book(connection)
    assert [event["type"] for event in book.events.values()] == TYPES
    edit(book)
    connection.commit()
    connection.close()
    return book


@pytest.mark.parametrize("name", [*VALID, *BROKEN])
def test_an_edited_journal_is_refused(world: World, journal: bytes, name: str):
    edit, error, seq, says = {**VALID, **BROKEN}[name]
    edited(world, journal, edit)
    ended = world.run("replay", "--all", "--store", "j.db")
    ended.check_refused(6, error, says=says)
    assert ended.out.strip().endswith("is corrupt" if error == "IL7005" else "differs")
    if seq:
        assert f"event {seq} " in ended.err


@pytest.mark.parametrize("name", ["another output", "an edited value", "another call"])
def test_an_edited_run_is_not_gone_on_with(world: World, journal: bytes, name: str):
    """What looks open, since its end was cut off, is read before anything of it is called."""
    edit, error, _, _ = {**VALID, **BROKEN}[name]

    def reopen(book: Book) -> None:
        edit(book)
        book.drop(9, after=False)
        book.do("UPDATE head SET status = 'running', execution = NULL")

    edited(world, journal, reopen)
    world.actions(ACTIONS)
    world.run("resume", "last", "--store", "j.db").check_refused(6, error)
    assert world.lines() == []


def test_a_rewrite_of_the_same_is_no_edit(world: World, journal: bytes):
    edited(world, journal, lambda book: [book.put(seq, e) for seq, e in book.events.items()])
    world.check_sound(store="j.db")


def test_events_can_be_looked_at_as_far_as_they_go(world: World, journal: bytes):
    edited(world, journal, BROKEN["half an event"][0])
    ended = world.run("show", "last", "--events", "--store", "j.db")
    ended.check_refused(6, "IL7005", says="event 4 of run")
    assert len(ended.out.splitlines()) == 3
