"""The artifact index: a folder that takes wheels, remembers keys, and logs what it was asked.

It is the receiver of the demo's one dangerous write, and it deduplicates: a request whose key it
has seen gets the first answer again. `log.jsonl` is its own record of every request. The demo
counts publications there, and not in Interlock's journal.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, final

from interlock.cli.demo.barrier import Barrier
from interlock.errors import NotApplied, Permanent

Reply = Literal["published", "seen before", "refused"]


class Refused(NotApplied, Permanent):
    """The index does not take the wheel; nothing was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One line of the log; `number` is that of the publication, also when it was seen before."""

    reply: Reply
    number: int
    file: str
    sha256: str
    key: str
    because: str = ""


@final
class Index:
    """An index in a folder; each use reads what is on the disk, so that processes may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.barrier = Barrier(folder)
        self._log = folder / "log.jsonl"

    def make(self) -> None:
        """Make an empty index."""
        self.files.mkdir(parents=True)
        self._log.touch()

    def requests(self) -> list[Request]:
        """Read all requests to publish, in their order."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [Request(**json.loads(line)) for line in lines]

    def publications(self) -> list[Request]:
        """Read the requests that published something."""
        return [request for request in self.requests() if request.reply == "published"]

    def versions(self, name: str) -> list[str]:
        """List the versions of a project that are there."""
        return [
            request.file.split("-")[1]
            for request in self.publications()
            if request.file.split("-")[0] == name
        ]

    def publish(self, wheel: Path, *, sha256: str, key: str) -> Request:
        """Publish a wheel once for a key, and say what became of it.

        When the barrier is up, the answer is held back after the wheel has been published.

        Raises:
            Refused: the bytes are not those of the checksum, or another key published the file.
        """
        with self._locked():
            answer = self._decide(wheel, sha256=sha256, key=key)
            self._note(answer)
        self.barrier.pass_through(json.dumps(asdict(answer)))
        if answer.reply == "refused":
            raise Refused(answer.because)
        return answer

    def _decide(self, wheel: Path, *, sha256: str, key: str) -> Request:
        asked = Request(reply="refused", number=0, file=wheel.name, sha256=sha256, key=key)
        published = self.publications()
        first = next((request for request in published if request.key == key), None)
        if first is not None:
            return replace(first, reply="seen before")
        data = wheel.read_bytes()
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            return replace(asked, because=f"the checksum of {wheel.name} is {found}, not {sha256}")
        if any(request.file == wheel.name for request in published):
            return replace(asked, because=f"{wheel.name} is there already")
        # The file comes first, and the line in the log makes it count: a process that dies between
        # the two has published nothing, and the next request puts the same bytes there again.
        part = self.files / f"{wheel.name}.part"
        part.write_bytes(data)
        part.replace(self.files / wheel.name)
        return replace(asked, reply="published", number=len(published) + 1)

    def _note(self, request: Request) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(asdict(request)) + "\n")
            log.flush()
            os.fsync(log.fileno())

    @contextmanager
    def _locked(self) -> Generator[None]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
