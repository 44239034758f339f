"""C2SP signed notes: a text, an empty line, and a line for each signature.

A note comes from outside, so reading has limits, and there is one spelling for everything: no bit
of a note can be changed without being noticed, but for signatures by unknown keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from interlock.audit.signatures import (
    Signature,
    VerifierKey,
    decode_base64,
    holds,
    require_name,
    time_of,
)
from interlock.errors import EvidenceRefused

NOTE_BYTES_MAX = 256 * 1024
SIGNATURES_MAX = 64
SIGNATURE_LINE = "\N{EM DASH} "


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and its signatures. The text is nobody's until a signature is verified."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """Give the note as it is stored and sent."""
        return f"{self.text}\n{''.join(signature.line() for signature in self.signatures)}"

    def signed(self, *more: Signature) -> "Note":
        """Add signatures; one that is there already is replaced."""
        new = {(signature.name, signature.key_id) for signature in more}
        kept = (old for old in self.signatures if (old.name, old.key_id) not in new)
        return Note(text=self.text, signatures=(*kept, *more))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A signature that holds: whose it is, and when it was made, if it says so.

    `time_s` is in seconds since 1970; only cosignatures have it.
    """

    key: VerifierKey
    time_s: int | None


def parse_note(data: bytes) -> Note:
    """Read a note; nothing is verified.

    Raises:
        EvidenceRefused: the bytes are no signed note.
    """
    text = _decoded(data)
    body, separator, lines = text.rpartition("\n\n")
    if not separator:
        raise _refused("there is no empty line between text and signatures")
    if not lines.endswith("\n"):
        raise _refused("the last line has no end, or there is no signature")
    # The text ends with the first newline of the empty line. A line of its own is each signature.
    first = body.count("\n") + 3
    found = lines[:-1].split("\n")
    if len(found) > SIGNATURES_MAX:
        raise _refused(f"there are {len(found)} signatures; at most {SIGNATURES_MAX} are read")
    return Note(
        text=body + "\n",
        signatures=tuple(_signature(line, place) for place, line in enumerate(found, first)),
    )


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> tuple[Verified, ...]:
    """Check that at least one of the keys signed the note.

    Signatures by other keys count for nothing and do no harm.

    Returns:
        what was verified, in the order of the keys.

    Raises:
        EvidenceRefused: none of the keys signed, or a signature by one of them does not hold.
    """
    verified = verified_signatures(note, keys)
    if not verified:
        names = ", ".join(f"`{key.name}` ({key.id:08x})" for key in keys) or "none"
        raise EvidenceRefused(
            f"the note is not signed by a trusted key; trusted are: {names}",
            code="IL8507",
            hint="compare the key with the one that was handed to you: `NAME+ID+KEY`",
        )
    return verified


def verified_signatures(note: Note, keys: Sequence[VerifierKey]) -> tuple[Verified, ...]:
    """Find out which of the keys signed the note; it may be none.

    Raises:
        EvidenceRefused: a signature by one of the keys does not hold.
    """
    found: dict[VerifierKey, Verified] = {}
    for key in keys:
        for signature in note.signatures:
            if (signature.name, signature.key_id) != (key.name, key.id):
                continue
            if not holds(key, note.text, signature.data):
                raise EvidenceRefused(
                    f"the signature by `{key.name}` ({key.id:08x}) does not hold",
                    code="IL8506",
                    hint="the text was changed after it was signed, or the signature was",
                )
            found.setdefault(key, Verified(key=key, time_s=time_of(key, signature.data)))
    return tuple(found.values())


def require_text(text: str) -> None:
    """Refuse what cannot be the text of a note.

    Raises:
        EvidenceRefused: it does not end with a newline, or has other control characters.
    """
    if not text.endswith("\n"):
        raise _refused("the text does not end with a newline")
    if any(char < " " and char != "\n" for char in text):
        raise _refused("there is a control character")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise _refused("there is half of a character")


def _decoded(data: bytes) -> str:
    if len(data) > NOTE_BYTES_MAX:
        raise _refused(f"it has {len(data)} bytes; at most {NOTE_BYTES_MAX} are read")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _refused(f"byte {error.start + 1} is not UTF-8") from error
    if any(char < " " and char != "\n" for char in text):
        raise _refused("there is a control character")
    return text


def _signature(line: str, place: int) -> Signature:
    if not line.startswith(SIGNATURE_LINE):
        raise _refused(f"line {place} is no signature: it does not start with an em dash")
    name, separator, encoded = line.removeprefix(SIGNATURE_LINE).rpartition(" ")
    data = decode_base64(encoded)
    if not separator or data is None or len(data) <= 4:
        raise _refused(f"line {place} is no signature: an em dash, a name, and base64")
    try:
        require_name(name)
    except EvidenceRefused as error:
        raise _refused(f"line {place} is no signature: no key has such a name") from error
    return Signature(name=name, key_id=int.from_bytes(data[:4]), data=data[4:])


def _refused(why: str) -> EvidenceRefused:
    return EvidenceRefused(
        f"this is no signed note: {why}",
        code="IL8504",
        hint="a note has a text, an empty line, and lines of signatures; fetch it again",
    )
