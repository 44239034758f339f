"""A batch by run: the checks that need no store, done once for every backend."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from interlock.errors import LimitExceeded, StoreFailed
from interlock.journal import Record, RunHead
from interlock.values import RunId

RECORDS_MAX = 65_536
"""Records in one batch: a bound on the memory and the time of one commit."""


@dataclass(slots=True, kw_only=True)
class RunPart:
    """The records of one run in a batch. `epoch` is the lowest of theirs: it decides on fencing."""

    run: RunId
    first: int
    epoch: int
    records: list[Record] = field(default_factory=list[Record])
    head: RunHead | None = None


def by_run(records: Sequence[Record]) -> dict[RunId, RunPart]:
    """Split a batch by run, in order of first appearance.

    Raises:
        StoreFailed: the records of a run do not follow one another.
        LimitExceeded: the batch is too long.
    """
    if len(records) > RECORDS_MAX:
        raise LimitExceeded(
            f"a batch of {len(records)} records is over the limit of {RECORDS_MAX}",
            hint="write it in several batches",
        )
    parts: dict[RunId, RunPart] = {}
    for record in records:
        part = parts.get(record.run)
        if part is None:
            part = RunPart(run=record.run, first=record.seq, epoch=record.epoch)
            parts[record.run] = part
        elif record.seq != part.first + len(part.records):
            raise out_of_order(record.run, record.seq, part.first + len(part.records))
        elif record.epoch < part.epoch:
            part.epoch = record.epoch
        part.records.append(record)
        if record.head is not None:
            part.head = record.head
    return parts


def out_of_order(run: RunId, got: int, expected: int) -> StoreFailed:
    """Make the error for a gap or a repeat in the events of a run."""
    problem = "would leave a gap" if got > expected else "is there already"
    return StoreFailed(
        f"event {got} of run {run} {problem}: the next event is {expected}; nothing was written",
        hint="read the run again and continue from its last event",
        code="IL7018",
    )
