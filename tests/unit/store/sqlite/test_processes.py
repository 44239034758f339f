"""Several processes on one file: they write side by side, die, stop, and come back too late."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

import interlock
from interlock.errors import LeaseHeld
from interlock.journal import OwnerId
from interlock.store import open_store
from interlock.testing.store import ME, A, B, C, head, record
from interlock.values import RunId

PROGRAM = Path(__file__).with_name("owner.py")
SOURCE = Path(interlock.__file__).parents[1]
THEY = OwnerId("they")


class Owner:
    """Another process on the same file; see `owner.py`."""

    def __init__(self, path: Path):
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        assert self.answer() == "ready"

    def tell(self, *words: object):
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, *words: object) -> str:
        self.tell(*words)
        return self.answer()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.communicate(timeout=30)


@pytest.fixture
def start(tmp_path: Path) -> Generator[Callable[[], Owner]]:
    """Start owners on the test's journal, and end them with the test."""
    with ExitStack() as stack:

        def start_one() -> Owner:
            owner = Owner(tmp_path / "journal.db")
            stack.callback(owner.end)
            return owner

        yield start_one


def test_two_processes_write_side_by_side(start: Callable[[], Owner], tmp_path: Path):
    owners = {A: start(), B: start()}
    for run, owner in owners.items():
        owner.tell("flood", run, 40, 5)
    for owner in owners.values():
        assert owner.answer() == "written"
    store = open_store(str(tmp_path / "journal.db"))
    for run in owners:
        assert [event.seq for event in store.read(run)] == list(range(1, 201))
    store.close()


def test_a_dead_owner_is_followed_at_once(start: Callable[[], Owner], tmp_path: Path):
    store = open_store(str(tmp_path / "journal.db"))
    owner = start()
    assert owner.ask("lease", A, THEY, 1_000, 60_000) == "1"
    assert owner.ask("write", A, 1, 3, 1) == "written"
    with pytest.raises(LeaseHeld) as caught:
        store.lease(A, ME, now_ms=1_000, life_ms=60_000)
    assert caught.value.owner == THEY
    owner.kill()
    assert store.lease(A, ME, now_ms=1_000, life_ms=60_000).epoch == 2
    assert [event.seq for event in store.read(A)] == [1, 2, 3]
    store.close()


def test_a_process_that_dies_in_a_write_leaves_whole_batches(
    start: Callable[[], Owner], tmp_path: Path
):
    store = open_store(str(tmp_path / "journal.db"))
    owner = start()
    owner.tell("flood", C, 1_000_000, 7)
    while len(store.read(C)) < 21:
        pass
    owner.kill()
    count = len(store.read(C, limit=10_000_000))
    assert count % 7 == 0
    assert count >= 21
    store.close()


def test_a_stopped_owner_is_followed_when_its_lease_expires_and_then_fenced(
    start: Callable[[], Owner], tmp_path: Path
):
    store = open_store(str(tmp_path / "journal.db"))
    owner = start()
    assert owner.ask("lease", A, THEY, 1_000, 500) == "1"
    assert owner.ask("write", A, 1, 1, 1) == "written"
    owner.process.send_signal(signal.SIGSTOP)
    with pytest.raises(LeaseHeld):
        store.lease(A, ME, now_ms=1_499, life_ms=500)
    taken = store.lease(A, ME, now_ms=1_500, life_ms=500)
    assert taken.epoch == 2
    owner.process.send_signal(signal.SIGCONT)
    assert owner.ask("write", A, 2, 1, 1) == f"fenced {A}"
    assert owner.ask("write", RunId("01Z"), 1, 1, 1) == "written"
    assert [event.seq for event in store.read(A)] == [1]
    store.close()


def test_an_owner_that_ended_well_is_followed_at_once(start: Callable[[], Owner], tmp_path: Path):
    store = open_store(str(tmp_path / "journal.db"))
    owner = start()
    assert owner.ask("lease", B, THEY, 1_000, 60_000) == "1"
    owner.end()
    assert store.lease(B, ME, now_ms=1_000, life_ms=60_000).epoch == 2
    assert not list((tmp_path / "journal.db-locks").glob("owner-*"))[1:]
    store.close()


def test_what_a_process_that_died_was_at_is_ready_at_once(
    start: Callable[[], Owner], tmp_path: Path
):
    store = open_store(str(tmp_path / "journal.db"))
    store.write([record(run, 1, head=head(run)) for run in (A, B)])
    owner, other = start(), start()
    assert owner.ask("lease", A, THEY, 0, 1_000) == "2"
    assert other.ask("lease", B, "others", 0, 1_000) == "2"
    assert store.ready(now_ms=1) == []
    owner.kill()
    assert [each.run for each in store.ready(now_ms=1)] == [A]
    assert store.lease(A, ME, now_ms=1, life_ms=10).epoch == 3
    assert store.ready(now_ms=2) == []
    store.close()
