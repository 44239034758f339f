"""What a backend checks before it erases or prunes, the same for all."""

import re
from collections.abc import Collection, Iterable, Sequence

from interlock.audit import leaf_of, read_erased
from interlock.errors import ensure
from interlock.journal import Erasure, Rewritten, StoredEvent
from interlock.values import RunId, ValueRef

REFERENCE = re.compile(rb'"((?:hmac-)?sha256:[^"]*)"')


def check_kept(run: RunId, found: Sequence[StoredEvent], event: Rewritten) -> StoredEvent:
    """Refuse an erasure that would change a leaf of the log; give the event as it was.

    Raises:
        InternalError: it would, or there is no such event.
        JournalCorrupt: the event is not as it was written.
    """
    ensure(len(found) == 1, "an event was to be erased that is not there", run=run, seq=event.seq)
    (before,) = found
    ensure(
        leaf_of(event.body, event.salts, read_erased(event.erased))
        == leaf_of(before.body, before.salts, read_erased(before.erased)),
        "an erasure was to leave the leaf of an event as it is",
        run=run,
        seq=event.seq,
    )
    return before


def check_unnamed(erasure: Erasure, bodies: Iterable[bytes]) -> None:
    """Refuse an erasure of values that events of the run would still name.

    Raises:
        InternalError: one does.
    """
    refs = {ref.encode() for ref in erasure.refs}
    for body in bodies:
        ensure(
            refs.isdisjoint(REFERENCE.findall(body)),
            "a value was to be erased that an event still names",
            run=erasure.record.run,
        )


def unnamed(refs: Collection[ValueRef], bodies: Iterable[bytes]) -> set[ValueRef]:
    """Leave out the references that a body names."""
    left = set(refs)
    for body in bodies if left else ():
        left.difference_update(ValueRef(ref.decode()) for ref in REFERENCE.findall(body))
        if not left:
            break
    return left
