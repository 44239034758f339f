"""What a power loss may leave of a SQLite file: every write is recorded, and every crash is tried.

While a `Disk` records, each write, truncation, sync and deletion that SQLite makes in this process
is noted, and done. Afterwards `Disk.states` plays the notes back: whatever was synced is there; of
the rest, anything may be. A state can be put into a folder and opened as if the machine had just
come up again.

The recorder does not stand in for SQLite's file layer. A layer written in Python cannot share
memory between connections, so a write-ahead log would work in exclusive mode only, and the store
would not be the one that users run. It hangs itself into the tables of functions of the layer that
is there, `sqlite3_vfs` and `sqlite3_io_methods`, whose layout is part of SQLite's stable interface.
"""

import ctypes
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import apsw

from interlock.testing.disks import Disk, DiskOp, Kind

OK = apsw.SQLITE_OK


@contextmanager
def recording_disk(
    refuse: Callable[[DiskOp], int] | None = None,
    *,
    before: Mapping[str, bytes] | None = None,
) -> Generator[Disk]:
    """Record what SQLite does to the files it opens inside the block.

    They must be closed inside it, too.

    Args:
        refuse: see `Disk.refuse`. A refused operation is neither done nor recorded.
        before: the files that are there.
    """
    disk = Disk(refuse=refuse, before=before or {})
    with _hooks(disk):
        yield disk


# --- hooks into SQLite's file layer

_VOID = ctypes.c_void_p
_INT = ctypes.c_int
_INT64 = ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_INT, _VOID, _VOID, _VOID, _INT, _VOID)
_DELETE = ctypes.CFUNCTYPE(_INT, _VOID, _VOID, _INT)
_WRITE = ctypes.CFUNCTYPE(_INT, _VOID, _VOID, _INT, _INT64)
_TRUNCATE = ctypes.CFUNCTYPE(_INT, _VOID, _INT64)
_SYNC = ctypes.CFUNCTYPE(_INT, _VOID, _INT)
_READ = ctypes.CFUNCTYPE(_INT, _VOID, _VOID, _INT, _INT64)
_LOCK = ctypes.CFUNCTYPE(_INT, _VOID, _INT)
_SHARE = ctypes.CFUNCTYPE(_INT, _VOID, _INT, _INT, _INT, _VOID)


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
        ("file_size", _VOID),
        ("lock", _VOID),
        ("others", _VOID * 5),
        ("share", _VOID),
        ("more", _VOID * 5),
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
            refused = self._refused(_base_name(name), "open") if name else OK
            if refused != OK:
                _File.from_address(file).methods = None
                return refused
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

    def _refused(self, file: str, kind: Kind) -> int:
        """Whether something that changes nothing fails."""
        return OK if self._disk.refuse is None else self._disk.refuse(DiskOp(file=file, kind=kind))

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
        if self._disk.refuse is not None:
            self._hook_what_changes_nothing(methods)
        return methods

    def _hook_what_changes_nothing(self, methods: _Methods) -> None:
        """Let reads, locks and the sharing of memory be refused, too."""
        plain_read, plain_lock = _READ(methods.read), _LOCK(methods.lock)

        def read(file: int, *extent: int) -> int:
            return self._refused(self._names[file], "read") or plain_read(file, *extent)

        def lock(file: int, level: int) -> int:
            return self._refused(self._names[file], "lock") or plain_lock(file, level)

        hooks: list[Any] = [_READ(read), _LOCK(lock), plain_read, plain_lock]
        if methods.share:
            plain_share = _SHARE(methods.share)

            def share(file: int, *extent: int) -> int:
                return self._refused(self._names[file], "share") or plain_share(file, *extent)

            hooks += [_SHARE(share), plain_share]
            methods.share = ctypes.cast(hooks[-2], _VOID).value
        methods.read, methods.lock = (ctypes.cast(hook, _VOID).value for hook in hooks[:2])
        self._keep += hooks


def _base_name(address: int) -> str:
    return Path(ctypes.string_at(address).decode()).name
