"""What a store keeps: bytes and digests, nothing typed.

The runtime encodes events into records; a store writes and returns them. So a store never needs to
know an event.
"""

from typing import Literal

from interlock.journal.actors import Actor
from interlock.journal.owners import OwnerId
from interlock.values import Digest, RunId, ValueRef, immutable

STORE_JOURNAL = RunId("store")
"""The run id of the journal of a store itself (see `keeping.py`): that of no run."""

STORE_EPOCH = 1
"""Nobody owns that journal: its order is that of `seq`."""

RunStatus = Literal[
    "queued",
    "running",
    "waiting",
    "paused",
    "in_doubt",
    "succeeded",
    "failed",
    "refused",
    "cancelled",
]

ENDED: frozenset[RunStatus] = frozenset(("succeeded", "failed", "refused", "cancelled"))
"""What a run is after its `RunSettled`."""


@immutable()
class RunHead:
    """The row of a run in listings.

    A projection of its events, written in their transaction. `wake_ms` is when a waiting run has to
    be taken up again; of queued runs those of a higher `priority` are begun first.
    """

    run: RunId
    graph: str
    plan: Digest
    status: RunStatus
    created_ms: int
    updated_ms: int
    key: str | None = None
    execution: Digest | None = None
    wake_ms: int | None = None
    priority: int = 0


MessageKind = Literal[
    "decide",
    "signal",
    "cancel",
    "cancel_node",
    "pause",
    "unpause",
    "resolve",
    "reopen",
]


@immutable()
class Message:
    """A decision from outside, on its way to the owner of a run.

    `id` is known in its run for good: what is posted again under it is not taken twice. `body` is
    canonical JSON. `number` is given by the store and grows with every message of all runs; it is 0
    before.
    """

    id: str
    run: RunId
    kind: MessageKind
    body: bytes
    actor: Actor
    created_ms: int
    number: int = 0


@immutable()
class StoredValue:
    """A value by reference. `shared` ones live once, in the blob table."""

    ref: ValueRef
    data: bytes
    shared: bool = False


@immutable()
class LeaseChange:
    """A lease that is granted or let go in the transaction of a record.

    It is of the record's epoch.

    No owner lets it go. So a short run costs no commit of its own for its lease.
    """

    owner: OwnerId | None
    expires_ms: int = 0


@immutable()
class Record:
    """One event of a run as bytes.

    With it come the values it names that the store may not have yet, and the run's new head.

    `seq` counts from 1 without gaps. `epoch` is the lease epoch under which the event was made: a
    store refuses the records of a run whose lease has moved on. `leaf` is what the log of the store
    holds of it, and `salts` what its commitments were made with. `taken` names the messages that
    became this event: they leave the inbox in its transaction.
    """

    run: RunId
    seq: int
    epoch: int
    body: bytes
    leaf: bytes
    salts: bytes = b""
    values: tuple[StoredValue, ...] = ()
    head: RunHead | None = None
    lease: LeaseChange | None = None
    taken: tuple[str, ...] = ()


@immutable(kw_only=False)
class StoredEvent:
    """One event as a store returns it, with its fields in the order of its row.

    `leaf_index` is its place in the log, counted from 0. `erased` has the commitments of parts that
    were erased; none of them, no bytes. Without a body, its content was pruned: what is known of it
    is its place, and the hash of its leaf in the log.
    """

    seq: int
    epoch: int
    body: bytes
    leaf_index: int
    salts: bytes
    erased: bytes = b""


@immutable()
class Rewritten:
    """What is stored of an event from now on; its leaf stays as it is."""

    seq: int
    body: bytes
    salts: bytes
    erased: bytes


@immutable()
class Erasure:
    """What a store destroys of one run.

    `events` are those that lose parts, `refs` what none of them names any more. `record` is the
    event that tells of it: the next one of the run. `holds_seen` is the seq of the last event of
    the journal of the store that whoever erases has seen: a newer one may be a hold.
    """

    events: tuple[Rewritten, ...]
    refs: tuple[ValueRef, ...]
    record: Record
    holds_seen: int | None = None


@immutable()
class PrunedRun:
    """What a store destroys of one run whose time is over.

    Its values go, but for those that are shared. `epoch` is that of the lease under which this is
    done, `last` the seq of its last event. `emptied` are the seqs of events whose content goes:
    body and salts. `kept` are events that lose parts. `head` is its row from then on.
    """

    run: RunId
    epoch: int
    last: int
    emptied: tuple[int, ...] = ()
    kept: tuple[Rewritten, ...] = ()
    head: RunHead | None = None


@immutable()
class Pruning:
    """What a store destroys of some runs, and the event that tells of it."""

    runs: tuple[PrunedRun, ...]
    record: Record


@immutable()
class Lease:
    """The right to append to a run. A higher epoch always wins.

    `orderly`: whoever wrote the last event of the run let it go, and did not end unexpectedly.
    """

    run: RunId
    owner: OwnerId
    epoch: int
    expires_ms: int
    orderly: bool = False
