"""A batch by run: the checks that need no stored bytes, made once for every backend."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field

from interlock.errors import KeyTaken, LimitExceeded, StoreFailed, UsageError
from interlock.journal import LeaseChange, Record, RunHead
from interlock.store.protocol import StoreStatistics
from interlock.values import RunId, maker, mutable

RECORDS_MAX = 65_536
"""Records in one batch: a bound on the memory and the time of one commit."""

RUN_ID_CHARACTERS_MAX = 128


@mutable(kw_only=True)
class RunPart:
    """The records of one run in a batch. `epoch` is the lowest of theirs: it decides on fencing."""

    run: RunId
    first: int
    epoch: int
    records: list[Record] = field(default_factory=list)
    head: RunHead | None = None
    lease: LeaseChange | None = None
    taken: list[str] = field(default_factory=list)


_run_part = maker(RunPart)


def by_run(records: Sequence[Record]) -> dict[RunId, RunPart]:
    """Split a batch by run, in order of first appearance.

    Raises:
        StoreFailed: the records of a run do not follow one another.
        LimitExceeded: the batch is too long.
        UsageError: a run id is not one.
    """
    if len(records) > RECORDS_MAX:
        raise LimitExceeded(
            f"a batch of {len(records)} records is over the limit of {RECORDS_MAX}",
            hint="write it in several batches",
        )
    parts: dict[RunId, RunPart] = {}
    for record in records:
        run = record.run
        part = parts.get(run)
        if part is None:
            check_run_id(run)
            part = parts[run] = _run_part(run=run, first=record.seq, epoch=record.epoch)
        elif record.seq != part.first + len(part.records):
            raise out_of_order(run, got=record.seq, expected=part.first + len(part.records))
        elif record.epoch < part.epoch:
            part.epoch = record.epoch
        part.records.append(record)
        if record.head is not None:
            part.head = record.head
        if record.lease is not None:
            part.lease = record.lease
        if record.taken:
            part.taken += record.taken
    return parts


def check_run_id(run: RunId) -> None:
    """Refuse an id that could not be printed, typed or listed.

    Raises:
        UsageError: the id is empty, too long, or not printable ASCII.
    """
    if not (0 < len(run) <= RUN_ID_CHARACTERS_MAX and run.isascii() and run.isprintable()):
        raise UsageError(
            f"{run!r:.200} is not the id of a run",
            hint=f"use 1 to {RUN_ID_CHARACTERS_MAX} printable ASCII characters; `ulid` makes one",
        )


def out_of_order(run: RunId, *, got: int, expected: int) -> StoreFailed:
    """Make the error for a gap or a repeat in the events of a run."""
    problem = "would leave a gap" if got > expected else "is there already"
    return StoreFailed(
        f"event {got} of run {run} {problem}: the next event is {expected}; nothing was written",
        hint="read the run again and continue after its last event",
        code="IL7018",
    )


def keys_changed(
    heads: Iterable[RunHead],
    *,
    key_of: Callable[[RunId], str | None],
    holder_of: Callable[[str], RunId | None],
) -> dict[str, RunId | None]:
    """Return who gets which key when heads are written one after the other; None: nobody has it.

    Args:
        heads: one head a run, in the order in which they are written.
        key_of: the key that a run has in the store.
        holder_of: the run that has a key in the store.

    Raises:
        KeyTaken: a key belongs to another run.
    """
    changed: dict[str, RunId | None] = {}
    for head in heads:
        old = key_of(head.run)
        if old is not None:
            changed[old] = None
        if head.key is None:
            continue
        holder = changed[head.key] if head.key in changed else holder_of(head.key)
        if holder is not None and holder != head.run:
            raise KeyTaken(
                f"key {head.key!r} belongs to run {holder}, so run {head.run} was not started",
                run=holder,
                hint=f"look at that run: interlock show {holder}",
            )
        changed[head.key] = head.run
    return changed


def counted(before: StoreStatistics, parts: Iterable[RunPart]) -> StoreStatistics:
    """Add a batch that was written to the counters."""
    events = values = size = 0
    for part in parts:
        events += len(part.records)
        for record in part.records:
            size += len(record.body)
            for value in record.values:
                if not value.shared:
                    values += 1
                    size += len(value.data)
    return StoreStatistics(
        commits=before.commits + 1,
        events=before.events + events,
        values=before.values + values,
        bytes=before.bytes + size,
    )
