"""Data subjects: the keys of those whom a value belongs to, and what is made with them.

What a subject's key has made is worth nothing without it: the stored bytes cannot be read, and
neither a reference nor a digest says whether a guess of the value was right. A value of several
subjects has a key that is derived from all of theirs, so it dies with any of them.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NewType, final

from interlock.errors import JournalCorrupt, ensure
from interlock.values.canonical import canonical
from interlock.values.digests import VALUE_OPENING, opening_of, value_ref
from interlock.values.immutable import immutable
from interlock.values.names import Digest, ValueRef

KeyId = NewType("KeyId", str)
"""32 hexadecimal digits, made of one subject's key and name; of several, 64, a digest of theirs."""

KEYED = "hmac-sha256:"
"""How references and digests begin that were made with the key of a subject."""

KEY_BYTES = 32
KEY_ID_CHARACTERS = 32
SALT = b"interlock/subjects/1"
NAME_TAG = "subject"
FALSE_NAME = "IL7025"
NONCE = bytes(12)
"""Each key encrypts one value, which its nonce therefore need not tell from others."""


@immutable()
class SubjectKey:
    """The key of one data subject, as it is stored; its name dies with it.

    Events have the id, and it is made of key and name: so nobody can give a key to another subject
    by changing a row. Without the key, nobody can find the name by the id.
    """

    id: KeyId
    name: str
    key: bytes

    @property
    def fits(self) -> bool:
        """Whether id, name and key belong together."""
        # HMAC takes a key and one with zeros behind it for the same.
        return len(self.key) == KEY_BYTES and self.id == _id_of(self.name, self.key)

    def check(self) -> None:
        """Refuse to go by a row that was changed.

        Raises:
            JournalCorrupt: id, name and key do not belong together (IL7025).
        """
        if not self.fits:
            raise JournalCorrupt(
                f"the row of data subject {self.id} was changed: its name and its key do not belong"
                " together",
                hint="put this row back as a backup of the journal has it; until then nobody can"
                " tell whose values these are",
                code=FALSE_NAME,
            )

    @staticmethod
    def of(name: str, key: bytes) -> "SubjectKey":
        """Give a subject a key."""
        return SubjectKey(id=_id_of(name, key), name=name, key=key)


@final
class Subjects:
    """Those whom a value belongs to, by the ids of their keys.

    Args:
        keys: the key of each, by its id.
    """

    def __init__(self, keys: Mapping[KeyId, bytes]) -> None:
        ensure(bool(keys), "a value belongs to somebody, or has no subjects")
        self.keys = dict(sorted(keys.items()))

    def __repr__(self) -> str:
        return f"Subjects({self.id})"

    @cached_property
    def id(self) -> KeyId:
        """The id of the key: of one subject its own, of several a digest of theirs."""
        if len(self.keys) == 1:
            return next(iter(self.keys))
        return KeyId(value_ref(self.members).removeprefix("sha256:"))

    @cached_property
    def members(self) -> bytes:
        """The list of their ids as canonical JSON: several subjects are stored under its digest."""
        return canonical([*self.keys])

    @cached_property
    def _derived(self) -> tuple[bytes, bytes, bytes]:
        secret = hkdf(b"".join(self.keys.values()), salt=SALT, info=b"", size=3 * KEY_BYTES)
        return secret[:KEY_BYTES], secret[KEY_BYTES : 2 * KEY_BYTES], secret[2 * KEY_BYTES :]

    def ref(self, data: bytes) -> ValueRef:
        """Refer to a value by its canonical bytes. Equal values have equal references here only."""
        return reference(self.id, self.opener(data), data)

    def opener(self, data: bytes) -> bytes:
        """Make what shows to others that a reference is of this value, and nothing of any other."""
        return _hmac(self._derived[0], VALUE_OPENING + data + b"]")

    def digest(self, tag: str, data: bytes) -> Digest:
        """Digest JSON data whose canonical bytes are at hand, as `digest_canonical` does."""
        made = _hmac(self._derived[1], opening_of(tag) + data + b"]")
        return Digest(f"{KEYED}{self.id}:{made.hex()}")

    def seal(self, ref: ValueRef, data: bytes) -> bytes:
        """Encrypt a value; the same value always to the same bytes."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        name = ref.encode()
        return AESGCM(_hmac(self._derived[2], name)).encrypt(NONCE, data, name)

    def unseal(self, ref: ValueRef, sealed: bytes) -> bytes:
        """Decrypt a value.

        Raises:
            JournalCorrupt: these are not the bytes that were stored, or not under this reference.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        name = ref.encode()
        try:
            data = AESGCM(_hmac(self._derived[2], name)).decrypt(NONCE, sealed, name)
        except (InvalidTag, ValueError) as error:
            raise _changed(ref) from error
        if self.ref(data) != ref:
            raise _changed(ref)
        return data

    @staticmethod
    def of(keys: Iterable[SubjectKey]) -> "Subjects":
        """Take keys as they are stored.

        Raises:
            JournalCorrupt: a row was changed (IL7025).
        """
        found = list(keys)
        for each in found:
            each.check()
        return Subjects({each.id: each.key for each in found})


def joined(several: Iterable[Subjects | None]) -> Subjects | None:
    """Put together whom several values belong to; None: nobody."""
    found: list[Subjects] = []
    for each in several:
        if each is not None and each not in found:
            found.append(each)
    if len(found) <= 1:
        return found[0] if found else None
    widest = max(found, key=lambda each: len(each.keys))
    keys: dict[KeyId, bytes] = {}
    for each in found:
        keys.update(each.keys)
    return widest if len(keys) == len(widest.keys) else Subjects(keys)


def is_keyed(ref: str) -> bool:
    """Whether a reference or a digest was made with the key of a subject."""
    return ref.startswith(KEYED)


def key_id_of(ref: str) -> KeyId:
    """Read from a reference or a digest which key it was made with.

    Raises:
        JournalCorrupt: it was made with none, or is no reference.
    """
    kind, _, rest = ref.partition(":")
    key_id, _, made = rest.partition(":")
    if f"{kind}:" != KEYED or not key_id or not made:
        raise JournalCorrupt(f"{ref!r:.200} was made with no subject's key")
    return KeyId(key_id)


def reference(key_id: KeyId, opener: bytes, data: bytes) -> ValueRef:
    """Make a reference from its opener: so it is checked without the key."""
    return ValueRef(f"{KEYED}{key_id}:{_hmac(opener, VALUE_OPENING + data + b']').hex()}")


def members_ref(key_id: KeyId) -> ValueRef | None:
    """Say where the ids of several subjects are stored; None for the key of one."""
    return None if len(key_id) == KEY_ID_CHARACTERS else ValueRef(f"sha256:{key_id}")


def hkdf(secret: bytes, *, salt: bytes, info: bytes, size: int) -> bytes:
    """Derive a key: HKDF-SHA256 of RFC 5869."""
    root = _hmac(salt or bytes(KEY_BYTES), secret)
    found, block = b"", b""
    while len(found) < size:
        block = _hmac(root, block + info + bytes((len(found) // KEY_BYTES + 1,)))
        found += block
    return found[:size]


def _id_of(name: str, key: bytes) -> KeyId:
    made = _hmac(key, opening_of(NAME_TAG) + canonical(name) + b"]")
    return KeyId(made.hex()[:KEY_ID_CHARACTERS])


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, hashlib.sha256)


def _changed(ref: ValueRef) -> JournalCorrupt:
    return JournalCorrupt(
        f"value {ref} does not match its digest",
        hint="restore the store from a backup; until then do not resume this run",
    )
