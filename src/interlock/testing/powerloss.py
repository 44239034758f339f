"""What a power loss may leave of a SQLite file: every write is recorded, and every crash is tried.

While a `Disk` records, each write, truncation, sync and deletion that SQLite makes in this process
is noted, and done. Afterwards `states` plays the notes back, and stops after each of them:
whatever was synced is there; of the rest, anything may be. A state can be put into a folder and
opened as if the machine had just come up again.

The model: what a completed sync of a file covers is there, and so is the file. Of the writes,
truncations and unsynced deletions after it, all, none or any subset happened, in their order, and
the last write may be torn at any byte. A deletion that syncs the folder is there. (That a synced
file has its name is what ext4 and XFS do; POSIX wants the folder synced too, and SQLite does that
for its logs.)

The recorder does not stand in for SQLite's file layer. A layer written in Python cannot share
memory between connections, so a write-ahead log would work in exclusive mode only, and the store
would not be the one that users run. It hangs itself into the tables of functions of the layer that
is there, `sqlite3_vfs` and `sqlite3_io_methods`, whose layout is part of SQLite's stable interface.
"""

import ctypes
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal, final

import apsw

OK = apsw.SQLITE_OK

Kind = Literal["write", "truncate", "sync", "delete", "delete_synced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskOp:
    """One thing that SQLite did to a file. `offset` is the new size for a truncation."""

    file: str
    kind: Kind
    offset: int = 0
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskState:
    """What may be on the disk after the first `ops` operations and a power loss."""

    ops: int
    choice: str
    files: Mapping[str, bytes]

    def put_into(self, folder: Path) -> None:
        """Make the files of a folder those of this state."""
        for old in folder.iterdir():
            if old.is_file():
                old.unlink()
        for name, data in self.files.items():
            (folder / name).write_bytes(data)


@final
@dataclass(slots=True, kw_only=True)
class Disk:
    """What SQLite did to its files, in order."""

    ops: list[DiskOp] = field(default_factory=list[DiskOp])
    refuse: Callable[[DiskOp], int] | None = None
    """Asked before an operation is done: a SQLite error code fails it, 0 lets it be done."""

    def mark(self) -> int:
        """Return how many operations there were: what was acknowledged by now must survive them."""
        return len(self.ops)

    def states(self, random: Random, *, subsets: int = 2) -> Iterator[DiskState]:
        """Yield what a power loss may leave after each operation, each different state once.

        Args:
            random: chooses subsets and where a write is torn.
            subsets: how many subsets of what is not synced are tried at each point.
        """
        durable: dict[str, bytes] = {}
        pending: list[DiskOp] = []
        for done, op in enumerate(self.ops, start=1):
            if op.kind in ("sync", "delete_synced"):
                _apply(durable, [earlier for earlier in pending if earlier.file == op.file])
                pending = [earlier for earlier in pending if earlier.file != op.file]
                _apply(durable, [op])
            else:
                pending.append(op)
            seen: list[dict[str, bytes]] = []
            for choice, survivors in _choices(pending, random, subsets):
                files = dict(durable)
                _apply(files, survivors)
                if files not in seen:
                    seen.append(files)
                    yield DiskState(ops=done, choice=choice, files=files)


@contextmanager
def recording_disk(
    refuse: Callable[[DiskOp], int] | None = None,
) -> Generator[Disk]:
    """Record what SQLite does to the files it opens inside the block.

    They must be closed inside it, too.

    Args:
        refuse: see `Disk.refuse`. A refused operation is neither done nor recorded.
    """
    disk = Disk(refuse=refuse)
    with _hooks(disk):
        yield disk


def _choices(
    pending: list[DiskOp], random: Random, subsets: int
) -> Iterator[tuple[str, list[DiskOp]]]:
    yield "nothing that was not synced", []
    yield "everything", pending
    for number in range(subsets):
        yield f"subset {number}", [op for op in pending if random.random() < 0.5]
    if pending and pending[-1].kind == "write":
        last = pending[-1]
        torn = last.data[: random.randrange(len(last.data) + 1)]
        op = DiskOp(file=last.file, kind="write", offset=last.offset, data=torn)
        yield f"everything, the last write torn at {len(torn)}", [*pending[:-1], op]


def _apply(files: dict[str, bytes], ops: list[DiskOp]) -> None:
    for op in ops:
        content = files.get(op.file, b"")
        match op.kind:
            case "write":
                gap = b"\0" * (op.offset - len(content))
                end = op.offset + len(op.data)
                files[op.file] = content[: op.offset] + gap + op.data + content[end:]
            case "truncate":
                files[op.file] = content[: op.offset]
            case "sync":
                files[op.file] = content
            case "delete" | "delete_synced":
                files.pop(op.file, None)


# --- hooks into SQLite's file layer

_VOID = ctypes.c_void_p
_INT = ctypes.c_int
_INT64 = ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_INT, _VOID, _VOID, _VOID, _INT, _VOID)
_DELETE = ctypes.CFUNCTYPE(_INT, _VOID, _VOID, _INT)
_WRITE = ctypes.CFUNCTYPE(_INT, _VOID, _VOID, _INT, _INT64)
_TRUNCATE = ctypes.CFUNCTYPE(_INT, _VOID, _INT64)
_SYNC = ctypes.CFUNCTYPE(_INT, _VOID, _INT)


class _Vfs(ctypes.Structure):
    """The beginning of `sqlite3_vfs`."""

    _fields_ = (
        ("version", _INT),
        ("file_size", _INT),
        ("path_max", _INT),
        ("next", _VOID),
        ("name", _VOID),
        ("data", _VOID),
        ("open", _VOID),
        ("delete", _VOID),
    )


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods` of version 3; what is not named here is copied as it is."""

    _fields_ = (
        ("version", _INT),
        ("close", _VOID),
        ("read", _VOID),
        ("write", _VOID),
        ("truncate", _VOID),
        ("sync", _VOID),
        ("others", _VOID * 13),
    )


class _File(ctypes.Structure):
    """The beginning of `sqlite3_file`."""

    _fields_ = (("methods", _VOID),)


_POINTERS_BY_VERSION = {1: 12, 2: 16, 3: 18}
# SQLite calls back through these as long as a file is open: they must never be collected.
_immortal: list[object] = []


@contextmanager
def _hooks(disk: Disk) -> Generator[None]:
    vfs = _default_vfs()
    recorder = _Recorder(disk, vfs)
    plain_open, plain_delete = vfs.open, vfs.delete
    vfs.open = ctypes.cast(recorder.open_hook, _VOID).value
    vfs.delete = ctypes.cast(recorder.delete_hook, _VOID).value
    _immortal.append(recorder)
    try:
        yield
    finally:
        vfs.open, vfs.delete = plain_open, plain_delete


def _default_vfs() -> _Vfs:
    """Find the table of functions of the file layer that connections get unless told."""
    pointer = _VOID()
    connection: Any = apsw.Connection(":memory:")
    connection.file_control("main", apsw.SQLITE_FCNTL_VFS_POINTER, ctypes.addressof(pointer))
    connection.close()
    return _Vfs.from_address(pointer.value or 0)


@final
class _Recorder:
    """Functions of SQLite's types that note what they are asked for, and pass it on."""

    def __init__(self, disk: Disk, vfs: _Vfs) -> None:
        self._disk = disk
        self._names: dict[int, str] = {}
        self._patched: dict[int, _Methods] = {}
        self._keep: list[object] = []
        plain_open, plain_delete = _OPEN(vfs.open), _DELETE(vfs.delete)

        def open_(table: int, name: int | None, file: int, *rest: object) -> int:
            code = plain_open(table, name, file, *rest)
            if code == OK and name:
                self._names[file] = _base_name(name)
                self._patch(file)
            return code

        def delete(table: int, name: int, sync_folder: int) -> int:
            op = DiskOp(file=_base_name(name), kind="delete_synced" if sync_folder else "delete")
            return self._noted(op, lambda: plain_delete(table, name, sync_folder))

        self.open_hook = _OPEN(open_)
        self.delete_hook = _DELETE(delete)

    def _noted(self, op: DiskOp, action: Callable[[], int]) -> int:
        refused = self._disk.refuse(op) if self._disk.refuse is not None else OK
        if refused != OK:
            return refused
        code = action()
        if code == OK:
            self._disk.ops.append(op)
        return code

    def _patch(self, file: int) -> None:
        """Give one open file a table of functions that note what they do."""
        header = _File.from_address(file)
        if header.methods is None:
            return
        if header.methods not in self._patched:
            self._patched[header.methods] = self._methods_like(header.methods)
        header.methods = ctypes.addressof(self._patched[header.methods])

    def _methods_like(self, address: int) -> _Methods:
        methods = _Methods()
        pointers = _POINTERS_BY_VERSION[_INT.from_address(address).value]
        ctypes.memmove(ctypes.addressof(methods), address, (1 + pointers) * ctypes.sizeof(_VOID))
        plain_write, plain_truncate = _WRITE(methods.write), _TRUNCATE(methods.truncate)
        plain_sync = _SYNC(methods.sync)

        def write(file: int, data: int, *extent: int) -> int:
            size, offset = extent
            content = ctypes.string_at(data, size)
            op = DiskOp(file=self._names[file], kind="write", offset=offset, data=content)
            return self._noted(op, lambda: plain_write(file, data, size, offset))

        def truncate(file: int, size: int) -> int:
            op = DiskOp(file=self._names[file], kind="truncate", offset=size)
            return self._noted(op, lambda: plain_truncate(file, size))

        def sync(file: int, flags: int) -> int:
            op = DiskOp(file=self._names[file], kind="sync")
            return self._noted(op, lambda: plain_sync(file, flags))

        hooks = (_WRITE(write), _TRUNCATE(truncate), _SYNC(sync))
        methods.write, methods.truncate, methods.sync = (
            ctypes.cast(hook, _VOID).value for hook in hooks
        )
        self._keep += [*hooks, plain_write, plain_truncate, plain_sync]
        return methods


def _base_name(address: int) -> str:
    return Path(ctypes.string_at(address).decode()).name
