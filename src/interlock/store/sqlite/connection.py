"""The part of apsw that we use, typed.

apsw's own stubs speak of `collections.abc.Buffer`, which Python 3.11 does not have, so that nearly
every signature is unknown to a type checker there. What is unknown stops here.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import apsw


class Rows(Protocol):
    """The rows of a statement."""

    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...
    def fetchone(self) -> tuple[Any, ...] | None: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Connection(Protocol):
    """A connection to a database file. One thread at a time."""

    def execute(
        self, statements: str, bindings: Sequence[object] = (), /, *, can_cache: bool = True
    ) -> Rows: ...
    def pragma(self, name: str, value: object = None, /) -> Any: ...
    def config(self, option: int, value: int, /) -> int: ...
    def create_scalar_function(
        self, name: str, function: Callable[..., int | str | bytes], numargs: int = -1, /
    ) -> None: ...
    def changes(self) -> int: ...
    def set_busy_timeout(self, milliseconds: int, /) -> None: ...
    def close(self, force: bool = False, /) -> None: ...  # noqa: FBT001, FBT002

    @property
    def in_transaction(self) -> bool: ...


def connect(path: str, *, flags: int) -> Connection:
    """Open a connection."""
    return cast("Connection", apsw.Connection(path, flags=flags))


def first_bytes(path: Path, count: int) -> bytes:
    """Read the beginning of a file that may be open as a database in this process.

    Through SQLite's own layer: POSIX takes all locks of a process on a file away when it closes any
    descriptor of that file. SQLite knows which of its own have to stay.
    """
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_MAIN_DB
    file = cast(Any, apsw.VFSFile("", str(path), [flags, 0]))
    try:
        size = min(count, int(file.xFileSize()))
        return bytes(file.xRead(count, 0)).ljust(size, b"\0")  # apsw cuts zeros off the end.
    finally:
        file.xClose()


def array(items: tuple[str, ...] | tuple[bytes, ...]) -> object:
    """Make a table of one column, `carray(?)`, of at least one item, without a copy."""
    return apsw.carray(items)  # pyright: ignore[reportUnknownMemberType]
