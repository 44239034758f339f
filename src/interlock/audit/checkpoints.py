"""C2SP checkpoints: which tree a log has, as the text of a signed note.

Three lines: the origin, that is the log's name; how many leaves its tree has; the root. Lines that
others may add are kept and mean nothing here.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from interlock.audit.notes import (
    Note,
    Verified,
    parse_note,
    require_text,
    verify_note,
)
from interlock.audit.proofs import TreeHead
from interlock.audit.signatures import Signer, VerifierKey, decode_base64, sign
from interlock.audit.tree import EMPTY_ROOT, HASH_BYTES, TREE_SIZE_MAX
from interlock.errors import EvidenceRefused

ORIGIN_CHARS_MAX = 255
SIZE_DIGITS_MAX = len(str(TREE_SIZE_MAX))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log says about itself: at this size, the tree has this root.

    Attributes:
        origin: the log's name; no two logs have the same.
        tree: its size and its root.
        extensions: further lines, which nobody can check.
    """

    origin: str
    tree: TreeHead
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Give the text that is signed."""
        root = base64.b64encode(self.tree.root).decode()
        return "\n".join((self.origin, str(self.tree.size), root, *self.extensions)) + "\n"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint, the note it came in, and which trusted keys signed it."""

    checkpoint: Checkpoint
    note: Note
    verified: tuple[Verified, ...]


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a note as a checkpoint.

    Raises:
        EvidenceRefused: it is none.
    """
    require_text(text)
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise _refused("it has at least three lines, and no empty one")
    origin, size, root, *extensions = lines
    if len(origin) > ORIGIN_CHARS_MAX:
        raise _refused(f"the origin has more than {ORIGIN_CHARS_MAX} characters")
    return Checkpoint(
        origin=origin,
        tree=TreeHead(size=_size(size), root=_root(root, is_empty=size == "0")),
        extensions=tuple(extensions),
    )


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer]) -> Note:
    """Sign a checkpoint.

    Whether the tree extends the last one signed is the caller's to check.

    Raises:
        EvidenceRefused: no checkpoint can have this origin, size, root or these extensions.
    """
    text = checkpoint.text()
    if parse_checkpoint(text) != checkpoint:
        raise _refused("a line has a line end in it")
    return Note(text=text, signatures=tuple(sign(text, signer) for signer in signers))


def open_checkpoint(data: bytes, *, origin: str, keys: Sequence[VerifierKey]) -> SignedCheckpoint:
    """Read a checkpoint of a log, and check that a key of the log signed it.

    Args:
        data: the note, as it is stored or sent.
        origin: the log that is asked about.
        keys: the keys that the log is known by; any of them is enough.

    Raises:
        EvidenceRefused: it is none, is not signed by a key of the log, or is of another log.
    """
    note = parse_note(data)
    verified = verify_note(note, keys)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != origin:
        raise EvidenceRefused(
            f"the checkpoint is of the log `{checkpoint.origin}`, not of `{origin}`",
            code="IL8509",
            hint="name the log that the checkpoint was made for",
        )
    return SignedCheckpoint(checkpoint=checkpoint, note=note, verified=verified)


def decode_hash(text: str) -> bytes | None:
    """Decode a hash from base64; None is for what is none."""
    data = decode_base64(text)
    return data if data is not None and len(data) == HASH_BYTES else None


def decode_size(text: str) -> int | None:
    """Read the size of a tree; None is for what is none, or is spelled in another way."""
    if not text.isascii() or not text.isdigit() or len(text) > SIZE_DIGITS_MAX:
        return None
    size = int(text)
    return size if str(size) == text and size <= TREE_SIZE_MAX else None


def _size(text: str) -> int:
    size = decode_size(text)
    if size is None:
        raise _refused("the second line is not the size of a tree")
    return size


def _root(text: str, *, is_empty: bool) -> bytes:
    root = decode_hash(text)
    if root is None:
        raise _refused("the third line is not a SHA-256 in base64")
    if is_empty and root != EMPTY_ROOT:
        raise _refused("the third line is not the root of an empty tree")
    return root


def _refused(why: str) -> EvidenceRefused:
    return EvidenceRefused(
        f"this is no checkpoint: {why}",
        code="IL8508",
        hint="a checkpoint has the lines origin, size and root; fetch it again",
    )
