"""A user's project, its commands as processes, and what a person may expect of their messages.

Nothing sleeps: a test waits for pipes, for the end of a process, or for a condition.
"""

import fcntl
import json
import os
import re
import select
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BufferedRandom
from pathlib import Path
from threading import Event
from typing import Any, Self

import pytest

LOOK_S = 0.02
"""How often a test that waits looks again."""

WAIT_S_MAX = 40.0

PYPROJECT = """\
[tool.interlock]
app = "actions:registry"
"""

GATE = '''\
def gate(name: str) -> str:
    """Say that this place is reached, then wait to be let go."""
    with open(f"{name}.began", "w", encoding="utf-8") as began:
        began.write("began")
    with open(f"{name}.go", encoding="utf-8") as go:
        return go.read()


def note(what: str, file: str = "ran") -> None:
    """Leave a trace that outlives this process."""
    with open(file, "a", encoding="utf-8") as trace:
        trace.write(f"{what}\\n")
'''

BLOCK = re.compile(r"^error\[(IL\d{4})\]: ", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A command that has ended."""

    told: str
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def codes(self) -> list[str]:
        """The codes of the errors that it told."""
        return BLOCK.findall(self.err)

    def check_words(self) -> None:
        """Check what holds of every message: no traceback, no bug, a way out of each error."""
        told = f"{self.told:.300}\nexit {self.code}\n{self.out}\n{self.err}"
        assert "Traceback" not in self.err + self.out, told
        assert "IL9000" not in self.codes, told
        assert len(re.findall(r"^hint: \S", self.err, re.MULTILINE)) >= len(self.codes), told
        assert all(len(line) < 1_000 for line in self.err.splitlines()), told

    def check_refused(self, code: int, error: str, *, place: str = "", says: str = "") -> None:
        """Check that it refused: with this exit code, this error, at this place."""
        self.check_words()
        told = f"exit {self.code}\n{self.err}"
        assert self.code == code, told
        assert error in self.codes, told
        assert not place or f"  --> {place}\n" in self.err, told
        assert says in self.err, told


@dataclass(kw_only=True)
class World:
    """One project."""

    folder: Path
    started: list["subprocess.Popen[str]"] = field(default_factory=list["subprocess.Popen[str]"])

    # --- files

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def actions(self, text: str) -> None:
        self.write("actions.py", f"{GATE}\n\n{text}")

    def lines(self, name: str = "ran") -> list[str]:
        """What actions noted."""
        path = self.folder / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    @property
    def journal(self) -> Path:
        return self.folder / ".interlock" / "journal.db"

    # --- processes

    def start(
        self, *words: str, before: tuple[str, ...] = (), env: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        """Start a command; `before` is what it is started by, such as `setpriv`."""
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "interlock", *words],
            cwd=self.folder,
            env={**environment(), **(env or {})},
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.started.append(process)
        return process

    def end(self, process: "subprocess.Popen[str]") -> Ended:
        """Wait for the end of a command."""
        out, err = process.communicate(timeout=WAIT_S_MAX)
        return Ended(told=str(process.args), code=process.returncode, out=out, err=err)

    def run(
        self, *words: str, before: tuple[str, ...] = (), env: Mapping[str, str] | None = None
    ) -> Ended:
        return self.end(self.start(*words, before=before, env=env))

    def type(self, line: str) -> Ended:
        """Type a command that was shown."""
        program, *words = shlex.split(line)
        assert program == "interlock"
        return self.run(*words)

    def check_sound(self, *, store: str | None = None) -> None:
        """Check that every run of the journal can be derived again."""
        options = () if store is None else ("--store", store)
        verified = self.run("replay", "--all", *options)
        assert verified.code == 0, verified
        verified.check_words()

    def show(self, *words: str) -> Any:
        return self.run("show", "last", *words, "--json").json

    # --- gates

    def make_gates(self, *names: str) -> None:
        for name in names:
            os.mkfifo(self.folder / f"{name}.began")
            os.mkfifo(self.folder / f"{name}.go")

    def until_began(self, name: str) -> None:
        """Wait until an action has reached its gate."""
        began = os.open(self.folder / f"{name}.began", os.O_RDONLY | os.O_NONBLOCK)
        try:
            wait_until(lambda: bool(select.select([began], [], [], LOOK_S)[0]), *self.started)
            assert os.read(began, 100) == b"began"
        finally:
            os.close(began)

    def let_go(self, name: str, text: str = "done") -> None:
        (self.folder / f"{name}.go").write_text(text, encoding="utf-8")

    def close(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTERLOCK_")}
    return {**kept, "COLUMNS": "100", "LOGNAME": "ada", "PYTHONDONTWRITEBYTECODE": "1"}


def wait_until(condition: Callable[[], bool], *processes: "subprocess.Popen[str]") -> None:
    """Wait for a condition; fail when all processes that could make it true have ended."""
    nobody_sets_it = Event()
    for _ in range(int(WAIT_S_MAX / LOOK_S)):
        if condition():
            return
        if processes and all(process.poll() is not None for process in processes):
            pytest.fail(f"the process ended: {processes[-1].communicate()}")
        nobody_sets_it.wait(LOOK_S)
    pytest.fail(f"waited for {WAIT_S_MAX:g} s in vain")


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    """Read stderr up to a line with these words."""
    assert process.stderr is not None
    seen: list[str] = []
    for line in process.stderr:
        if words in line:
            return line
        seen.append(line)
    pytest.fail(f"the process ended before it said {words!r}: {seen}")


class Turn:
    """The right to commit to a journal, taken by the test: no process can write meanwhile."""

    def __init__(self, journal: Path) -> None:
        folder = journal.with_name(f"{journal.name}-locks")
        self._commit = (folder / "commit").open("r+b")
        self._turnstile = (folder / "turnstile").open("r+b")

    def __enter__(self) -> Self:
        wait_until(lambda: is_free(self._commit))
        return self

    def __exit__(self, *_: object) -> None:
        self._commit.close()
        self._turnstile.close()

    def until_wanted(self, process: "subprocess.Popen[str]") -> None:
        """Wait until a process stands in the queue with something to write."""

        def is_wanted() -> bool:
            if not is_free(self._turnstile):
                return True
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)
            return False

        wait_until(is_wanted, process)


def is_free(file: BufferedRandom) -> bool:
    """Take a lock, if nobody has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
