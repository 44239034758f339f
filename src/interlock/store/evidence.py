"""Bytes that were read, held against what they were called when they were written."""

from interlock.errors import JournalCorrupt
from interlock.values import RunId, ValueRef, value_ref

PLAIN = "sha256:"


def check_value(run: RunId, ref: ValueRef, data: bytes) -> None:
    """Check the bytes of a value against its reference.

    A reference keyed to a data subject (`hmac-sha256:`) can be checked only where its key is.

    Raises:
        JournalCorrupt: they differ.
    """
    if not ref.startswith(PLAIN):
        return
    actual = value_ref(data)
    if actual != ref:
        raise JournalCorrupt(
            f"value {ref} of run {run} does not match its digest: the {len(data)} bytes that are "
            f"stored have {actual}",
            hint="restore the store from a backup; until then do not resume this run",
        )
