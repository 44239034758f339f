"""What speaks against a file: each reason has a code, names the place, and says what to do."""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from interlock.errors import JournalCorrupt, StoreError, StoreUnusable
from interlock.store import open_store
from interlock.store.sqlite import opening
from interlock.store.sqlite.opening import network_type
from interlock.store.sqlite.schema import APPLICATION_ID, FORMAT
from interlock.testing import recording_disk
from interlock.testing.store import A, head, record, value
from interlock.values import value_ref


def refused(path: Path, code: str, kind: type[StoreError] = StoreUnusable) -> StoreError:
    with pytest.raises(kind) as caught:
        open_store(str(path))
    error = caught.value
    assert error.code == code
    assert str(path) in error.message
    assert error.hint
    return error


def make_journal(path: Path) -> None:
    store = open_store(str(path))
    store.write([record(A, 1, values=[value(b"1")], head=head(A))])
    store.close()


@contextmanager
def unprivileged() -> Generator[None]:
    """Be nobody for a moment: root may write everywhere."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


@pytest.fixture
def open_folder() -> Generator[Path]:
    """A folder that others can reach, which pytest's are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


# --- what is fine


def test_what_was_written_is_there_again(tmp_path: Path):
    make_journal(tmp_path / "journal.db")
    store = open_store(str(tmp_path / "journal.db"))
    assert [event.body for event in store.read(A)] == [b"01A/1"]
    assert store.values(A, [value_ref(b"1")]) == {value_ref(b"1"): b"1"}
    assert store.head(A) == head(A)
    store.close()


def test_a_folder_is_made_but_not_two(tmp_path: Path):
    make_journal(tmp_path / ".interlock" / "journal.db")
    error = refused(tmp_path / "a" / "b" / "journal.db", "IL7015")
    assert f"mkdir -p {tmp_path}/a/b" in error.hint
    assert not (tmp_path / "a").exists()


def test_the_folders_of_a_new_journal_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Else a power loss may take the entry of the file, or of its folder, with all commits."""
    synced: list[int] = []
    sync = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    make_journal(tmp_path / "new" / "journal.db")
    assert synced == [tmp_path.stat().st_ino, (tmp_path / "new").stat().st_ino]


def test_an_empty_file_becomes_a_journal(tmp_path: Path):
    path = tmp_path / "journal.db"
    path.touch()
    make_journal(path)
    assert path.stat().st_size > 0


def test_a_new_journal_says_what_it_is(tmp_path: Path):
    path = tmp_path / "journal.db"
    make_journal(path)
    connection = apsw.Connection(str(path))
    assert connection.pragma("application_id") == APPLICATION_ID
    assert connection.pragma("user_version") == FORMAT
    assert connection.pragma("journal_mode") == "wal"
    connection.close()
    assert path.read_bytes()[68:72] == b"ILK1"


def test_a_closed_store_leaves_no_log_and_no_owners(tmp_path: Path):
    make_journal(tmp_path / "journal.db")
    assert sorted(str(found.relative_to(tmp_path)) for found in tmp_path.rglob("*")) == [
        "journal.db",
        "journal.db-locks",
        "journal.db-locks/commit",
        "journal.db-locks/turnstile",
    ]


def test_links_lead_to_the_same_locks(tmp_path: Path):
    make_journal(tmp_path / "journal.db")
    (tmp_path / "link.db").symlink_to(tmp_path / "journal.db")
    store = open_store(str(tmp_path / "link.db"))
    assert len(store.read(A)) == 1
    store.close()
    assert not (tmp_path / "link.db-locks").exists()


# --- what is not


def test_a_directory_is_refused(tmp_path: Path):
    error = refused(tmp_path, "IL7015")
    assert "is a directory" in error.message
    assert f"{tmp_path}/journal.db" in error.hint


@pytest.mark.parametrize("content", [b"hello", b"name: nightly\n" * 1_000])
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes):
    path = tmp_path / "graph.yaml"
    path.write_bytes(content)
    error = refused(path, "IL7010")
    assert repr(content[:16]) in error.message
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_another_programs_database_is_left_alone(tmp_path: Path):
    path = tmp_path / "theirs.db"
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.execute("CREATE TABLE t (n)")
    connection.close()
    before = path.read_bytes()
    error = refused(path, "IL7011")
    assert "another program" in error.message
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_regular_file_is_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in refused(tmp_path / "pipe", "IL7015").message
    refused(Path("/dev/null"), "IL7015")


def test_links_in_a_circle_are_refused(tmp_path: Path):
    (tmp_path / "journal.db").symlink_to(tmp_path / "journal.db")
    refused(tmp_path / "journal.db", "IL7015")


def test_a_file_in_the_place_of_the_locks_is_named(tmp_path: Path):
    (tmp_path / "journal.db-locks").touch()
    assert "journal.db-locks" in refused(tmp_path / "journal.db", "IL7015").message


@pytest.mark.parametrize("size", [16, 99])
def test_a_header_that_was_cut_is_damage_and_no_other_program(tmp_path: Path, size: int):
    path = tmp_path / "journal.db"
    make_journal(path)
    os.truncate(path, size)
    error = refused(path, "IL7005", JournalCorrupt)
    assert f"after {size} bytes" in error.message


def test_a_format_that_never_was_is_damage(tmp_path: Path):
    path = tmp_path / "journal.db"
    make_journal(path)
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", -3)
    connection.close()
    error = refused(path, "IL7005", JournalCorrupt)
    assert "format -3" in error.message


@pytest.mark.parametrize("number", range(1, FORMAT))
def test_an_older_format_is_refused_and_left_as_it_is(tmp_path: Path, number: int):
    path = tmp_path / "journal.db"
    make_journal(path)
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", number)
    connection.close()
    before = path.read_bytes()
    error = refused(path, "IL7012")
    assert f"it has format {number}, of a version before the first release" in error.message
    assert error.hint == "begin a new journal: use another path"
    assert path.read_bytes() == before


@pytest.mark.parametrize("where", ["in the file", "in the log"])
def test_a_newer_format_is_refused(tmp_path: Path, where: str):
    path = tmp_path / "journal.db"
    make_journal(path)
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    if where == "in the file":
        connection.close()
    error = refused(path, "IL7012")
    assert "it has format 99" in error.message
    assert f"reads format {FORMAT}" in error.message
    connection.close()


def test_a_file_that_cannot_be_written_is_refused(open_folder: Path):
    path = open_folder / "journal.db"
    make_journal(path)
    path.chmod(0o444)
    open_folder.chmod(0o777)
    with unprivileged():
        error = refused(path, "IL7013")
    assert f"make {path} writable" in error.hint


def test_a_folder_that_cannot_be_written_is_refused(open_folder: Path):
    open_folder.chmod(0o555)
    with unprivileged():
        error = refused(open_folder / "journal.db", "IL7013")
    assert "its folder cannot be written" in error.message


def test_a_file_that_cannot_be_read_is_refused(open_folder: Path):
    path = open_folder / "journal.db"
    make_journal(path)
    path.chmod(0o222)
    open_folder.chmod(0o777)
    with unprivileged():
        refused(path, "IL7021")


def test_a_file_that_another_program_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "journal.db"
    make_journal(path)
    connection = apsw.Connection(str(path))
    connection.pragma("locking_mode", "exclusive")
    connection.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(opening, "BUSY_MS", 1)
    error = refused(path, "IL7016")
    assert "fuser" in error.hint
    connection.close(True)
    open_store(str(path)).close()


def test_a_full_disk_is_named(tmp_path: Path):
    with recording_disk(lambda op: apsw.SQLITE_FULL if op.kind == "write" else 0):
        error = refused(tmp_path / "journal.db", "IL7017")
    assert "free some space" in error.hint
    make_journal(tmp_path / "journal.db")


def test_a_disk_that_fails_is_named(tmp_path: Path):
    with recording_disk(lambda op: apsw.SQLITE_IOERR_FSYNC if op.kind == "sync" else 0):
        error = refused(tmp_path / "journal.db", "IL7004")
    assert "the disk reported an error" in error.message


def test_damaged_pages_are_reported_as_such(tmp_path: Path):
    path = tmp_path / "journal.db"
    make_journal(path)
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * (4096 - 100)
    path.write_bytes(content)
    error = refused(path, "IL7005", JournalCorrupt)
    assert "backup" in error.hint


def test_a_refused_file_is_not_kept_open(tmp_path: Path):
    path = tmp_path / "graph.yaml"
    path.write_text("name: nightly")
    before = descriptors()
    for _ in range(3):
        refused(path, "IL7010")
    with recording_disk(lambda op: apsw.SQLITE_FULL if op.kind == "write" else 0):
        refused(tmp_path / "journal.db", "IL7017")
    assert descriptors() == before


def descriptors() -> set[Path]:
    return set(Path("/proc/self/fd").iterdir())


# --- network file systems

TABLE = r"""
sysfs /sys sysfs rw 0 0
/dev/vda / ext4 rw 0 0
server:/srv /srv nfs4 rw 0 0
/dev/vdb /srv/me/local ext4 rw 0 0
//nas/share /mnt/my\040share cifs rw 0 0
/dev/vdc /mnt/over ext4 rw 0 0
me@host: /mnt/over fuse.sshfs rw 0 0
broken line
""".splitlines()


@pytest.mark.parametrize(
    "folder,kind",
    [
        ("/", None),
        ("/var/lib", None),
        ("/srv", "nfs4"),
        ("/srv/me", "nfs4"),
        ("/srvs", None),
        ("/srv/me/local/x", None),
        ("/srv/me/locals", "nfs4"),
        ("/mnt/my share/x", "cifs"),
        ("/mnt/over", "fuse.sshfs"),
    ],
)
def test_the_mount_of_a_folder_is_found(folder: str, kind: str | None):
    assert network_type(Path(folder), TABLE) == kind


def test_no_table_says_nothing():
    assert network_type(Path("/srv"), []) is None


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x {tmp_path} nfs rw 0 0\n")
    monkeypatch.setattr(opening, "MOUNTS", mounts)
    error = refused(tmp_path / "journal.db", "IL7014")
    assert "(nfs)" in error.message
    assert "local disk" in error.hint
