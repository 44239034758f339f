"""Journal files that are locked, read-only, full, foreign or damaged.

Each is refused or survived in words, and what was there before is there afterwards.
"""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from e2e.hostile.world import World, wait_until

ACTIONS = """\
from interlock import Registry, action


@action("text.keep", effect="write")
def keep(number: int, kilobytes: int) -> str:
    note(f"{number}")
    return str(number) * (kilobytes * 1024)


registry = Registry([keep])
"""


def chain(length: int, *, kilobytes: int = 1) -> str:
    """A graph whose nodes each wait for the one before."""
    rows = [
        f"  n{number}: {{call: text.keep, with: {{number: {number}, kilobytes: {kilobytes}}}"
        + (f", needs: [n{number - 1}]}}" if number else "}")
        for number in range(length)
    ]
    return "\n".join(["interlock: 1", "name: chain", "nodes:", *rows, ""])


@pytest.fixture
def project(world: World) -> World:
    world.actions(ACTIONS)
    world.write("chain.yaml", chain(1))
    return world


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a journal with two runs."""
    world = World(folder=tmp_path_factory.mktemp("sound"))
    world.actions(ACTIONS)
    world.write("chain.yaml", chain(1))
    for _ in range(2):
        ended = world.run("run", "chain.yaml", "--app", "actions:registry", "--store", "j.db")
        assert ended.code == 0, ended
    world.close()
    return (world.folder / "j.db").read_bytes()


# --- what is no journal at all

Make = Callable[[Path, bytes], object]


def their_database(path: Path, _: bytes) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bills (amount INTEGER)")
    connection.commit()
    connection.close()


def newer_format(path: Path, sound: bytes) -> None:
    path.write_bytes(sound)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def flipped(*places: int) -> Make:
    def make(path: Path, sound: bytes) -> None:
        data = bytearray(sound)
        for place in places:
            data[place] ^= 0xFF
        path.write_bytes(data)

    return make


def cut(keep: Callable[[int], int]) -> Make:
    return lambda path, sound: path.write_bytes(sound[: keep(len(sound))])


# name: (how it is made, exit code, code, words)
UNUSABLE: dict[str, tuple[Make, int, str, str]] = {
    "text": (lambda p, _: p.write_text("dear diary\n"), 7, "IL7010", "b'dear diary\\n'"),
    "zeros": (lambda p, _: p.write_bytes(bytes(8192)), 7, "IL7010", "not a SQLite"),
    "folder": (lambda p, _: p.mkdir(), 7, "IL7015", "it is a directory"),
    "pipe": (lambda p, _: os.mkfifo(p), 7, "IL7015", "no regular file"),
    "device": (lambda p, _: p.symlink_to("/dev/null"), 7, "IL7015", "no regular file"),
    "circle": (lambda p, _: p.symlink_to(p), 7, "IL7015", "j.db"),
    "theirs": (their_database, 7, "IL7011", "another program's"),
    "newer": (newer_format, 7, "IL7012", "format 99"),
    "cut in the header": (cut(lambda _: 60), 6, "IL7005", "after 60 bytes"),
    "cut in the first page": (cut(lambda _: 1000), 6, "IL7005", "pages are damaged"),
    "cut in the middle": (cut(lambda size: size // 2), 6, "IL7005", "pages are damaged"),
    "flipped magic": (flipped(3), 7, "IL7010", "not a SQLite"),
    "flipped name": (flipped(70), 7, "IL7011", "another program's"),
    "flipped version": (flipped(60), 6, "IL7005", "which never was"),
    "flipped tables": (flipped(100, 101, 102, 103), 6, "IL7005", "pages are damaged"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_is_no_journal_is_left_alone(project: World, sound: bytes, name: str):
    make, code, error, says = UNUSABLE[name]
    path = project.folder / "j.db"
    make(path, sound)
    before = path.read_bytes() if path.is_file() else b""
    for words in (("run", "chain.yaml"), ("replay", "--all")):
        ended = project.run(*words, "--store", "j.db")
        ended.check_refused(code, error, says=says)
        assert str(path) in ended.err or name == "device"
        assert ended.out == ""
    assert project.lines() == []
    assert (path.read_bytes() if path.is_file() else b"") == before
    doctor = project.run("doctor", "--store", "j.db")
    doctor.check_words()
    assert (doctor.code, error in doctor.out) == (1, True)


def test_an_empty_file_and_a_link_become_journals(project: World):
    project.write("empty.db", b"")
    (project.folder / "there").mkdir()
    (project.folder / "link.db").symlink_to(project.folder / "there" / "journal.db")
    for store in ("empty.db", "link.db"):
        assert project.run("run", "chain.yaml", "--store", store).code == 0
        project.check_sound(store=store)


# --- damage that only reading or writing meets


@pytest.mark.parametrize("page", range(2, 12))
def test_a_damaged_page_is_told_and_never_believed(project: World, sound: bytes, page: int):
    """A page of zeros: a run is refused, or its events are all there; nothing is made up."""
    path = project.folder / "j.db"
    assert len(sound) > page * 4096
    data = bytearray(sound)
    data[page * 4096 : page * 4096 + 4096] = bytes(4096)
    path.write_bytes(data)
    verified = project.run("replay", "--all", "--store", "j.db")
    verified.check_words()
    assert verified.code in (0, 6)
    told = verified.out.count("is corrupt") + verified.out.count("differs")
    assert (verified.code == 6) == bool(told or verified.codes)
    written = project.run("run", "chain.yaml", "--store", "j.db")
    written.check_words()
    assert written.code in (0, 6)
    if written.code:
        assert "IL7005" in written.codes
        assert "restore the store from a backup" in written.err


# --- not for us to write


def powerless() -> tuple[str, ...]:
    """What a command is started with so that permissions hold for it: for root they do not."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and there is no `setpriv` to give that up")
    return ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")


@contextmanager
def permissions(path: Path, mode: int) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)


READING = (("runs",), ("replay", "--all"), ("show", "last"), ("show", "last", "--events"))


@pytest.mark.parametrize(
    "place,mode,says",
    [
        ("kept/j.db", 0o444, "it cannot be written"),
        ("kept", 0o555, "its folder cannot be written"),
        ("kept/j.db-locks", 0o555, "turnstile"),
    ],
)
def test_what_we_may_not_write_can_be_read(
    project: World, sound: bytes, place: str, mode: int, says: str
):
    (project.folder / "kept" / "j.db-locks").mkdir(parents=True)
    project.write("kept/j.db", sound)
    before = snapshot(project.folder / "kept")
    with permissions(project.folder / place, mode):
        for words in (("run", "chain.yaml"), ("resume", "last")):
            ended = project.run(*words, "--store", "kept/j.db", before=powerless())
            ended.check_refused(7, "IL7013", says=says)
            assert ended.out == ""
        for words in READING:
            ended = project.run(*words, "--store", "kept/j.db", before=powerless())
            ended.check_words()
            assert (ended.code, ended.codes) == (0, []), ended
    assert snapshot(project.folder / "kept") == before
    assert project.lines() == []


@pytest.mark.parametrize(
    "place,says", [("kept/j.db", "j.db cannot be read"), ("kept", "it cannot be read")]
)
def test_what_we_may_not_read_is_refused(project: World, sound: bytes, place: str, says: str):
    (project.folder / "kept").mkdir()
    project.write("kept/j.db", sound)
    with permissions(project.folder / place, 0o000):
        for words in (("run", "chain.yaml"), ("resume", "last")):
            ended = project.run(*words, "--store", "kept/j.db", before=powerless())
            ended.check_refused(7, "IL7013", says="it cannot be written")
        for words in READING:
            ended = project.run(*words, "--store", "kept/j.db", before=powerless())
            ended.check_refused(7, "IL7021", says=says)
            assert ended.out == ""
    assert project.lines() == []
    project.check_sound(store="kept/j.db")


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and folder, with its last change and its bytes."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (folder, *folder.rglob("*"))
    }


def test_reading_commands_change_nothing_of_a_run_whose_process_was_killed(project: World):
    """The log and its index are left behind: they are evidence, and only `resume` takes them up."""
    project.make_gates("one")
    project.actions(ACTIONS.replace('note(f"{number}")', 'gate("one")'))
    process = project.start("run", "chain.yaml", "--store", "kept.db")
    project.until_began("one")
    process.kill()
    project.end(process)
    before = snapshot(project.folder)
    assert {"kept.db", "kept.db-wal", "kept.db-shm"} <= set(before)
    for words in (*READING, ("doctor",)):
        ended = project.run(*words, "--store", "kept.db")
        ended.check_words()
        assert ended.code == 0, ended
    assert "interrupted" in project.run("runs", "--store", "kept.db").out
    assert snapshot(project.folder) == before


def test_what_last_stands_for_is_said_before_it_is_gone_on_with(project: World):
    project.make_gates("one")
    project.actions(ACTIONS.replace('note(f"{number}")', 'gate("one")'))
    process = project.start("run", "chain.yaml", "--store", "kept.db")
    project.until_began("one")
    process.kill()
    killed = project.end(process)
    run = killed.err.split()[1]  # What was printed is in the journal.
    resumed = project.run("resume", "last", "--store", "kept.db")
    assert f"`last` is the newest run here: {run}, chain, started 2" in resumed.err
    assert resumed.code == 4
    project.actions(ACTIONS)
    assert project.run("run", "chain.yaml", "--store", "kept.db").code == 0
    again = project.run("resume", "last", "--store", "kept.db")
    assert "has ended before" in again.err
    (line,) = [line for line in again.err.splitlines() if line.startswith("Others are open: ")]
    listed = project.type(line.removeprefix("Others are open: "))
    assert run in listed.out


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_journal_that_is_not_there_is_named_with_those_that_are(
    project: World, sound: bytes, words: tuple[str, ...]
):
    (project.folder / "kept").mkdir()
    project.write("kept/journal.db", sound)
    ended = project.run(*words, "--store", "kept/jurnal.db")
    ended.check_refused(2, "IL7020", says="there is no journal at kept/jurnal.db")
    assert "did you mean `--store kept/journal.db`?" in ended.err
    assert ended.out == ""
    project.run(*words).check_refused(2, "IL7020", says="`interlock run` makes it")
    assert [path.name for path in (project.folder / "kept").iterdir()] == ["journal.db"]
    assert not project.journal.parent.exists()


def test_a_project_that_we_may_not_write_is_refused(project: World):
    with permissions(project.folder, 0o555):
        project.run("run", "chain.yaml", before=powerless()).check_refused(
            7, "IL7013", says=str(project.journal)
        )
    assert project.lines() == []


# --- a disk that is full, or fails


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A disk of its own, where it may be mounted: as root, or in CI with `sudo`."""
    disk = folder / "disk"
    disk.mkdir()
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and not os.environ.get("CI"):
        pytest.skip("only root can mount a disk that is small enough to be full")
    options = f"size={kilobytes}k,mode=0777"
    mount = [*sudo, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no `mount`, or no `sudo`, here")
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run([*sudo, "umount", str(disk)], check=True)


def fill(path: Path) -> None:
    """Take all the room that is left on a disk."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)) == 4096:
            pass


def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(project: World):
    project.write("chain.yaml", chain(8, kilobytes=100))
    with small_disk(project.folder, 900) as disk:
        (disk / "filler").write_bytes(bytes(300 * 1024))
        ended = project.run("run", "chain.yaml", "--store", "disk/j.db")
        ended.check_refused(7, "IL7017", says="the disk or a quota is full")
        sent = project.lines()
        assert 0 < len(sent) < 8
        project.check_sound(store="disk/j.db")
        fill(disk / "more")
        project.run("resume", "last", "--store", "disk/j.db").check_refused(7, "IL7017")
        project.check_sound(store="disk/j.db")
        assert project.lines() == sent
        (disk / "more").unlink()
        (disk / "filler").unlink()
        command = ended.err.rpartition("To go on: ")[2].strip()
        assert command.endswith("--store disk/j.db")
        resumed = project.type(command)
        # The write whose answer could not be kept is in doubt: it is never sent again.
        assert (resumed.code, project.lines()) == (4, sent)
        last = f"n{len(sent) - 1}"
        answer = f'"{sent[-1] * 100 * 1024}"'
        done = project.run("resolve", "last", last, "--succeeded", answer, "--store", "disk/j.db")
        # There may not be room for all the rest either; if so, it stops in the same way.
        assert done.code in (0, 7)
        assert project.lines()[: len(sent)] == sent
        assert len(set(project.lines())) == len(project.lines())
        project.check_sound(store="disk/j.db")


def test_a_disk_that_is_full_from_the_start_is_told(project: World):
    with small_disk(project.folder, 8) as disk:
        ended = project.run("run", "chain.yaml", "--store", "disk/j.db")
        ended.check_refused(7, "IL7017", says=str(disk / "j.db"))
        assert project.lines() == []


LIMIT = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.parametrize("kilobytes", [130, 160, 200, 300])
def test_a_write_that_the_system_refuses_stops_the_run(project: World, kilobytes: int):
    """The system lets no file grow beyond a size: a disk that fails in the middle of a run."""
    project.write("chain.yaml", chain(8, kilobytes=60))
    before = (sys.executable, "-c", LIMIT, str(kilobytes * 1024))
    ended = project.run("run", "chain.yaml", "--store", "j.db", before=before)
    ended.check_refused(7, "IL7004", says="the disk reported an error")
    sent = project.lines()
    assert len(sent) < 8
    project.check_sound(store="j.db")
    if "To go on: " in ended.err:
        resumed = project.type(ended.err.rpartition("To go on: ")[2].strip())
        resumed.check_words()
        assert resumed.code in (0, 4)
    assert len(set(project.lines())) == len(project.lines())
    project.check_sound(store="j.db")


# --- locked by another program

HOLD = """
import signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
open(sys.argv[3], "w").close()
signal.pause()
"""


@contextmanager
def holding(world: World, statement: str, path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another program that holds SQLite's lock of a file."""
    held = world.folder / "held"
    program = ["python3", "-c", HOLD, str(path), statement, str(held)]
    with subprocess.Popen(program) as process:
        try:
            wait_until(held.exists)
            yield process
        finally:
            process.kill()


def test_a_lock_that_is_let_go_in_time_is_waited_for(project: World, sound: bytes):
    path = project.write("j.db", sound)
    with holding(project, "BEGIN IMMEDIATE", path) as holder:
        process = project.start("run", "chain.yaml", "--store", "j.db")
        wait_until((path.with_name("j.db-locks") / "commit").exists, process)
        assert project.lines() == []
        holder.kill()
        ended = project.end(process)
    assert ended.code == 0, ended
    project.check_sound(store="j.db")


@pytest.mark.slow
def test_a_lock_that_is_not_let_go_is_told(project: World, sound: bytes):
    path = project.write("j.db", sound)
    with holding(project, "BEGIN EXCLUSIVE", path):
        ended = project.run("run", "chain.yaml", "--store", "j.db")
    ended.check_refused(7, "IL7016", says="another program holds a lock")
    assert "No write was sent" in ended.err
    assert "fuser" in ended.err
    assert project.lines() == []
    project.check_sound(store="j.db")


@pytest.mark.slow
def test_a_turn_that_is_never_given_is_told(project: World, sound: bytes):
    path = project.write("j.db", sound)
    locks = path.with_name("j.db-locks")
    locks.mkdir()
    with (locks / "commit").open("w") as commit:
        fcntl.flock(commit, fcntl.LOCK_EX)
        ended = project.run("run", "chain.yaml", "--store", "j.db")
    ended.check_refused(7, "IL7016", says=str(locks / "commit"))
    assert project.lines() == []
    project.check_sound(store="j.db")
