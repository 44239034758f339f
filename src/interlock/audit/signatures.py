"""Keys and signatures of C2SP signed notes: who signs a text, and how it is checked.

Two algorithms are spoken. A log signs with Ed25519 (type 0x01) over the text alone. A witness
cosigns with timestamped Ed25519 (type 0x04, tlog-cosignature v1): a line with the time stands
before the text. The id of a key is made from its name, the type and the public key, so that one
pair of keys used for both can never be mistaken.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import final

from interlock.errors import EvidenceRefused, ensure

NAME_CHARS_MAX = 255
PUBLIC_BYTES = 32
SEED_BYTES = 32
SIGNATURE_BYTES = 64
STAMP_BYTES = 8
TIME_S_MAX = (1 << 63) - 1


class Algorithm(IntEnum):
    """How a key signs; the number is the type in ids and in encoded keys."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key that somebody trusts: its name, its algorithm, its 32 bytes.

    Raises:
        EvidenceRefused: no key can have this name, or this public key.
    """

    name: str
    public: bytes
    algorithm: Algorithm = Algorithm.ED25519

    def __post_init__(self) -> None:
        require_name(self.name)
        if len(self.public) != PUBLIC_BYTES:
            raise _key_refused(f"a public key has {len(self.public)} bytes instead of 32")

    @property
    def id(self) -> int:
        """The first four bytes of the SHA-256 of name, type and key: an address, no proof."""
        seed = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return int.from_bytes(sha256(seed).digest()[:4])

    def __str__(self) -> str:
        """Encode the key as one line: `NAME+ID+KEY`, as `parse_key` reads it."""
        encoded = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.id:08x}+{encoded}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature of a note as it stands there; `data` is what follows the key's id."""

    name: str
    key_id: int
    data: bytes

    def line(self) -> str:
        """Give the line of a note, with its newline."""
        encoded = base64.b64encode(self.key_id.to_bytes(4) + self.data).decode()
        return f"\N{EM DASH} {self.name} {encoded}\n"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Whoever can sign: a name, a public key, and a function that signs bytes.

    The private key stays inside of the function, so that a signer can be printed and logged, and
    the key may as well be held by a device.
    """

    name: str
    public: bytes
    sign: Callable[[bytes], bytes] = field(repr=False)

    def verifier(self, algorithm: Algorithm = Algorithm.ED25519) -> VerifierKey:
        """Give the public key under which others check the signatures."""
        return VerifierKey(name=self.name, public=self.public, algorithm=algorithm)


def signer_from_seed(name: str, seed: bytes) -> Signer:
    """Make a signer from the 32 secret bytes of an Ed25519 key.

    Raises:
        EvidenceRefused: no key can have this name, or this seed.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    require_name(name)
    if len(seed) != SEED_BYTES:
        raise _key_refused(f"a private key has {len(seed)} bytes instead of 32")
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return Signer(name=name, public=private.public_key().public_bytes_raw(), sign=private.sign)


def sign(text: str, signer: Signer) -> Signature:
    """Sign the text of a note."""
    return _signed(signer.verifier(), text, signer=signer, stamp=b"")


def cosign(text: str, signer: Signer, *, time_s: int) -> Signature:
    """Say as a witness that at this time no larger tree was seen of the log.

    Args:
        text: the text of a checkpoint.
        signer: the witness.
        time_s: seconds since 1970, in UTC.
    """
    ensure(0 < time_s <= TIME_S_MAX, "a cosignature needs a time", time_s=time_s)
    key = signer.verifier(Algorithm.COSIGNATURE)
    return _signed(key, text, signer=signer, stamp=time_s.to_bytes(STAMP_BYTES))


def holds(key: VerifierKey, text: str, data: bytes) -> bool:
    """Say whether these bytes are a signature by the key of the text of a note."""
    if key.algorithm is Algorithm.COSIGNATURE:
        stamp, signature = data[:STAMP_BYTES], data[STAMP_BYTES:]
        if int.from_bytes(stamp) > TIME_S_MAX:
            return False
    else:
        stamp, signature = b"", data
    if len(signature) != SIGNATURE_BYTES:
        return False
    return verify_ed25519(key.public, _message(text, stamp), signature)


def time_of(key: VerifierKey, data: bytes) -> int | None:
    """Read when a cosignature was made, in seconds since 1970; other signatures do not tell."""
    if key.algorithm is Algorithm.COSIGNATURE:
        return int.from_bytes(data[:STAMP_BYTES])
    return None


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Check a signature of RFC 8032."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def parse_key(text: str) -> VerifierKey:
    """Read a public key that is encoded as one line, `NAME+ID+KEY`.

    Raises:
        EvidenceRefused: the text is no key, or its parts do not belong together.
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    data = decode_base64(encoded)
    if data is None or not data:
        raise _key_refused("a public key is not of the form `NAME+ID+KEY`")
    if data[0] not in set(Algorithm):
        raise _key_refused(f"the key `{_short(name)}` is of the unknown type 0x{data[0]:02x}")
    key = VerifierKey(name=name, algorithm=Algorithm(data[0]), public=data[1:])
    if key_id != f"{key.id:08x}":
        raise _key_refused(f"the key `{_short(name)}` does not have the id that stands beside it")
    return key


def require_name(name: str) -> None:
    """Refuse what cannot be the name of a key.

    Raises:
        EvidenceRefused: it is empty, too long, or has a space, a `+` or a control character.
    """
    good = 0 < len(name) <= NAME_CHARS_MAX and not any(map(_is_refused_in_names, name))
    if not good:
        raise _key_refused(f"`{_short(name)}` cannot be the name of a key")


def decode_base64(text: str) -> bytes | None:
    """Decode base64 in its one right spelling; None is for everything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def _signed(key: VerifierKey, text: str, *, signer: Signer, stamp: bytes) -> Signature:
    """Sign and check at once: a signature that does not hold must not leave the house."""
    data = stamp + signer.sign(_message(text, stamp))
    ensure(holds(key, text, data), "a signature just made does not hold", key=str(key))
    return Signature(name=key.name, key_id=key.id, data=data)


def _message(text: str, stamp: bytes) -> bytes:
    """Give the bytes that are signed; only cosignatures have a time stamp."""
    if not stamp:
        return text.encode()
    return f"cosignature/v1\ntime {int.from_bytes(stamp)}\n{text}".encode()


def _is_refused_in_names(char: str) -> bool:
    return char.isspace() or char == "+" or char < " " or "\ud800" <= char <= "\udfff"


def _short(text: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in text[:40])


def _key_refused(message: str) -> EvidenceRefused:
    return EvidenceRefused(
        message,
        code="IL8505",
        hint="a public key is one line, NAME+ID+KEY, as `interlock audit init` prints it",
    )
