"""Keys of data subjects, as runs get them and as readers find them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path as FilePath
from subprocess import PIPE, Popen

import pytest

from interlock.errors import JournalCorrupt
from interlock.journal import (
    Entry,
    NodeSettled,
    Value,
    decode_entry,
    encode_entry,
    refs_of,
    stored_values,
    values_of,
)
from interlock.store import KeyRing, Store, SubjectKeys, open_store
from interlock.testing.made import A, B, record
from interlock.values import KEY_ID_CHARACTERS, Path, ValueRef

DATA = Value.of({"name": "Ada Lovelace"})


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: FilePath) -> Iterator[Store]:
    kind = "memory:" if request.param == "memory" else str(tmp_path / "j.db")
    with closing(open_store(kind)) as made:
        yield made


def counting() -> Callable[[int], bytes]:
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


def settled(value: Value) -> NodeSettled:
    return NodeSettled(path=Path("n"), generation=1, status="succeeded", output=value)


def keep(store: Store, value: Value) -> ValueRef:
    store.write([record(A, 1, values=stored_values(settled(value)))])
    return value.ref


def test_a_name_has_one_key_for_good(store: Store):
    keys = SubjectKeys(store, counting())
    ada = keys.of(["Ada"])
    assert keys.of(["Ada", "Ada"]).id == ada.id
    both = keys.of(["Bob", "Ada"])
    assert set(both.keys) > set(ada.keys)
    assert SubjectKeys(store, counting()).of(["Ada", "Bob"]).id == both.id


@pytest.mark.parametrize("names", [["Ada"], ["Ada", "Bob", "Eve"]])
def test_a_value_is_stored_under_the_keys_of_its_subjects(store: Store, names: list[str]):
    value = DATA.under(SubjectKeys(store, counting()).of(names))
    ref = keep(store, value)
    stored = store.values(A, [ref])
    assert b"Ada" not in stored[ref]
    assert KeyRing(store, A).opened(stored) == {ref: DATA.data}
    found = KeyRing(store, A).subjects(ref)
    assert found is not None
    assert found.ref(DATA.data) == ref


@pytest.mark.parametrize("erased", ["Ada", "Bob", "Eve"])
def test_what_several_own_dies_with_any_of_them(store: Store, erased: str):
    ref = keep(store, DATA.under(SubjectKeys(store, counting()).of(["Ada", "Bob", "Eve"])))
    assert len(store.subjects.erase([erased]) or []) == 1
    assert KeyRing(store, A).subjects(ref) is None
    assert KeyRing(store, A).opened(store.values(A, [ref])) == {}
    # Its name is free again, for a key that reads nothing of what was before.
    SubjectKeys(store, lambda size: b"\xff" * size).of([erased])
    assert KeyRing(store, A).subjects(ref) is None


def test_what_belongs_to_nobody_is_as_it_was(store: Store):
    ref = keep(store, DATA)
    assert KeyRing(store, A).opened(store.values(A, [ref])) == {ref: DATA.data}
    assert ref.startswith("sha256:")


def test_an_event_is_read_with_the_subjects_of_its_values(store: Store):
    value = DATA.under(SubjectKeys(store, counting()).of(["Ada", "Bob"]))
    ref = keep(store, value)
    body = _body(value)
    stored, ring = store.values(A, refs_of(body)), KeyRing(store, A)
    _, entry = decode_entry(body, ring.opened(stored).get, ring.subjects)
    (read,) = values_of(entry.event)
    assert (read, read.json) == (value, DATA.json)
    assert read.stored == value.stored
    store.subjects.erase(["Bob"])
    ring = KeyRing(store, A)
    with pytest.raises(JournalCorrupt, match=ref):
        decode_entry(body, ring.opened(stored).get, ring.subjects)


def _body(value: Value) -> bytes:
    return encode_entry(A, Entry(settled(value), at_ms=1, seq=1, epoch=1))


def test_a_long_value_of_two_runs_is_stored_once(store: Store):
    value = Value.of("Ada" * 10_000).under(SubjectKeys(store, counting()).of(["Ada"]))
    for run in (A, B):
        store.write([record(run, 1, values=stored_values(settled(value)))])
        assert KeyRing(store, run).opened(store.values(run, [value.ref])) == {value.ref: value.data}


def test_bytes_that_were_changed_are_refused(store: Store):
    value = DATA.under(SubjectKeys(store, counting()).of(["Ada"]))
    (row,) = stored_values(settled(value))
    with pytest.raises(JournalCorrupt, match=value.ref):
        KeyRing(store, A).opened({row.ref: row.data[::-1]})


MEET = """
import sys
from interlock.store import SubjectKeys, open_store
store = open_store(sys.argv[1])
print(SubjectKeys(store, lambda size: bytes([int(sys.argv[2])]) * size).of(["Ada"]).id)
"""


def test_processes_that_meet_a_subject_at_once_end_with_one_key(tmp_path: FilePath):
    path = str(tmp_path / "j.db")
    open_store(path).close()
    several = [
        Popen([sys.executable, "-c", MEET, path, str(number)], stdout=PIPE, text=True)
        for number in range(3)
    ]
    found = [each.communicate(timeout=60)[0] for each in several]
    assert len(set(found)) == 1
    assert len(found[0].strip()) == KEY_ID_CHARACTERS
