"""Key files: the private keys that a log, or a witness, signs with.

A key file belongs beside no store: whoever can change a store must not be able to sign what they
made of it. It is one JSON object that only its owner may read; `docs/reference/checkpoints.md`
describes it. Nothing here prints, logs or compares a private key.

A key is replaced with an overlap: the new one signs beside the old one until the old one is ended,
so that nobody who knows only one of them is left without a signature. The public half of an ended
key stays, to check what it has signed.
"""

import base64
import os
import stat
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast, final

import orjson

from interlock.audit import Signer, VerifierKey, parse_key, signer_from_seed
from interlock.errors import EvidenceRefused, KeyUnusable
from interlock.notary.durable import PRIVATE_FOLDER, locked, make_file, make_folders, replace_file
from interlock.notary.unshared import require_unshared

KIND = "interlock audit key"
ORIGIN = "interlock"
NAME_DIGITS = 20
VERSION = 1
LOCK = ".lock"
KEYS_MAX = 64
FILE_BYTES_MAX = 64 * 1024
OTHERS = 0o077
FIELDS = frozenset(("kind", "v", "name", "keys"))
KEY_FIELDS = frozenset(("public", "private", "made_ms", "ended_ms"))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey:
    """One pair of keys. An ended one has lost its private half.

    Attributes:
        public: the half that everybody may know.
        private: the 32 bytes that nobody may know; empty once the key is ended.
        made_ms, ended_ms: when it was made, and when it signed no more.
    """

    public: VerifierKey
    private: bytes = field(repr=False)
    made_ms: int
    ended_ms: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """The keys of one signer, the oldest first; `name` is the origin of its log."""

    name: str
    keys: tuple[LogKey, ...]

    def signers(self) -> list[Signer]:
        """Give all that sign now: one, or more while keys overlap."""
        return [
            signer_from_seed(self.name, key.private) for key in self.keys if key.ended_ms is None
        ]

    def verifiers(self) -> list[VerifierKey]:
        """Give the public keys, those of ended keys too."""
        return [key.public for key in self.keys]


def new_ring(name: str | None = None, *, now_ms: int) -> KeyRing:
    """Make a first pair of keys, for a log of this name or of a random one.

    Raises:
        EvidenceRefused: no key can have this name.
    """
    private = _new_private()
    if name is None:
        name = (
            f"{ORIGIN}/{sha256(signer_from_seed(ORIGIN, private).public).hexdigest()[:NAME_DIGITS]}"
        )
    return KeyRing(name=name, keys=(_key_of(name, private, now_ms),))


def with_new_key(ring: KeyRing, *, now_ms: int) -> KeyRing:
    """Add a pair of keys, which signs beside those that are there.

    Raises:
        KeyUnusable: there are too many.
    """
    if len(ring.keys) >= KEYS_MAX:
        raise KeyUnusable(
            f"`{ring.name}` has {len(ring.keys)} keys; a key file holds at most {KEYS_MAX}",
            hint="begin a new log with `interlock audit init`",
        )
    return replace(ring, keys=(*ring.keys, _key_of(ring.name, _new_private(), now_ms)))


def with_ended_key(ring: KeyRing, key_id: str, *, now_ms: int) -> KeyRing:
    """End a key: its private half is gone, and it never signs again.

    Args:
        ring: the keys.
        key_id: which one, as eight hexadecimal digits.
        now_ms: the time.

    Raises:
        KeyUnusable: no key that signs has this id, or no other one would be left.
    """
    signing = {f"{key.public.id:08x}": key for key in ring.keys if key.ended_ms is None}
    ending = signing.get(key_id)
    if ending is None:
        raise KeyUnusable(
            f"`{ring.name}` has no signing key {key_id[:40]!r}", hint=f"it has {', '.join(signing)}"
        )
    if len(signing) == 1:
        raise KeyUnusable(
            f"{key_id} is the only key that `{ring.name}` signs with",
            hint="make the next one first: `interlock audit keys --add`",
        )
    ended = replace(ending, private=b"", ended_ms=now_ms)
    return replace(ring, keys=tuple(ended if key is ending else key for key in ring.keys))


def create_keys(path: Path, ring: KeyRing) -> None:
    """Write a new key file, which only this user can read; its folder is made.

    Raises:
        KeyUnusable: there is a file already, which is left alone; or others may write its folder.
        OSError: it cannot be written.
    """
    require_unshared(path)
    make_folders(path.parent, mode=PRIVATE_FOLDER)
    try:
        make_file(path, _render(ring))
    except FileExistsError:
        raise KeyUnusable(
            f"{path} is there already",
            hint="a key file is never overwritten: `interlock audit keys --add` makes the next key",
        ) from None


def change_keys(path: Path, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
    """Write a key file anew, in one step.

    Raises:
        KeyUnusable: as for `read_keys`, and what `change` raises.
        OSError: it cannot be written; what was there is still there.
    """
    with locked_keys(path) as ring:
        changed = change(ring)
        replace_file(path, _render(changed))
        return changed


@contextmanager
def locked_keys(path: Path) -> Generator[KeyRing]:
    """Read a key file, and keep others out who change it or sign with it.

    Raises:
        KeyUnusable: as for `read_keys`.
    """
    read_keys(path)  # No lock is left where there is no key file.
    with locked(path.with_name(path.name + LOCK)):
        yield read_keys(path)


def read_keys(path: Path) -> KeyRing:
    """Read a key file.

    Raises:
        KeyUnusable: there is none, others may read or replace it, or it is none of ours.
    """
    return parse_keys(_private_bytes(path), path)


def parse_keys(data: bytes, path: Path) -> KeyRing:
    """Read the bytes of a key file; `path` is for the error.

    Raises:
        KeyUnusable: they are none of ours.
    """
    try:
        return _parse(orjson.loads(data))
    except (ValueError, TypeError, KeyError, EvidenceRefused):
        # The reason could quote the file, and the file is secret: it is not told.
        raise KeyUnusable(
            f"{path} is no key file of Interlock, or is damaged",
            hint="restore it from your backup; without it, this log signs no more checkpoints",
        ) from None


def _private_bytes(path: Path) -> bytes:
    """Read a file that only its owner may read, and nobody else could have put there."""
    require_unshared(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyUnusable(
            f"there is no key file at {path}",
            hint="`interlock audit init` makes one; if the store was moved, name its old key file"
            " with --key",
        ) from None
    except OSError as error:
        raise KeyUnusable(
            f"the key file {path} cannot be read: {error.strerror}",
            hint="run this as the user who made it",
        ) from error
    try:
        _require_private(path, os.fstat(descriptor))
        return os.read(descriptor, FILE_BYTES_MAX)
    finally:
        os.close(descriptor)


def _require_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode) or found.st_size > FILE_BYTES_MAX:
        raise KeyUnusable(f"{path} is no key file", hint="name the file that `audit init` made")
    if stat.S_IMODE(found.st_mode) & OTHERS:
        raise KeyUnusable(
            f"the key file {path} can be read or written by others"
            f" (its mode is {stat.S_IMODE(found.st_mode):04o})",
            hint=f"`chmod 600 {path}`; if others may have seen it: `interlock audit keys --add`",
        )
    if found.st_uid not in (os.geteuid(), 0):
        raise KeyUnusable(
            f"the key file {path} belongs to another user (uid {found.st_uid})",
            hint="run this as the user who made it",
        )


def _new_private() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes_raw()


def _key_of(name: str, private: bytes, now_ms: int) -> LogKey:
    public = signer_from_seed(name, private).verifier()
    return LogKey(public=public, private=private, made_ms=now_ms)


def _render(ring: KeyRing) -> bytes:
    keys = [
        {"public": str(key.public), "made_ms": key.made_ms}
        | ({"private": base64.b64encode(key.private).decode()} if key.private else {})
        | ({} if key.ended_ms is None else {"ended_ms": key.ended_ms})
        for key in ring.keys
    ]
    whole = {"kind": KIND, "v": VERSION, "name": ring.name, "keys": keys}
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _parse(whole: object) -> KeyRing:
    """Read the object of a key file.

    Raises:
        ValueError, TypeError, KeyError, EvidenceRefused: it is none.
    """
    found = _object(whole, FIELDS)
    name, keys = found["name"], found["keys"]
    if found["kind"] != KIND or found["v"] != VERSION or not isinstance(keys, list):
        raise ValueError(KIND)
    ring = KeyRing(name=name, keys=tuple(_key(name, key) for key in cast(list[object], keys)))
    if not any(key.ended_ms is None for key in ring.keys) or len(ring.keys) > KEYS_MAX:
        raise ValueError(KIND)
    return ring


def _key(name: object, value: object) -> LogKey:
    found = _object(value, KEY_FIELDS)
    public = parse_key(str(found["public"]))
    private = base64.b64decode(found.get("private", ""), validate=True)
    made_ms, ended_ms = found["made_ms"], found.get("ended_ms")
    if public.name != name or not isinstance(made_ms, int):
        raise ValueError(KIND)
    is_ended = isinstance(ended_ms, int) and not private
    signs = ended_ms is None and signer_from_seed(public.name, private).public == public.public
    if not (is_ended or signs):
        raise ValueError(KIND)
    return LogKey(public=public, private=private, made_ms=made_ms, ended_ms=ended_ms)


def _object(value: object, fields: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not cast(dict[str, Any], value).keys() <= fields:
        raise ValueError(KIND)
    return cast(dict[str, Any], value)
