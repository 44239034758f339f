"""`doctor` finds stored values that are not what their digests say: those of data subjects, too."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from interlock.journal import StoredValue
from interlock.store import examine_store, open_store
from interlock.testing.made import A, B, head, record
from interlock.testing.subjects import ADA, BOB
from interlock.values import Subjects, ValueRef, value_ref

PLAIN, LONG = b'"an answer"', b'"%b"' % (b"x" * 40_000)
OF_ADA = b'"what Ada said"'
OF_BOTH = b'"what both said"'
BOTH = Subjects.of([ADA, BOB])


def sealed(subjects: Subjects, data: bytes) -> StoredValue:
    ref = subjects.ref(data)
    return StoredValue(ref=ref, data=subjects.seal(ref, data))


VALUES = {
    "plain": StoredValue(ref=value_ref(PLAIN), data=PLAIN),
    "long": StoredValue(ref=value_ref(LONG), data=LONG, shared=True),
    "of Ada": sealed(Subjects.of([ADA]), OF_ADA),
    "of both": sealed(BOTH, OF_BOTH),
    "members": StoredValue(ref=value_ref(BOTH.members), data=BOTH.members),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "j.db"
    with closing(open_store(str(path))) as store:
        store.subjects.add([ADA, BOB])
        store.write([record(A, 1, values=VALUES.values(), head=head(A))])
        store.write([record(B, 1, values=[VALUES["plain"]], head=head(B))])
    return path


def problems(path: Path) -> tuple[str, ...]:
    health = examine_store(str(path))
    assert health is not None
    assert health.values == len(VALUES) + 1
    return health.problems


def change(path: Path, table: str, ref: ValueRef, *, bit: int) -> None:
    """Flip a bit of a stored value, whatever it is."""
    connection = apsw.Connection(str(path))
    rows = connection.execute(f"SELECT rowid, data FROM {table}").fetchall()
    wanted = next(value.data for value in VALUES.values() if value.ref == ref)
    rowid = next(rowid for rowid, data in rows if data == wanted)
    changed = bytearray(wanted)
    changed[bit // 8] ^= 1 << bit % 8
    connection.execute(f"UPDATE {table} SET data = ? WHERE rowid = ?", (bytes(changed), rowid))
    connection.close()


def test_whatever_the_store_writes_matches(path: Path):
    assert problems(path) == ()


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("bit", [0, 77])
def test_a_flipped_bit_in_a_value_is_found(path: Path, name: str, bit: int):
    ref = VALUES[name].ref
    table = "blob" if VALUES[name].shared else "value"
    change(path, table, ref, bit=bit)
    told = problems(path)
    where = f"shared value {ref}" if table == "blob" else f"value {ref} of run {A}"
    assert f"{where} does not match its digest" in told


REFERENCES = {
    "UPDATE value SET ref = zeroblob(32) WHERE length(ref) = 32 AND run = '01B'": 1,
    "UPDATE blob SET ref = 'rha256' || substr(ref, 7)": 1,
    "UPDATE value SET ref = CAST('ref x' || substr(ref, 6) AS BLOB) WHERE length(ref) > 32": 2,
    "UPDATE value SET ref = CAST(x'72656620e8' || substr(ref, 6) AS BLOB)"
    " WHERE length(ref) > 32": 2,
}


@pytest.mark.parametrize("change, count", REFERENCES.items())
def test_a_flipped_bit_in_a_reference_is_found(path: Path, change: str, count: int):
    connection = apsw.Connection(str(path))
    connection.execute(change)
    connection.close()
    assert len(problems(path)) == count


def test_a_value_whose_key_was_erased_cannot_be_checked(path: Path):
    with closing(open_store(str(path))) as store:
        store.subjects.erase(["Ada"])
        assert store.scrub()
    change(path, "value", VALUES["of Ada"].ref, bit=3)
    assert problems(path) == ()


def test_not_all_that_is_changed_is_listed(tmp_path: Path):
    path = tmp_path / "j.db"
    texts = [b"%d" % number for number in range(100)]
    values = [StoredValue(ref=value_ref(text), data=text) for text in texts]
    with closing(open_store(str(path))) as store:
        store.write([record(A, 1, values=values, head=head(A))])
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE value SET data = x'30'")
    connection.close()
    health = examine_store(str(path))
    assert health is not None
    assert len(health.problems) == 10
