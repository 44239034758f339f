"""`files.read`, `files.write`, `files.list`: files below a root folder."""

import base64
import binascii
import json
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Literal, TypeAlias, cast, final

from interlock.actions import Action, Context, Safety, declare
from interlock.errors import NotApplied, Permanent
from interlock.library.rooted import FOLDER, PathFailed, PathRefused, Root, failing, names_of
from interlock.library.texts import read_json
from interlock.values import Json, Schema

BYTES_MAX = 1 << 20
BYTES_LIMIT = 8 << 20
ENTRIES_MAX = 1_000
ENTRIES_LIMIT = 100_000
SCANNED_MAX = 200_000
PATTERN_CHARS_MAX = 200
TEMPORARY = ".interlock-"
VERSION = "1"

Encoding: TypeAlias = Literal["text", "json", "base64"]
Kind = Literal["file", "folder", "link", "other"]

PATH: Schema = {
    "type": "string",
    "description": "relative to the root, with `/`; no `..`, no links",
}
ENCODING: Schema = {
    "enum": ["text", "json", "base64"],
    "default": "text",
    "description": "how the bytes are written in the value",
}
WRITTEN: dict[str, Json] = {
    "path": {"type": "string"},
    "size": {"type": "integer", "minimum": 0},
    "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
}


class ContentRefused(NotApplied, Permanent):
    """The bytes are not what the encoding says."""


def files(root: Root) -> tuple[Action[..., object], ...]:
    """Make the actions for files below a root."""
    return (_read(root), _write(root), _list(root))


# --- files.read


def _read(root: Root) -> Action[..., object]:
    def read(*, path: str, encoding: Encoding = "text", bytes_max: int = BYTES_MAX) -> Json:
        """Read a file below the root."""
        data = root.read(path, bytes_max=bytes_max)
        return {
            **_described(path, data),
            "encoding": encoding,
            "content": decoded(data, encoding, path=path),
        }

    limit: Schema = {
        "type": "integer",
        "minimum": 0,
        "maximum": BYTES_LIMIT,
        "default": BYTES_MAX,
        "description": "a larger file is refused",
    }
    return declare(
        "files.read",
        read,
        effect="read",
        version=VERSION,
        arguments=_closed({"path": PATH, "encoding": ENCODING, "bytes_max": limit}, ["path"]),
        returns=_closed({**WRITTEN, "encoding": {"type": "string"}, "content": True}),
    )


def decoded(data: bytes, encoding: Encoding, *, path: str) -> Json:
    """Write the bytes of a file as a value.

    Raises:
        ContentRefused: they are not what the encoding says.
    """
    if encoding == "base64":
        return base64.b64encode(data).decode("ascii")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        told = f"byte {error.start} of `{path}` is not UTF-8"
        raise ContentRefused(told, hint="read it with `encoding: base64`") from error
    if encoding == "text":
        return text
    try:
        return read_json(text)
    except ValueError as error:
        told = f"`{path}` is not JSON: {error}"
        raise ContentRefused(told, hint="read it with `encoding: text`") from error


# --- files.write


def _write(root: Root) -> Action[..., object]:
    def write(
        *,
        path: str,
        content: Json,
        ctx: Context,
        encoding: Encoding = "text",
        folders: bool = False,
    ) -> Json:
        """Write a file below the root, whole or not at all."""
        data = encoded(content, encoding)
        with _making(folders=folders), root.parent(path, create=folders) as (folder, name):
            Replacement(folder, name, ctx=ctx, path=path).write(data)
        return _described(path, data)

    def find(*, path: str, content: Json, encoding: Encoding = "text", **_: object) -> Json:
        """Say what `write` returned, when the file holds these bytes; else None."""
        data = encoded(content, encoding)
        try:
            there = root.read(path, bytes_max=len(data))
        except PathRefused:
            return None
        except PathFailed as error:
            if error.missing:
                return None
            raise
        return _described(path, data) if there == data else None

    arguments: dict[str, Json] = {
        "path": PATH,
        "content": {"description": "a string; with `encoding: json` any value"},
        "encoding": ENCODING,
        "folders": {
            "type": "boolean",
            "default": False,
            "description": "make the folders on the way when they are missing",
        },
    }
    return declare(
        "files.write",
        write,
        effect="write",
        version=VERSION,
        safety=Safety(probe=find),
        arguments=_closed(arguments, ["path", "content"]),
        returns=_closed(WRITTEN),
    )


@contextmanager
def _making(*, folders: bool) -> Generator[None]:
    """Say how the folders on the way are made, where one of them is missing."""
    try:
        yield
    except PathFailed as error:
        if error.missing and not folders:
            error.hint = "`folders: true` makes the folders on the way"
        raise


def encoded(content: Json, encoding: Encoding) -> bytes:
    """Give the bytes that a file is to hold.

    Raises:
        ContentRefused: the content is not what the encoding says.
    """
    if encoding == "json":
        data = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        return data.encode("utf-8")
    if not isinstance(content, str):
        kind = type(content).__name__
        told = f"`content` is no string but {kind}"
        raise ContentRefused(told, hint="write it with `encoding: json`")
    if encoding == "text":
        return content.encode("utf-8")
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        told = f"`content` is not base64: {error}"
        raise ContentRefused(told, hint="write text with `encoding: text`") from error


@final
class Replacement:
    """Puts a new file in the place of a name: readers see the old bytes or all of the new ones.

    The temporary file is named after the attempt. A thread cannot be stopped: one that outlived its
    attempt finds its temporary file gone, and changes nothing.
    """

    def __init__(self, folder: int, name: str, *, ctx: Context, path: str) -> None:
        self.folder = folder
        self.name = name
        self.path = path
        self.ctx = ctx
        self.stem = f"{TEMPORARY}{ctx.idempotency_key.rpartition(':')[2][:32]}-"
        self.temporary = f"{self.stem}{ctx.attempt_no}"

    def write(self, data: bytes) -> None:
        """Write, flush, and rename.

        Raises:
            NotApplied: something failed before the file had its name.
        """
        with failing(self.path):
            mode = self._mode_of_old()
            self._remove_older()
            try:
                self._write_temporary(data, mode)
                self._check_still_wanted()
                os.rename(self.temporary, self.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)
            except BaseException:
                self._remove(self.temporary)
                raise
        # From here on the file is there: what fails now leaves the write in doubt.
        os.fsync(self.folder)

    def _mode_of_old(self) -> int | None:
        try:
            old = os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if stat.S_ISREG(old.st_mode):
            return stat.S_IMODE(old.st_mode) & 0o777
        told = f"`{self.path}` is there and is not a regular file; it is left alone"
        raise PathRefused(told, hint="name another file, or remove that by hand")

    def _remove_older(self) -> None:
        for number in range(1, self.ctx.attempt_no + 1):
            self._remove(f"{self.stem}{number}")

    def _remove(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self.folder)
        except FileNotFoundError:
            return

    def _write_temporary(self, data: bytes, mode: int | None) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(self.temporary, flags, 0o666, dir_fd=self.folder)
        try:
            if mode is not None:
                os.fchmod(file, mode)
            view = memoryview(data)
            while view:
                view = view[os.write(file, view) :]
            os.fsync(file)
        finally:
            os.close(file)

    def _check_still_wanted(self) -> None:
        if self.ctx.cancelled or self.ctx.now() > self.ctx.deadline_ms:
            told = f"`{self.path}` was not replaced: the attempt was over by then"
            raise NotApplied(told, hint="raise `timeout` of the node")


# --- files.list


def _list(root: Root) -> Action[..., object]:
    def list_(
        *,
        path: str = ".",
        pattern: str = "*",
        recursive: bool = False,
        entries_max: int = ENTRIES_MAX,
    ) -> Json:
        """List a folder below the root, sorted by path."""
        if len(pattern) > PATTERN_CHARS_MAX:
            told = f"`pattern` is longer than {PATTERN_CHARS_MAX} characters"
            raise PathRefused(told, hint="list all, and choose with `map` or CEL")
        listing = Listing(root, recursive=recursive)
        listing.scan("/".join(names_of(path)))
        entries = [
            entry
            for entry in sorted(listing.found, key=lambda entry: cast("str", entry["path"]))
            if matches(cast("str", entry["path"]), pattern)
        ]
        return {
            "entries": cast("list[Json]", entries[:entries_max]),
            "truncated": len(entries) > entries_max,
        }

    arguments: dict[str, Json] = {
        "path": {**cast("dict[str, Json]", PATH), "default": "."},
        "pattern": {
            "type": "string",
            "default": "*",
            "description": "`*`, `?` and `[...]`; of the name, or with `/` of the whole path",
        },
        "recursive": {"type": "boolean", "default": False},
        "entries_max": {
            "type": "integer",
            "minimum": 1,
            "maximum": ENTRIES_LIMIT,
            "default": ENTRIES_MAX,
        },
    }
    entry = _closed(
        {
            "path": {"type": "string"},
            "kind": {"enum": ["file", "folder", "link", "other"]},
            "size": {"type": "integer", "minimum": 0},
        }
    )
    returns: dict[str, Json] = {
        "entries": {"type": "array", "items": entry},
        "truncated": {"type": "boolean"},
    }
    return declare(
        "files.list",
        list_,
        effect="read",
        version=VERSION,
        arguments=_closed(arguments, []),
        returns=_closed(returns),
    )


def matches(path: str, pattern: str) -> bool:
    """Say whether a path is meant by a pattern."""
    return fnmatchcase(path if "/" in pattern else path.rpartition("/")[2], pattern)


@final
class Listing:
    """Goes through folders without following links."""

    def __init__(self, root: Root, *, recursive: bool) -> None:
        self.root = root
        self.recursive = recursive
        self.found: list[dict[str, Json]] = []

    def scan(self, path: str) -> None:
        """Note all entries below a folder."""
        waiting = [path]
        while waiting:
            here = waiting.pop()
            with self.root.open_folder(here or ".") as folder, failing(here):
                inner = self._scan_one(folder, here)
            waiting += inner if self.recursive else []

    def _scan_one(self, folder: int, here: str) -> list[str]:
        """Note the entries of one folder, and give the folders among them."""
        folders: list[str] = []
        # A copy, since `scandir` moves the position of the descriptor it is given.
        own = os.open(".", FOLDER, dir_fd=folder)
        try:
            with os.scandir(own) as entries:
                for entry in entries:
                    path = f"{here}/{entry.name}" if here else entry.name
                    kind = None if entry.name.startswith(TEMPORARY) else self._note(entry, path)
                    if kind == "folder":
                        folders.append(path)
        finally:
            os.close(own)
        return folders

    def _note(self, entry: "os.DirEntry[str]", path: str) -> Kind | None:
        if len(self.found) >= SCANNED_MAX:
            told = f"there are more than {SCANNED_MAX:,} entries"
            raise PathRefused(told, hint="list a smaller folder")
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # deleted while we looked
            return None
        kind = _kind_of(status.st_mode)
        # A name that is not UTF-8 is shown with a replacement sign; it cannot be opened by it.
        shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        size = status.st_size if kind == "file" else 0
        self.found.append({"path": shown, "kind": kind, "size": size})
        return kind


def _kind_of(mode: int) -> Kind:
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


# --- pieces


def _described(path: str, data: bytes) -> dict[str, Json]:
    return {
        "path": "/".join(names_of(path)),
        "size": len(data),
        "digest": f"sha256:{sha256(data).hexdigest()}",
    }


def _closed(properties: dict[str, Json], required: list[str] | None = None) -> dict[str, Json]:
    """Make the schema of an object; all properties are required unless told."""
    names: list[Json] = [*(properties if required is None else required)]
    return {
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": False,
    }
