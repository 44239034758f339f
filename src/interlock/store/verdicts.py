"""Verdicts that every backend reaches in the same words."""

from interlock.errors import JournalCorrupt, KeyTaken
from interlock.values import RunId, ValueRef, value_ref

PLAIN = "sha256:"


def check_value(run: RunId, ref: ValueRef, data: bytes) -> None:
    """Check bytes that were read against their reference.

    A reference keyed to a data subject (`hmac-sha256:`) can be checked only where its key is, so not here.

    Raises:
        JournalCorrupt: they differ.
    """
    if ref.startswith(PLAIN) and value_ref(data) != ref:
        raise JournalCorrupt(
            f"value {ref} of run {run} does not match its digest: its {len(data)} stored bytes have "
            f"{value_ref(data)}",
            hint="restore the store from a backup; until then do not resume this run",
        )


def key_taken(key: str, holder: RunId, *, wanted_by: RunId) -> KeyTaken:
    """Make the error for a key that belongs to another run."""
    return KeyTaken(
        f"key {key!r} belongs to run {holder}, so run {wanted_by} was not started",
        run=holder,
        hint=f"look at that run: interlock show {holder}",
    )
