"""Signing checkpoints of a log, each only when it extends the one signed before.

What was signed last stands beside the key file, because it belongs to the key and not to the
store: when a store is put back to an older copy, when its log was rewritten, or when two stores
are signed with one key, the next tree is not an extension of that one, and nothing is signed.
"""

from pathlib import Path

from interlock.audit import (
    EMPTY_ROOT,
    Checkpoint,
    Note,
    SignedCheckpoint,
    TileTree,
    TreeHead,
    open_checkpoint,
    prove_consistency,
    sign_checkpoint,
    span_root,
    verify_consistency,
)
from interlock.errors import EvidenceRefused
from interlock.notary.durable import PUBLIC, replace_file
from interlock.notary.keys import KeyRing, locked_keys
from interlock.store import Log, log_tree

LAST = ".checkpoint"
NOTE_FILE_BYTES_MAX = 1 << 20


def sign_log(log: Log, key_file: Path, *, published: Path | None = None) -> SignedCheckpoint:
    """Sign the log of a store as it is now, with all keys that sign.

    When nothing was added, and the keys are the same, it is the checkpoint that was signed before.
    Processes that sign with one key file take turns.

    Args:
        log: the log of a store.
        key_file: the keys, and what was signed with them last.
        published: a checkpoint that the log has to extend, too, if it is there: what the key file
            remembers may be older, when it was restored from a backup.

    Raises:
        KeyUnusable: the key file is not there, readable by others, or damaged.
        EvidenceRefused: the log does not extend what was signed or published last.
        OSError: what was signed cannot be kept; nothing was handed out.
    """
    with locked_keys(key_file) as ring:
        head, tree = head_of(log)
        last = last_signed(key_file, ring)
        known = None if published is None else read_checkpoint(published, ring)
        for before in filter(None, (last, known)):
            check_extends(before.checkpoint.tree, tree, head=head)
        if last is not None and last.checkpoint.tree == head and _is_signed_by_all(last, ring):
            return last
        note = sign_checkpoint(Checkpoint(origin=ring.name, tree=head), ring.signers())
        return _keep(note, key_file, ring)


def keep_cosigned(note: Note, key_file: Path) -> None:
    """Keep cosignatures of the checkpoint that was signed last.

    Nothing is kept when another one was signed meanwhile.

    Raises:
        KeyUnusable: as for `sign_log`.
    """
    with locked_keys(key_file) as ring:
        last = last_signed(key_file, ring)
        if last is not None and last.note.text == note.text:
            _keep(last.note.signed(*note.signatures), key_file, ring)


def _keep(note: Note, key_file: Path, ring: KeyRing) -> SignedCheckpoint:
    """Keep a checkpoint, and read it as those will who get it."""
    signed = open_checkpoint(str(note).encode(), origin=ring.name, keys=ring.verifiers())
    replace_file(last_checkpoint_file(key_file), str(note).encode(), mode=PUBLIC)
    return signed


def last_signed(key_file: Path, ring: KeyRing) -> SignedCheckpoint | None:
    """Read what was signed last with a key file; None when nothing was.

    Raises:
        EvidenceRefused: what stands there was not signed with these keys.
    """
    return read_checkpoint(last_checkpoint_file(key_file), ring)


def last_checkpoint_file(key_file: Path) -> Path:
    """Name the file beside a key file that has what was signed last with it."""
    return _beside(key_file, LAST)


def read_checkpoint(path: Path, ring: KeyRing) -> SignedCheckpoint | None:
    """Read a checkpoint that one of these keys signed; None when there is no file.

    Raises:
        EvidenceRefused: the file is no checkpoint, or not of this log.
    """
    try:
        with path.open("rb") as file:
            data = file.read(NOTE_FILE_BYTES_MAX)
    except FileNotFoundError:
        return None
    try:
        return open_checkpoint(data, origin=ring.name, keys=ring.verifiers())
    except EvidenceRefused as error:
        error.add_note(f"read from {path}")
        raise


def check_extends(old: TreeHead, tree: TileTree, *, head: TreeHead) -> None:
    """Check that a log, whose head is `head`, extends an older tree.

    Raises:
        EvidenceRefused: it does not.
    """
    if old.size == 0:
        return
    if head.size < old.size:
        raise EvidenceRefused(
            f"the log has {head.size} events, and its last checkpoint has {old.size}",
            code="IL8513",
            hint="the store was put back to an older copy, or it is another store: find the one"
            " that was signed; nothing is signed until then",
        )
    try:
        verify_consistency(old, head, prove_consistency(old.size, head.size, tree))
    except EvidenceRefused as error:
        raise EvidenceRefused(
            f"the log does not extend its last checkpoint: of its first {old.size} events, some are"
            " not as they were",
            code="IL8513",
            hint="`interlock audit verify` says what; or two stores are signed with one key",
        ) from error


def head_of(log: Log, size: int | None = None) -> tuple[TreeHead, TileTree]:
    """Give the head of a log, now or as it was at a size, and its tree."""
    tree = log_tree(log, size)
    root = span_root(range(tree.size), tree) if tree.size else EMPTY_ROOT
    return TreeHead(size=tree.size, root=root), tree


def _is_signed_by_all(last: SignedCheckpoint, ring: KeyRing) -> bool:
    by = {verified.key for verified in last.verified}
    return {signer.verifier() for signer in ring.signers()} <= by


def _beside(key_file: Path, ending: str) -> Path:
    return key_file.with_name(key_file.name + ending)
