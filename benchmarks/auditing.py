"""What the log costs: for each event that is written, for a proof, and to verify it all.

    python -m benchmarks.auditing          times of this machine, in microseconds an event

The journal alone is what stands in `encode_entry`; everything else that is timed exists for the
log. Times are the best of many short ones: this asks what the work costs, not how busy the machine
is.
"""

import json
import os
from collections.abc import Callable
from time import perf_counter_ns, process_time

from interlock.audit import (
    SALTS_BYTES_MAX,
    Frontier,
    KeptLog,
    leaf_hash,
    prove_inclusion,
    seal,
    verify_log,
)
from interlock.journal import (
    Entry,
    NodeSettled,
    Record,
    Value,
    encode_entry,
    envelope_of,
    owner_id,
    runtime_actor,
)
from interlock.runtime.commits import Sealer
from interlock.store import MemoryStore, log_tree
from interlock.values import Path, RunId, digest

RUN = RunId("01JDZ6Q3W5V7X8Y9Z0A1B2C3D4")
BY = runtime_actor(owner_id(host="host", process=1, salt=b"salt"))
ROUNDS, CALLS = 300, 300
EVENTS = 20_000
LOG_EVENTS = 1_000_000
BATCH = 50_000


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


def written(count: int) -> MemoryStore:
    """Make a store with so many events."""
    store, sealer = MemoryStore(), Sealer(os.urandom)
    records: list[Record] = []
    for seq in range(1, count + 1):
        body, leaf, salts = sealer.seal(RUN, entry(seq))
        records.append(Record(run=RUN, seq=seq, epoch=1, body=body, leaf=leaf, salts=salts))
    for start in range(0, count, BATCH):
        store.write(records[start : start + BATCH])
    return store


def verifying() -> float:
    """Return how many events are verified in a second of one core."""
    store = written(EVENTS)
    events = store.leaves(limit=EVENTS)
    best = float("inf")
    for _ in range(5):
        began = process_time()
        verdict = verify_log(events, KeptLog(size=EVENTS, tile=store.tile))
        best = min(best, process_time() - began)
        if verdict.findings:
            raise SystemExit(f"an honest log is refused: {verdict.findings[0]}")
    return round(EVENTS / best)


def proving() -> float:
    """Return how long a proof takes at most in a log of a million events, in milliseconds."""
    store, leaf = MemoryStore(), b"x" * 400
    for start in range(0, LOG_EVENTS, BATCH):
        seqs = range(start + 1, start + BATCH + 1)
        store.write([Record(run=RUN, seq=seq, epoch=1, body=b"", leaf=leaf) for seq in seqs])

    def once(index: int) -> int:
        began = perf_counter_ns()
        prove_inclusion(index, LOG_EVENTS, log_tree(store))
        return perf_counter_ns() - began

    step = LOG_EVENTS // 50
    took = [min(once(index) for _ in range(5)) for index in range(0, LOG_EVENTS, step)]
    return round(max(took) / 1e6, 3)


if __name__ == "__main__":
    found = {
        "us_an_event": appending(),
        "verified_events_a_second": verifying(),
        "proof_ms_max": proving(),
    }
    print(json.dumps(found, indent=2))
