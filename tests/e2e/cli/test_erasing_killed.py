"""Erasing in a process that is killed before each durable step, and finished by the next one.

A process that only raises an exception still closes its files, lets its leases go and rolls back.
This one does nothing of that: it sends itself SIGKILL in the moment before a statement is carried
out, and leaves the journal file, its write-ahead log and its index as they are.
"""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from shutil import copytree

import apsw
import pytest

from e2e.cli.project import Shell
from e2e.cli.test_subjects import ERASE, GRAPH, NAME

STEPS_MAX = 40
WORDS = ["audit", "erase", "--subject", NAME, "--reason", "they asked", "--yes"]
KILLED = """
import os, signal, sys
from shutil import copytree
import apsw
from interlock.cli import program

DURABLE = ("COMMIT", "VACUUM", "PRAGMA wal_checkpoint")

def live(folder, steps_left):
    def before(cursor, statement, bindings):
        nonlocal steps_left
        if statement.startswith(DURABLE):
            steps_left -= 1
            if steps_left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return True

    apsw.connection_hooks.append(lambda connection: connection.set_exec_trace(before))
    os.chdir(folder)
    program(sys.argv[2:])

# One process that has imported everything, and many of it: each dies one step later.
for step in range(int(sys.argv[1])):
    copytree("whole", str(step))
    process = os.fork()
    if not process:
        live(str(step), step)
    status = os.waitpid(process, 0)[1]
    print(os.waitstatus_to_exitcode(status), flush=True)
    if not status:
        break
"""


def killed(folder: Path) -> list[int]:
    """Erase in copies of `whole`; say how each process ended. The last one does all."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(STEPS_MAX), *WORDS],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(line) for line in done.stdout.splitlines() if line.lstrip("-").isdigit()]


def traces(folder: Path) -> list[str]:
    """Name the files of a project that have the name of the subject."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if NAME.encode() in path.read_bytes()]


def looked_at(folder: Path) -> "closing[apsw.Connection]":
    """Keep a journal open, so that its log and its index stay beside it."""
    connection = apsw.Connection(str(folder / ".interlock/journal.db"))
    connection.execute("SELECT count(*) FROM event").fetchall()
    return closing(connection)


@pytest.mark.slow
def test_whenever_it_is_killed_it_is_finished_and_nothing_is_left(shell: Shell, tmp_path: Path):
    (shell.folder / "letter.yaml").write_text(GRAPH)
    assert shell(f"interlock run letter.yaml -i who={NAME} --key {NAME}").code == 0
    assert traces(shell.folder) == ["journal.db"]
    copies = tmp_path / "copies"
    copytree(shell.folder, copies / "whole", ignore=lambda *_: ["copies"])
    ends = killed(copies)
    assert ends == [*[-signal.SIGKILL] * (len(ends) - 1), 0]
    finished: list[bool] = []
    for step in range(len(ends)):
        folder = copies / str(step)
        store = f"--store {folder}/.interlock/journal.db"
        with looked_at(folder):
            assert shell(f"interlock audit erase --finish {store}").code == 0
            left = traces(folder)
            again = shell(f"{ERASE} {NAME} --yes {store}")
            assert again.code == 0, again.err
            finished.append("nothing to erase" in again.out)
            # When nobody knows the subject any more, nobody would come back for what is left.
            assert not finished[-1] or left == []
            assert traces(folder) == []
        assert shell(f"interlock audit verify {store}").code == 0
    # Before its lease, its parts, its release and its key; then before the file is written anew,
    # before its log is cut, and before that is noted.
    assert finished == sorted(finished)
    assert (finished.count(False), finished.count(True)) >= (4, 4)
