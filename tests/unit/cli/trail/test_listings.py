"""Verifying the listing of a store: what it may say of a run, also while runs go on."""

from typing import Any, cast

import pytest

from interlock.audit import SALTS_BYTES_MAX, Expected, seal
from interlock.cli.trail.verifying import verified
from interlock.journal import (
    Entry,
    ErrorInfo,
    Event,
    NodeInDoubt,
    NodeResolved,
    Record,
    RunHead,
    RunSettled,
    RunStarted,
    RunStatus,
    StoredValue,
    Value,
    encode_envelope,
    envelope_of,
    principal_of,
)
from interlock.store import MemoryStore, ReadStore
from interlock.values import Digest, Path, RunId

RUN = RunId("01RUN")
ADA = principal_of("ada").actor
PLAN = Digest("sha256:" + "1" * 64)
EMPTY = Value.of({})
STARTED = RunStarted(
    graph="pay",
    plan=PLAN,
    document=EMPTY,
    manifests=EMPTY,
    inputs=EMPTY,
    semantics=1,
    expressions="cel 0",
    principal=ADA,
)
LOST = ErrorInfo(code="IL6012", message="the line went dead")
DOUBT = NodeInDoubt(path=Path("a"), generation=1, attempt=1, error=LOST)
RESOLVED = NodeResolved(path=Path("a"), generation=1, verdict="failed")
SETTLED = RunSettled(status="failed", execution=PLAN)


def row(status: RunStatus, *, at_ms: int = 1) -> RunHead:
    return RunHead(
        run=RUN,
        graph="pay",
        plan=PLAN,
        status=status,
        created_ms=1,
        updated_ms=at_ms,
        execution=PLAN if status == "failed" else None,
    )


def write(store: MemoryStore, seq: int, event: Event, head: RunHead) -> None:
    envelope = envelope_of(RUN, Entry(event, at_ms=seq, seq=seq, epoch=1, actor=ADA))
    leaf, salts = seal(envelope, bytes(SALTS_BYTES_MAX))
    body = encode_envelope(envelope)
    values = (StoredValue(ref=EMPTY.ref, data=EMPTY.data),)
    record = Record(
        run=RUN, seq=seq, epoch=1, body=body, leaf=leaf, salts=salts, values=values, head=head
    )
    store.write([record])


def store_of(*events: Event, status: RunStatus) -> MemoryStore:
    store = MemoryStore()
    for seq, event in enumerate(events, 1):
        write(store, seq, event, row(status, at_ms=seq))
    return store


def told(store: ReadStore) -> list[str]:
    found = verified(store, (), published=None, expected=Expected()).findings
    assert {each.kind for each in found} <= {"misreported"}
    return [each.message for each in found]


STORIES: dict[str, tuple[Event, ...]] = {
    "open": (STARTED,),
    "in doubt": (STARTED, DOUBT),
    "resolved": (STARTED, DOUBT, RESOLVED),
    "ended": (STARTED, SETTLED),
}
MAY_SAY = {
    "open": {"queued", "running", "waiting", "paused"},
    "in doubt": {"running", "in_doubt", "paused"},
    "resolved": {"queued", "running", "waiting", "paused"},
    "ended": {"failed"},
}
STATUSES = ("queued", "running", "waiting", "paused", "in_doubt", "failed", "unheard_of")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", STORIES)
def test_a_listing_says_what_a_run_can_be(name: str, status: str):
    found = told(store_of(*STORIES[name], status=cast(RunStatus, status)))
    assert bool(found) == (status not in MAY_SAY[name]), found


class Busy:
    """A store to which a run adds its end in the moment its listing is read."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._is_over = False

    def heads(self, **options: Any) -> list[RunHead]:
        if not self._is_over:
            self._is_over = True
            write(self._store, 2, SETTLED, row("failed", at_ms=2))
        return self._store.heads(**options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_run_that_ends_while_the_store_is_verified_is_no_false_listing():
    store = store_of(STARTED, status="running")
    assert told(cast(ReadStore, Busy(store))) == []
    assert told(store) == []
