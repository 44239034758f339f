"""Rows of data subjects that somebody changed: whoever goes by a name finds out before he acts."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path as FilePath
from typing import Any, cast

import apsw
import pytest

from interlock.audit import Expected, Finding
from interlock.cli.trail.verifying import verified
from interlock.errors import JournalCorrupt
from interlock.journal import principal_of
from interlock.runtime import erase, forget, forgetting_of, read_entries
from interlock.store import Store, inspect_store, open_store
from interlock.values import KEY_BYTES, RunId, SubjectKey
from unit.runtime.test_forgetting import OWNED
from unit.runtime.test_subject_holds import pruned
from unit.runtime.test_subjects import planned, run_of

ADA, BOB = "Ada Lovelace", "Bob Babbage"
BY = principal_of("dpo")
PLAN = planned(OWNED)


@pytest.fixture
def path(tmp_path: FilePath) -> FilePath:
    """A journal with a run of Ada's and one of Bob's."""
    path = tmp_path / "journal.db"
    with closing(open_store(str(path))) as store:
        for name in (ADA, BOB):
            run_with(store, name)
    return path


@pytest.fixture
def file(path: FilePath) -> Iterator[Any]:
    with closing(apsw.Connection(str(path))) as connection:
        yield connection


def run_with(store: Store, name: str) -> RunId:
    return asyncio.run(run_of(store, PLAN, text=name)).run


def forgotten(store: Store, name: str) -> None:
    forget(store, name, by=BY, rule="Art. 17", reason="they asked")


def findings(path: FilePath) -> tuple[Finding, ...]:
    with closing(open_store(str(path))) as store:
        return verified(store, (), published=None, expected=Expected()).findings


def content(file: Any) -> list[tuple[Any, ...]]:
    """What there is to destroy."""
    return [
        *file.execute("SELECT run, seq, body, salts, erased FROM event ORDER BY leaf"),
        *file.execute("SELECT run, ref, data FROM value ORDER BY run, ref"),
        *file.execute("SELECT id, name, key FROM subject ORDER BY id"),
    ]


def rename(file: Any, name: str, to: str) -> None:
    file.execute("UPDATE subject SET name = ? WHERE name = ?", (to, name))
    assert file.changes() == 1


def id_of(file: Any, name: str) -> str:
    return cast(str, file.execute("SELECT id FROM subject WHERE name = ?", (name,)).get)


def swap_names(file: Any) -> None:
    for name, to in ((ADA, "-"), (BOB, ADA), ("-", BOB)):
        rename(file, name, to)


def swap_keys(file: Any) -> None:
    rows = list(file.execute("SELECT name, key FROM subject ORDER BY id"))
    for (name, _), (_, key) in zip(rows, reversed(rows), strict=True):
        file.execute("UPDATE subject SET key = ? WHERE name = ?", (key, name))


def swap_rows(file: Any) -> None:
    """Give each name the key of the other, with an id that fits."""
    rows = list(file.execute("SELECT name, key FROM subject ORDER BY id"))
    file.execute("DELETE FROM subject")
    for (name, _), (_, key) in zip(rows, reversed(rows), strict=True):
        made = SubjectKey.of(name, key)
        row = (made.id, made.name, made.key)
        file.execute("INSERT INTO subject (id, name, key, sum) VALUES (?, ?, ?, 0)", row)


def test_who_changes_nothing_raises_no_alarm(path: FilePath):
    assert findings(path) == ()
    with closing(open_store(str(path))) as store:
        forgotten(store, ADA)
    assert findings(path) == ()


def test_a_key_with_zeros_behind_it_is_another_one(path: FilePath, file: Any):
    file.execute("UPDATE subject SET key = CAST(key || x'00' AS BLOB)")
    assert {each.kind for each in findings(path)} == {"misnamed"}


def test_a_subject_without_an_id_is_found(path: FilePath, file: Any):
    file.execute("UPDATE subject SET id = '' WHERE name = ?", (ADA,))
    structure = inspect_store(str(path))
    assert structure is not None
    assert structure.problems == ("a row of table `subject` has no id",)


@pytest.mark.parametrize("how", ["forgotten", "erased", "pruned"])
def test_a_value_that_was_erased_or_pruned_and_put_back_is_found(
    path: FilePath, file: Any, how: str
):
    before = set(file.execute("SELECT run, ref, data FROM value"))
    with closing(open_store(str(path))) as store:
        if how == "erased":
            run = next(iter(before))[0]
            erase(store, run, {1: ["inputs"]}, by=BY, rule="Art. 17")
        elif how == "forgotten":
            forgotten(store, ADA)
        else:
            assert pruned(store) == {row[0] for row in before}
    structure = inspect_store(str(path))
    assert structure is not None
    assert structure.problems == ()
    gone = before - set(file.execute("SELECT run, ref, data FROM value"))
    assert gone
    for row in sorted(gone):
        file.execute("INSERT INTO value (run, ref, data) VALUES (?, ?, ?)", row)
        structure = inspect_store(str(path))
        assert structure is not None
        (problem,) = structure.problems
        assert problem.startswith(f"a value of run {row[0]} that no event names is in table")
        file.execute("DELETE FROM value WHERE run = ? AND ref = ?", row[:2])


@pytest.mark.parametrize("swap", [swap_names, swap_keys])
def test_swapped_subjects_are_found_and_nothing_is_destroyed(path: FilePath, file: Any, swap: Any):
    swap(file)
    before, ids = content(file), [id_of(file, ADA), id_of(file, BOB)]
    found = findings(path)
    assert [(each.kind, each.seq) for each in found] == [("misnamed", 1)] * 2
    assert {each.run for each in found} == {row[0] for row in before if row[1] == 1}
    assert all(any(key_id in each.message for key_id in ids) for each in found)
    assert not any(name in each.message for each in found for name in (ADA, BOB))
    with closing(open_store(str(path))) as store:
        for name in (ADA, BOB, "Eve"):
            for act in (forgetting_of, forgotten):
                with pytest.raises(JournalCorrupt) as refused:
                    act(store, name)
                assert refused.value.code == "IL7025"
        run = found[0].run
        assert run is not None
        with pytest.raises(JournalCorrupt, match="data subject"):
            erase(store, run, {1: ["inputs"]}, by=BY, rule="Art. 17")
        with pytest.raises(JournalCorrupt, match="data subject"):
            list(read_entries(store, run))
        with pytest.raises(JournalCorrupt, match="data subject"):
            run_with(store, ADA)
        with pytest.raises(JournalCorrupt, match="data subject"):
            store.subjects.erase([ADA])
    assert content(file) == before
    swap(file)
    assert findings(path) == ()


def test_who_makes_the_ids_fit_again_has_no_values_to_them(path: FilePath, file: Any):
    swap_rows(file)
    before = content(file)
    assert {each.kind for each in findings(path)} == {"value_missing"}
    with closing(open_store(str(path))) as store:
        # Whom the name belongs to now has no values, and the lost ones are told.
        assert (forgetting_of(store, ADA).chosen, len(forgetting_of(store, ADA).lost)) == ({}, 2)
        with pytest.raises(JournalCorrupt, match="keys that values need are not there"):
            forgotten(store, "Eve")
    assert content(file) == before


@pytest.mark.parametrize("other", ["Eve", "ada lovelace", f"{ADA} "])
def test_a_name_that_was_never_there_is_found(path: FilePath, file: Any, other: str):
    rename(file, ADA, other)
    before, key_id = content(file), id_of(file, other)
    (found,) = findings(path)
    assert (found.kind, key_id in found.message) == ("misnamed", True)
    with closing(open_store(str(path))) as store:
        # Not for Bob either: who can tell whether this was a key of his?
        for name in (ADA, BOB, other):
            with pytest.raises(JournalCorrupt, match=key_id):
                forgotten(store, name)
    assert content(file) == before


def test_a_row_that_is_missing_is_told_where_the_name_is_asked_for(path: FilePath, file: Any):
    key_id = id_of(file, ADA)
    file.execute("DELETE FROM subject WHERE name = ?", (ADA,))
    before = content(file)
    assert {each.kind for each in findings(path)} == {"value_missing"}
    with closing(open_store(str(path))) as store:
        with pytest.raises(JournalCorrupt, match=key_id) as refused:
            forgotten(store, ADA)
        assert refused.value.code == "IL7025"
        assert content(file) == before
        # Bob's are his own all the same.
        assert forgetting_of(store, BOB).lost == {key_id}
        forgotten(store, BOB)
        assert store.subjects.find(names=[BOB]) == []
        run_with(store, ADA)  # Her name has a new key, which reads nothing of what was before.
        assert forgetting_of(store, ADA).lost == {key_id}


def test_a_row_that_no_event_names_is_found_too(path: FilePath, file: Any):
    made = SubjectKey.of("Eve", bytes(KEY_BYTES))
    for number, name in enumerate(("Eve", "Mallory")):
        row = (made.id[:-1] + str(number), name, made.key)
        file.execute("INSERT INTO subject (id, name, key, sum) VALUES (?, ?, ?, 0)", row)
    found = findings(path)
    assert {each.kind for each in found} == {"misnamed"}
    assert {(each.run, each.index) for each in found} == {(None, 0)}


def test_what_looks_like_a_key_in_words_is_none(path: FilePath):
    with closing(open_store(str(path))) as store:
        run = run_with(store, f"hmac-sha256:{'0' * 32}:")
        place = {1: ["actor"]}
        erase(store, run, place, by=BY, rule=f"not hmac-sha256:{'1' * 32}: any more")
        assert forgetting_of(store, "Eve").lost == frozenset()
