"""A log that lost commits is refused, as long as its index tells of them; no other one is."""

from pathlib import Path

import apsw
import pytest

from interlock.errors import JournalCorrupt
from interlock.store import examine_store, open_store, open_to_read
from interlock.store.sqlite.log import INDEX_BYTES, claim_of, is_whole
from interlock.testing.store import A, record

BODY = b"x" * 3_000


def killed(folder: Path, *, commits: int = 3) -> Path:
    """Leave the files of a process that died, as they were when it wrote last."""
    place = folder / "left"
    place.mkdir()
    working = folder / "working"
    working.mkdir()
    store = open_store(str(working / "j.db"))
    for seq in range(1, commits + 1):
        store.write([record(A, seq, body=BODY)])
    for name in ("j.db", "j.db-wal", "j.db-shm"):
        (place / name).write_bytes((working / name).read_bytes())
    store.close()
    return place / "j.db"


def flip(file: Path, offset: int) -> None:
    data = bytearray(file.read_bytes())
    data[offset] ^= 1
    file.write_bytes(bytes(data))


def log_of(path: Path) -> Path:
    return path.with_name("j.db-wal")


def index_of(path: Path) -> Path:
    return path.with_name("j.db-shm")


def events(path: Path) -> int:
    store = open_store(str(path))
    found = len(store.read(A))
    store.close()
    return found


def check_refused(path: Path) -> None:
    before = [file.read_bytes() for file in (path, log_of(path), index_of(path))]
    for look in (open_to_read, examine_store, open_store, open_store):
        with pytest.raises(JournalCorrupt, match="can be read") as caught:
            look(str(path))
        assert caught.value.code == "IL7005"
        assert "j.db-wal" in caught.value.message
    assert [file.read_bytes() for file in (path, log_of(path), index_of(path))] == before


@pytest.mark.parametrize("where", [0, 18, 40, 5_000, -5_000, -1])
def test_a_flipped_bit_in_the_log_is_no_unfinished_commit(tmp_path: Path, where: int):
    path = killed(tmp_path)
    flip(log_of(path), where % log_of(path).stat().st_size)
    check_refused(path)


def test_whoever_wants_to_goes_on_with_what_can_be_read(tmp_path: Path):
    path = killed(tmp_path)
    flip(log_of(path), log_of(path).stat().st_size - 1)
    check_refused(path)
    index_of(path).unlink()
    assert events(path) == 2


def test_a_log_is_whole_as_it_was_left(tmp_path: Path):
    path = killed(tmp_path)
    assert events(path) == 3


def test_a_commit_that_was_under_way_is_no_damage(tmp_path: Path):
    path = killed(tmp_path)
    with log_of(path).open("ab") as log:
        log.write(b"half a frame")
    assert events(path) == 3


def test_an_index_of_an_earlier_log_says_nothing_of_this_one(tmp_path: Path):
    """After a power loss the index may be older than the log."""
    path = killed(tmp_path)
    index = index_of(path).read_bytes()
    connection = apsw.Connection(str(path))
    connection.pragma("wal_checkpoint", "restart")
    connection.execute("CREATE TABLE another (n INTEGER)")
    log = log_of(path).read_bytes()
    connection.close()
    log_of(path).write_bytes(log)
    index_of(path).write_bytes(index)
    assert events(path) == 3


def test_a_log_that_was_cut_to_nothing_was_in_the_file(tmp_path: Path):
    path = killed(tmp_path)
    index = index_of(path).read_bytes()
    connection = apsw.Connection(str(path))
    connection.pragma("wal_checkpoint", "truncate")
    connection.close()
    log_of(path).write_bytes(b"")
    index_of(path).write_bytes(index)
    assert events(path) == 3


def test_older_pages_in_a_damaged_log_hide_what_is_in_the_file(tmp_path: Path):
    path = killed(tmp_path)
    connection = apsw.Connection(str(path))
    connection.pragma("wal_checkpoint", "passive")
    copies = [file.read_bytes() for file in (path, log_of(path), index_of(path))]
    connection.close()
    for file, data in zip((path, log_of(path), index_of(path)), copies, strict=True):
        file.write_bytes(data)
    assert claim_of(copies[2][:INDEX_BYTES]) is not None
    flip(log_of(path), log_of(path).stat().st_size - 1)
    check_refused(path)


def test_a_torn_index_claims_nothing(tmp_path: Path):
    index = index_of(killed(tmp_path)).read_bytes()[:INDEX_BYTES]
    claim = claim_of(index)
    assert claim is not None
    assert claim.frames > 3
    for offset in (0, 16, 44, 50, 95):
        torn = bytearray(index)
        torn[offset] ^= 1
        assert claim_of(bytes(torn)) is None
    assert claim_of(index[:90]) is None
    assert claim_of(bytes(INDEX_BYTES)) is None


def test_the_checksum_of_a_header_is_that_of_sqlite(tmp_path: Path):
    header = log_of(killed(tmp_path)).read_bytes()[:32]
    assert is_whole(header)
    assert not is_whole(header[:20] + bytes([header[20] ^ 1]) + header[21:])
