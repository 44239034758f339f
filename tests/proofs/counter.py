"""The other side of every write: a process of its own that counts effects by key.

It listens on a Unix socket, and answers one JSON line with another. No journal is asked what is in
it, and nobody who is killed takes it along. One thread serves one line at a time, so that what it
notes has an order.

    take     a request to write: it has its effect, unless the key is known and `deduplicate` is set
    find     whether the effect of a key took place
    ack      a promise that a process of ours has made to somebody
    note     a word about how it went
    phase    a mark in the order of requests
    dump     all that it knows
"""

import ctypes
import json
import os
import selectors
import signal
import socket
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

Line = dict[str, Any]
LINE_BYTES = 64 * 1024
PR_SET_PDEATHSIG = 1


@dataclass(slots=True, kw_only=True)
class Counted:
    """What the counter knows."""

    requests: list[Line] = field(default_factory=list[Line])
    effects: Counter[str] = field(default_factory=Counter[str])
    acks: list[Line] = field(default_factory=list[Line])
    notes: list[Line] = field(default_factory=list[Line])
    phase: int = 0

    def answer(self, line: Line) -> Line:
        match line["op"]:
            case "take":
                self.requests.append({**line, "phase": self.phase})
                if not (line["deduplicate"] and self.effects[line["key"]]):
                    self.effects[line["key"]] += 1
                return {}
            case "find":
                return {"found": self.effects[line["key"]] > 0}
            case "ack":
                self.acks.append(line)
                return {}
            case "note":
                self.notes.append(line)
                return {}
            case "phase":
                self.phase = line["phase"]
                return {}
            case "dump":
                kept = {"requests": self.requests, "acks": self.acks, "notes": self.notes}
                return {**kept, "effects": self.effects}
            case other:
                raise ValueError(other)


@final
class CounterService:
    """The counter's process; made by a fork, ended by `close`, or with its maker."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "counter")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen(512)
        self._pid = os.fork()
        if self._pid == 0:
            die_with_parent()
            serve(self._socket)

    def ask(self, **line: Any) -> Line:
        """Ask from a process that may block."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.path)
            connection.sendall(json.dumps(line).encode() + b"\n")
            with connection.makefile("rb") as answers:
                return json.loads(answers.readline())

    def settle(self) -> None:
        """Wait until all that reached its socket before is served; what comes later follows."""
        self.ask(op="find", key="")

    def has(self, key: str) -> bool:
        """Whether the effect of a key took place, of all that reached its socket before this."""
        self.settle()
        return self.ask(op="find", key=key)["found"]

    def counted(self) -> Counted:
        """What it knows, with all that reached its socket before this."""
        self.settle()
        told = self.ask(op="dump")
        return Counted(**{**told, "effects": Counter(told["effects"])})

    def mark(self, phase: int) -> None:
        """Mark the order of requests: what reached its socket before is of an earlier phase."""
        self.settle()
        self.ask(op="phase", phase=phase)

    def close(self) -> None:
        self._socket.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def die_with_parent(how: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to signal this process when its maker ends, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, how)


def serve(listener: socket.socket) -> None:
    """Count for as long as this process lives."""
    counted = Counted()
    ready = selectors.DefaultSelector()
    ready.register(listener, selectors.EVENT_READ)
    lines: dict[socket.socket, bytes] = {}
    while True:
        for key, _ in ready.select():
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            if connection is listener:
                made, _ = listener.accept()
                lines[made] = b""
                ready.register(made, selectors.EVENT_READ)
                continue
            lines[connection] += received(connection)
            if lines[connection].endswith(b"\n"):
                answer(counted, connection, lines[connection])
            ready.unregister(connection)
            connection.close()
            del lines[connection]


def received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(LINE_BYTES)
    except OSError:
        return b""


def answer(counted: Counted, connection: socket.socket, line: bytes) -> None:
    told = json.dumps(counted.answer(json.loads(line))).encode() + b"\n"
    try:
        connection.sendall(told)
    except OSError:
        return  # Whoever asked is dead.
