"""What the log costs: for each event that is written, for a proof, and to verify it all.

    python -m benchmarks.auditing          times of this machine, in microseconds an event

The journal alone is what stands in `encode_entry`; everything else that is timed exists for the
log. Times are the best of many short ones: this asks what the work costs, not how busy the machine
is.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path as File
from time import perf_counter_ns, process_time, process_time_ns
from typing import Any, TypeVar, cast

from benchmarks.unlogged import inserted
from interlock.audit import (
    SALTS_BYTES_MAX,
    Frontier,
    leaf_hash,
    prove_inclusion,
    seal,
    verify_log,
)
from interlock.journal import (
    Entry,
    NodeSettled,
    Record,
    StoredEvent,
    StoredValue,
    Value,
    encode_entry,
    envelope_of,
    owner_id,
    runtime_actor,
    values_of,
)
from interlock.runtime.commits import Sealer
from interlock.store import (
    EVENTS_READ_DEFAULT,
    MemoryStore,
    ReadStore,
    Store,
    kept_log,
    log_tree,
    open_store,
)
from interlock.store.sqlite.writer import Writer
from interlock.values import Path, RunId, digest

RUN = RunId("01JDZ6Q3W5V7X8Y9Z0A1B2C3D4")
BY = runtime_actor(owner_id(host="host", process=1, salt=b"salt"))
ROUNDS, CALLS = 300, 300
EVENTS = 20_000
LOG_EVENTS = 1_000_000
PROOFS = 1_000
BATCH = 50_000
GROUP = 250

T = TypeVar("T")


def entry(seq: int = 1) -> Entry:
    """Make the event that most runs have most of: a node that ran ahead."""
    settled = NodeSettled(
        path=Path(f"n{seq}"),
        generation=1,
        status="succeeded",
        attempt=1,
        call_key=digest("call-key", seq),
        output=Value.of({"x": seq, "ok": True}),
        started_ms=1_790_000_000_000,
        ahead=True,
    )
    return Entry(settled, 1_790_000_000_000, seq, 1, BY, (seq - 1,))


def us_of(work: Callable[[], object]) -> float:
    """Time a call, in microseconds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = perf_counter_ns()
        for _ in range(CALLS):
            work()
        best = min(best, perf_counter_ns() - began)
    return round(best / CALLS / 1_000, 3)


def appending() -> dict[str, float]:
    """Time what is done for each event."""
    one, chance, sealer = entry(), os.urandom(SALTS_BYTES_MAX), Sealer(os.urandom)
    envelope = envelope_of(RUN, one)
    leaf, _ = seal(envelope, chance)
    hashes = [leaf_hash(os.urandom(8)) for _ in range(CALLS)]
    journal = us_of(lambda: encode_entry(RUN, one))
    return {
        "journal": journal,
        "sealing": round(us_of(lambda: sealer.seal(RUN, one)) - journal, 3),
        "hash of the leaf": us_of(lambda: leaf_hash(leaf)),
        "growing the tree": round(us_of(lambda: Frontier().extend(hashes)) / CALLS, 3),
    }


def records(count: int) -> list[Record]:
    """Seal so many events, as a runtime does."""
    sealer = Sealer(os.urandom)
    made: list[Record] = []
    for seq in range(1, count + 1):
        one = entry(seq)
        body, leaf, salts = sealer.seal(RUN, one)
        values = tuple(StoredValue(ref=each.ref, data=each.data) for each in values_of(one.event))
        made.append(
            Record(run=RUN, seq=seq, epoch=1, body=body, leaf=leaf, salts=salts, values=values)
        )
    return made


def write(store: Store, made: list[Record]) -> float:
    """Put events into a store, in groups; return what the quickest took, in us an event."""
    best = float("inf")
    for start in range(0, len(made), GROUP):
        group = made[start : start + GROUP]
        began = process_time_ns()
        store.write(group)
        best = min(best, process_time_ns() - began)
    return best / GROUP / 1_000


def writing() -> dict[str, float]:
    """Time what a file takes for an event, and what of it is for the log."""
    made = records(EVENTS)
    bare = [replace(each, leaf=b"", salts=b"") for each in made]
    whole = in_a_file(lambda store: write(store, made))
    kept = Writer._insert  # noqa: SLF001
    cast(Any, Writer)._insert = inserted  # noqa: SLF001
    without = in_a_file(lambda store: write(store, bare))
    cast(Any, Writer)._insert = kept  # noqa: SLF001
    return {"a file": round(whole, 3), "of it hashes, tree and rows": round(whole - without, 3)}


def pages(store: ReadStore, size: int) -> Iterator[tuple[RunId, StoredEvent]]:
    """Read the events of a log as `audit verify` does."""
    for first in range(0, size, EVENTS_READ_DEFAULT):
        yield from store.leaves(first=first, limit=EVENTS_READ_DEFAULT)


def verifying(store: Store) -> int:
    """Return how many events are read and verified in a second of one core."""
    write(store, records(EVENTS))
    best = float("inf")
    for _ in range(5):
        began = process_time()
        verdict = verify_log(pages(store, EVENTS), kept_log(store))
        best = min(best, process_time() - began)
        if verdict.findings:
            raise SystemExit(f"an honest log is refused: {verdict.findings[0]}")
    return round(EVENTS / best)


def proving(store: Store) -> dict[str, float]:
    """Return how long a proof takes in a log of a million events, in milliseconds."""
    leaf = b"x" * 400
    for start in range(0, LOG_EVENTS, BATCH):
        seqs = range(start + 1, start + BATCH + 1)
        store.write([Record(run=RUN, seq=seq, epoch=1, body=b"", leaf=leaf) for seq in seqs])
    took: list[int] = []
    for index in range(0, LOG_EVENTS, LOG_EVENTS // PROOFS):
        began = process_time_ns()
        prove_inclusion(index, LOG_EVENTS, log_tree(store))
        took.append(process_time_ns() - began)
    at = sorted(took)
    shown = {"median": at[PROOFS // 2], "of 100, all but one": at[PROOFS * 99 // 100]}
    return {name: round(each / 1e6, 3) for name, each in shown.items()}


def in_a_file(work: Callable[[Store], T]) -> T:
    """Do it with a store in a file, in the folder that TMPDIR names."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_store(str(File(folder, "journal.db")))) as store,
    ):
        return work(store)


if __name__ == "__main__":
    found = {
        "us_an_event": appending() | writing(),
        "verified_events_a_second": {
            "memory": verifying(MemoryStore()),
            "file": in_a_file(verifying),
        },
        "ms_a_proof": {"memory": proving(MemoryStore()), "file": in_a_file(proving)},
    }
    print(json.dumps(found, indent=2))
