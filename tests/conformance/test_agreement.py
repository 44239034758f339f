"""All our stores are driven together, and must agree in everything: results, errors, words."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from interlock.errors import InterlockError
from interlock.journal import Lease, OwnerId, Record, RunStatus, StoredValue
from interlock.store import INLINE_BYTES_MAX, Store, open_store
from interlock.testing import FaultyStore
from interlock.testing.store import A, B, C, head, message, record
from interlock.values import RunId, ValueRef, value_ref

IN_MEMORY = Path("/dev/shm")
"""Where an fsync costs nothing: what is shown here is agreement, not durability."""

RUNS = (A, B, C)
OWNERS = (OwnerId("me"), OwnerId("you"), OwnerId("they"))
KEYS = (None, "k1", "k2")
STATUSES: tuple[RunStatus, ...] = ("queued", "running", "waiting", "succeeded")
MESSAGES = ("1", "2", "3")
SIZES = (0, 1, 300, INLINE_BYTES_MAX, INLINE_BYTES_MAX + 1)
KEYED = ValueRef("hmac-sha256:k:" + "0" * 64)

runs = st.sampled_from(RUNS)
data = st.builds(
    lambda letter, size: letter * size, st.sampled_from((b"a", b"\0")), st.sampled_from(SIZES)
)


@st.composite
def stored_values(draw: st.DrawFn) -> StoredValue:
    """Mostly what it is called; now and then not, and now and then a reference with a key."""
    content = draw(data)
    ref = draw(st.sampled_from((value_ref(content), value_ref(content), value_ref(b"a"), KEYED)))
    return StoredValue(ref=ref, data=content, shared=draw(st.booleans()))


@st.composite
def parts(draw: st.DrawFn) -> tuple[RunId, int, int, list[Record]]:
    """Some records of one run, numbered from 1; with how far off their place and epoch are."""
    run = draw(runs)
    made = [
        record(
            run,
            seq,
            body=draw(data),
            values=draw(st.lists(stored_values(), max_size=2)),
            head=draw(
                st.none()
                | st.builds(
                    lambda status, key, wake_ms, priority, seq=seq: head(
                        run,
                        status=status,
                        key=key,
                        updated_ms=seq,
                        wake_ms=wake_ms,
                        priority=priority,
                    ),
                    st.sampled_from(STATUSES),
                    st.sampled_from(KEYS),
                    st.none() | st.integers(0, 60),
                    st.sampled_from((0, 0, 1, -1)),
                )
            ),
            taken=draw(st.lists(st.sampled_from(MESSAGES), max_size=1)),
        )
        for seq in range(1, draw(st.integers(1, 3)) + 1)
    ]
    offset = draw(st.sampled_from((0, 0, 0, 0, 0, 0, -1, 1)))
    return run, offset, draw(st.sampled_from((0, 0, 0, 0, -1, 1))), made


def outcome(action: Callable[[], object]) -> object:
    """Return what an action returned or raised, in a form that can be compared."""
    try:
        return action()
    except InterlockError as error:
        return type(error), error.code, str(error), vars(error)


class Agreement(RuleBasedStateMachine):
    leases = Bundle("leases")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
        self.stores: list[Store] = [
            open_store("memory:"),
            open_store(str(self.folder / "journal.db")),
            FaultyStore(open_store("memory:")),
        ]
        self.now_ms = 0
        self.epochs = dict.fromkeys(RUNS, 1)

    def teardown(self):
        for store in self.stores:
            store.close()
        shutil.rmtree(self.folder)

    def agreed(self, action: Callable[[Store], object]) -> object:
        first, *rest = [outcome(lambda store=store: action(store)) for store in self.stores]
        for other in rest:
            assert other == first
        return first

    @rule(drawn=st.lists(parts(), max_size=3), interleave=st.booleans())
    def write(self, drawn: list[tuple[RunId, int, int, list[Record]]], *, interleave: bool):
        batch = list[Record]()
        for run, offset, epoch_offset, made in drawn:
            start = len(self.stores[0].read(run)) + offset
            epoch = max(1, self.epochs[run] + epoch_offset)
            batch += [
                Record(
                    run=run,
                    seq=start + each.seq,
                    epoch=epoch,
                    body=each.body,
                    leaf=each.leaf,
                    salts=each.salts,
                    values=each.values,
                    head=each.head,
                    taken=each.taken,
                )
                for each in made
            ]
        if interleave:
            batch.sort(key=lambda each: (each.seq, each.run))
        self.agreed(lambda store: store.write(batch))

    @rule(
        target=leases,
        run=runs,
        owner=st.sampled_from(OWNERS),
        passed_ms=st.sampled_from((0, 1, 10, 11)),
        life_ms=st.sampled_from((0, 10)),
    )
    def lease(self, run: RunId, owner: OwnerId, passed_ms: int, life_ms: int):
        self.now_ms += passed_ms
        granted = self.agreed(
            lambda store: store.lease(run, owner, now_ms=self.now_ms, life_ms=life_ms)
        )
        if not isinstance(granted, Lease):
            return multiple()
        assert granted.epoch >= self.epochs[run]
        self.epochs[run] = granted.epoch
        return granted

    @rule(
        target=leases,
        some=st.lists(runs, max_size=3, unique=True),
        owner=st.sampled_from(OWNERS),
        passed_ms=st.sampled_from((0, 1, 10, 11)),
    )
    def lease_many(self, *, some: list[RunId], owner: OwnerId, passed_ms: int):
        self.now_ms += passed_ms
        granted = self.agreed(
            lambda store: store.lease_many(some, owner, now_ms=self.now_ms, life_ms=10)
        )
        if not isinstance(granted, list):
            return multiple()
        for lease in granted:
            assert lease.epoch >= self.epochs[lease.run]
            self.epochs[lease.run] = lease.epoch
        return multiple(*granted)

    @rule(
        lease=leases,
        status=st.none() | st.sampled_from(STATUSES),
        wake_ms=st.none() | st.integers(0, 60),
        taken=st.lists(st.sampled_from(MESSAGES), max_size=2),
    )
    def release(
        self, lease: Lease, status: RunStatus | None, wake_ms: int | None, taken: list[str]
    ):
        last = None if status is None else head(lease.run, status=status, wake_ms=wake_ms)
        self.agreed(lambda store: store.release(lease, head=last, taken=taken))

    @rule(run=runs, name=st.sampled_from(MESSAGES), body=st.sampled_from((b"", b"{}")))
    def post(self, run: RunId, name: str, body: bytes):
        self.agreed(lambda store: store.post(message(run, name, body=body)))

    @rule(run=st.none() | runs, after=st.integers(-1, 9), limit=st.integers(-1, 5))
    def read_inbox(self, run: RunId | None, after: int, limit: int):
        self.agreed(lambda store: store.inbox(run=run, after=after, limit=limit))

    @rule(passed_ms=st.integers(0, 20), limit=st.integers(-1, 4), by_age=st.booleans())
    def list_ready(self, *, passed_ms: int, limit: int, by_age: bool):
        now_ms = self.now_ms + passed_ms
        self.agreed(lambda store: store.ready(now_ms=now_ms, limit=limit, by_age=by_age))

    @rule(
        statuses=st.none() | st.sets(st.sampled_from(STATUSES)),
        key=st.sampled_from(KEYS),
        before=st.none() | runs,
        limit=st.integers(0, 3),
    )
    def list_heads(
        self, statuses: set[RunStatus] | None, key: str | None, before: RunId | None, limit: int
    ):
        self.agreed(
            lambda store: store.heads(statuses=statuses, key=key, before=before, limit=limit)
        )

    @rule(run=runs, after=st.integers(-1, 9), limit=st.integers(-1, 9))
    def read(self, run: RunId, after: int, limit: int):
        self.agreed(lambda store: store.read(run, after=after, limit=limit))

    @rule(run=runs, refs=st.lists(stored_values().map(lambda stored: stored.ref)))
    def values(self, run: RunId, refs: list[ValueRef]):
        self.agreed(lambda store: store.values(run, refs))

    @invariant()
    def all_is_the_same(self):
        for run in RUNS:
            self.agreed(lambda store, run=run: store.read(run))
            self.agreed(lambda store, run=run: store.head(run))
            self.agreed(lambda store, run=run: store.values(run, [KEYED]))
        self.agreed(lambda store: store.heads())
        self.agreed(lambda store: store.inbox())
        self.agreed(lambda store: store.ready(now_ms=self.now_ms))
        self.agreed(lambda store: store.leaves())
        self.agreed(lambda store: (store.log_size(), store.tile(0, 0), store.tile(1, 0)))


TestAgreement = Agreement.TestCase
