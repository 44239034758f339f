"""The runtime: the shell that carries out what the engine orders, over one store."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast, final

from interlock.actions import Registry
from interlock.engine import State, initial
from interlock.errors import (
    KeyTaken,
    LeaseHeld,
    RunNotFound,
    StoreError,
    UsageError,
    ensure,
)
from interlock.journal import (
    ENDED,
    Lease,
    LeaseChange,
    OwnerId,
    RunHead,
    RunRecovered,
    Who,
    principal_of,
    runtime_actor,
)
from interlock.plan import Plan
from interlock.replay import fold
from interlock.runtime.arguments import (
    expect,
    expect_callable,
    expect_count,
    expect_registry,
    expect_run,
    expect_store,
    resources_of,
)
from interlock.runtime.calls import Live, Watcher, World
from interlock.runtime.clock import Clock, Ids, SystemClock, SystemIds
from interlock.runtime.commits import CommitQueue, Sealer
from interlock.runtime.deciding import (
    Decision,
    Notify,
    Owning,
    post,
    roles_of,
    untold,
)
from interlock.runtime.decisions import Decisions
from interlock.runtime.driving import Driver, Observer
from interlock.runtime.listening import listen
from interlock.runtime.owning import Change, Leases, OnChange, migration, needs_owner, sets_within
from interlock.runtime.reading import read_entries
from interlock.runtime.results import RunResult, result_of
from interlock.runtime.scheduling import (
    ATTEMPTS_IN_FLIGHT_MAX,
    THREADS_MAX,
    CallLimit,
    Scheduler,
    checked_limits,
)
from interlock.runtime.starting import (
    CheckedStart,
    Queued,
    Queueing,
    Start,
    check_same,
    checked_start,
    compiled,
)
from interlock.store import INBOX_MESSAGES_MAX, Store, SubjectKeys
from interlock.values import RunId

if TYPE_CHECKING:
    from interlock.graph import AnyGraphFunction, Graph

ELSEWHERE_MS = 500
DRAIN_S_MAX = 10.0
SECRETS_IN_ENVIRONMENT = "INTERLOCK_SECRET_"


def environment_secret(name: str) -> str | None:
    """Look a secret up in the environment: `INTERLOCK_SECRET_<NAME>`."""
    return os.environ.get(SECRETS_IN_ENVIRONMENT + name.upper())


@final
class Runtime(Decisions):
    """Runs plans over a store.

    `async with Runtime(store, registry) as runtime: await runtime.run(plan)`.

    A runtime belongs to one event loop. Many runs may go on at once; their commits are grouped.

    Args:
        store: where journals go.
        registry: the actions.
        clock, ids: where times and ids come from; simulated ones are in `interlock.testing`.
        secrets: what `Context.secret` gives, by name; unless told, `INTERLOCK_SECRET_<NAME>`.
        resources: clients that actions get, by type, from `Context.resource`.
        notify: tells somebody that a gate is open, at least once, while the run goes on.
        watcher: is shown, in the loop, what actions say while they run: `Chunk` and `Heartbeat`.
        limits: how many calls of which actions may go on at a time, or be started in a second.
        attempts_in_flight_max: calls that go on at a time; beyond it, runs take turns.
        roles: who has a role. A gate that names one of these roles is decided by them alone; who
            may decide about others is not checked. A name is one however authenticated, or not at
            all; a `Principal` with `authenticated_by` only one who is authenticated so.

    Raises:
        UsageError: a limit fits no action of the registry, a role has no list of names, or an
            argument is of another type.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        secrets: Mapping[str, str] | Callable[[str], str | None] = environment_secret,
        resources: Iterable[object] = (),
        notify: Notify | None = None,
        watcher: Watcher | None = None,
        limits: Iterable[CallLimit] = (),
        attempts_in_flight_max: int = ATTEMPTS_IN_FLIGHT_MAX,
        roles: Mapping[str, Iterable[Who]] | None = None,
    ) -> None:
        expect_store(store)
        expect_registry(registry)
        expect_callable(notify, name="notify")
        expect_callable(watcher, name="watcher")
        expect_count(attempts_in_flight_max, name="attempts_in_flight_max")
        self.store = store
        self.registry = registry
        self.clock: Clock = clock or SystemClock()
        self._ids = ids or SystemIds()
        self.owner: OwnerId = self._ids.owner()
        self._world = World(
            clock=self.clock,
            threads=ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="interlock-action"),
            secrets=secrets,
            resources=resources_of(resources),
            sealer=Sealer(self._ids.chance),
            keys=Owning(SubjectKeys(store, self._ids.chance)),
            roles=roles_of(roles or {}),
            actor=runtime_actor(self.owner),
        )
        self._notify = notify
        self._watcher = watcher
        self._limits = checked_limits(limits, registry)
        self._in_flight_max = attempts_in_flight_max
        self._calls: Scheduler | None = None
        self._commits: CommitQueue | None = None
        self._drivers: dict[RunId, Driver] = {}
        self._queueing = Queueing(store, ids=self._ids, world=self._world)
        self._leases = Leases(
            store, self.owner, self.clock, on_renewed=self._renewed, on_lost=self._refused
        )
        self._listening: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._leaving = asyncio.Event()

    async def __aenter__(self) -> Self:
        if self._calls is not None:
            raise UsageError("the runtime was opened before", hint="make another one")
        if self._watcher is not None:
            self._world.live = Live(self._watcher, asyncio.get_running_loop())
        self._calls = Scheduler(self.clock, limits=self._limits, in_flight_max=self._in_flight_max)
        self._commits = CommitQueue(self.store, self._refused, self._failed)
        self._leases.open()
        if not getattr(self.store, "at_once", False):
            hearing = listen(self.store, self._drivers, closing=self._closing)
            self._listening = asyncio.create_task(hearing)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        queue, self._commits = self._queue, None
        self._closing.set()
        self._leaving.set()
        await self._queueing.settled()
        await asyncio.gather(*(driver.abandon() for driver in list(self._drivers.values())))
        await self._leases.close()
        if self._listening is not None:
            await self._listening
        queue.close()
        self._scheduler.close()
        self._world.threads.shutdown(wait=False, cancel_futures=True)

    @property
    def _queue(self) -> CommitQueue:
        if self._commits is None:
            raise UsageError(
                "the runtime is not open", hint="use `async with Runtime(...) as runtime:`"
            )
        return self._commits

    @property
    def _scheduler(self) -> Scheduler:
        ensure(self._calls is not None, "a runtime that is open has a scheduler")
        return cast(Scheduler, self._calls)

    async def run(
        self,
        plan: "AnyGraphFunction | Graph | Plan",
        inputs: Mapping[str, object] | None = None,
        *,
        run: RunId | None = None,
        key: str | None = None,
        principal: Who = "local",
        priority: int = 0,
        deadline_ms: int | None = None,
        observer: Observer | None = None,
    ) -> RunResult:
        """Start a run and drive it until it settles, is in doubt, or is drained.

        A `@graph` function is compiled against the runtime's registry, and takes Python values as
        inputs; a plan takes JSON data. The result is durable when this returns. With a `key` that
        a run has, nothing is started: that run is brought to where it ends or rests. It goes on
        here, as after `resume`, unless somebody else drives it, who is waited for. Of runs that
        wait for their turn, those of a higher `priority` (from -100 to 100) come first; the others
        have a turn now and then. What has not settled `deadline_ms` after the start is cancelled.

        Raises:
            DocumentInvalid: the graph does not compile; nothing was started.
            InputsInvalid: the inputs do not match; nothing was started.
            UsageError: the key belongs to a run of another plan, or with other inputs.
            RunChanged: that run is open, and what it has executed has changed.
            StoreError: the journal could not be written; dispatch has stopped.
        """
        expect_callable(observer, name="observer")
        start = Start(inputs=inputs or {}, key=key, priority=priority, deadline_ms=deadline_ms)
        given = self._checked(plan, start, principal)
        if key is not None and (earlier := self.store.heads(key=key, limit=1)):
            return await self._first(earlier[0].run, given, observer)
        run = self._new_id(run)
        event = given.event(now_ms=self.clock.now_ms())
        lease = self._leases.new(run)
        granted = LeaseChange(owner=self.owner, expires_ms=lease.expires_ms)
        state = initial(given.plan, run)
        driver = self._driver(
            state, None, lease, observer=observer, granted=granted, priority=priority
        )
        try:
            return await self._drive(
                driver, lease, lambda: driver.start(event, actor=given.principal)
            )
        except KeyTaken as taken:  # another start with this key came first after all
            return await self._first(RunId(taken.run), given, observer)

    async def _first(self, run: RunId, given: CheckedStart, observer: Observer | None) -> RunResult:
        """Bring the first run with a key to where it ends or rests, whoever drives it."""
        check_same(self.store, run, given)
        while not self._has_ended(run):
            with suppress(LeaseHeld):
                return await self.resume(run, observer=observer)
            if await sets_within(self._leaving, ELSEWHERE_MS / 1000):
                return replace(result_of(self.load(run)[0]), status="running")
        return result_of(self.load(run)[0])

    def _has_ended(self, run: RunId) -> bool:
        """Whether a run has ended, and nobody here is about to say so."""
        head = self.store.head(run)
        return run not in self._drivers and head is not None and head.status in ENDED

    async def enqueue(
        self,
        plan: "AnyGraphFunction | Graph | Plan",
        inputs: Mapping[str, object] | None = None,
        *,
        run: RunId | None = None,
        key: str | None = None,
        principal: Who = "local",
        priority: int = 0,
        deadline_ms: int | None = None,
    ) -> Queued:
        """Start a run and leave it to a `Worker`; the start is durable when this returns.

        The arguments are those of `run`. With a `key` that another run has, nothing is started, and
        that run is named. Workers begin runs of a higher `priority` first, but now and then the
        oldest one.

        Raises:
            DocumentInvalid, InputsInvalid: nothing was started.
            UsageError: the key belongs to a run of another plan, or with other inputs.
            StoreError: the journal could not be written.
        """
        start = Start(inputs=inputs or {}, key=key, priority=priority, deadline_ms=deadline_ms)
        given = self._checked(plan, start, principal)
        return await self._queueing.add(given, self._queue, run=self._new_id(run))

    def enqueue_many(
        self,
        plan: "AnyGraphFunction | Graph | Plan",
        starts: Iterable[Start],
        *,
        principal: Who = "local",
    ) -> AsyncIterator[Queued]:
        """Start many runs of one plan and leave them to workers, in bounded memory.

        `starts` is read as far as there is room, so it may be a generator. Each start is durable
        when it is given out, in order. When one is wrong, those before it are queued and given out
        first; then its error is raised.

        Raises:
            DocumentInvalid: the graph does not compile; nothing was started.
            InputsInvalid, UsageError: a start is wrong.
            StoreError: the journal could not be written.
        """
        expect(starts, Iterable, name="starts", hint="give several of `Start`")
        made, encode = compiled(plan, self.registry)
        by, keys = principal_of(principal).actor, self._world.keys
        found = (checked_start(made, encode, each, principal=by, keys=keys) for each in starts)
        return self._queueing.add_many(found, self._queue)

    def _checked(
        self, plan: "AnyGraphFunction | Graph | Plan", start: Start, principal: Who
    ) -> CheckedStart:
        made, encode = compiled(plan, self.registry)
        by = principal_of(principal).actor
        return checked_start(made, encode, start, principal=by, keys=self._world.keys)

    def _new_id(self, run: RunId | None) -> RunId:
        """The id of a new run.

        Raises:
            UsageError: there is one with the id that was given, or a run cannot have it.
        """
        if run is None:
            return self._ids.run(self.clock.now_ms())
        expect_run(run)
        is_known = run in self._drivers or self._queueing.is_waiting(run)
        if is_known or self.store.head(run) is not None:
            raise UsageError(
                f"there is a run `{run}` in this store",
                hint="leave `run` out; to start something once, give it a `key`",
            )
        return run

    async def resume(
        self,
        run: RunId,
        *,
        on_change: OnChange = "check",
        graph: "AnyGraphFunction | Graph | Plan | None" = None,
        actor: Who | None = None,
        observer: Observer | None = None,
    ) -> RunResult:
        """Take up a run whose process has ended, from its journal alone.

        Lost attempts are decided by what their actions declare: run again, sent again with the same
        key, asked for, or put in doubt. A settled run is returned as it is. When the code has
        changed, the run goes on with it, unless what was executed has changed, too: then
        `on_change` decides, which `actor` has chosen; without one the runtime takes a new plan. The
        graph stays the one that the run was started with, unless a new version is given as `graph`.

        Raises:
            RunChanged: what was executed has changed; nothing was done.
            DocumentInvalid, RunNotResumable: the graph is wrong, or the run takes no other.
            RunNotFound, LeaseHeld, JournalCorrupt
        """
        expect_run(run)
        return await self._take_up(run, Change.of(on_change, graph, actor), observer=observer)

    def claim(self, runs: Collection[RunId]) -> Collection[RunId]:
        """Lease those of many runs that are free, in one commit, for a `resume` in this moment."""
        return self._leases.claim([run for run in runs if run not in self._drivers])

    async def decide(
        self,
        run: RunId,
        decision: Callable[[State], Decision],
        *,
        actor: Who,
        observer: Observer | None = None,
    ) -> RunResult:
        """Decide something that depends on where the run stands; see `Decisions`.

        Raises:
            RunNotResumable: it makes no sense there; nothing was decided.
            NotAllowed: the actor has none of the roles that a gate asks.
            RunNotFound, JournalCorrupt
        """
        expect_run(run)
        expect_callable(decision, name="decision", is_needed=True)
        expect_callable(observer, name="observer")
        principal = principal_of(actor)
        live = await self._live(run)
        state = live.state if live is not None else self.load(run)[0]
        now_ms = self.clock.now_ms()
        message = post(
            decision,
            state,
            store=self.store,
            principal=principal,
            roles=self._world.roles,
            id_=self._ids.message(now_ms),
            now_ms=now_ms,
        )
        if live is not None:
            live.tell([message])
            return await self._watch(live)
        try:
            return await self._take_up(run, Change(), observer=observer)
        except LeaseHeld:
            return replace(result_of(state), status="running")

    async def _take_up(self, run: RunId, change: Change, *, observer: Observer | None) -> RunResult:
        """Go on with a run, if there is anything to be done that is not under way here."""
        expect_callable(observer, name="observer")
        if run in self._drivers:
            change.check_at_rest(run)
            return await self._watch(self._drivers[run])
        lease = self._lease(run)
        try:
            state, head = self.load(run)
            messages = self.store.inbox(run=run, limit=INBOX_MESSAGES_MAX)
            is_open = state.status is None
            is_due = change.opens(state)
            is_due = is_due or needs_owner(state, head, messages, now_ms=self.clock.now_ms())
            migrated = migration(state, self.registry, change, is_due=is_due)
            if not is_due and migrated is None:
                self.store.release(lease, taken=[message.id for message in messages])
                return result_of(state)
            is_new = head.status == "queued" and state.last_seq == 1 and migrated is None
            begun = initial(state.plan, run) if is_new else state
            driver = self._driver(begun, head, lease, observer=observer, priority=head.priority)
        except BaseException:
            self._leases.release(lease)
            raise

        def begin() -> None:
            if is_new:
                driver.begin(next(iter(read_entries(self.store, run))), told=messages)
            else:
                # A run that has ended is opened again behind the new plan, if not by its message.
                known = filter(None, (migrated, _recovered(lease) if is_open else change.reopened))
                driver.start(*known, actor=change.by or self._world.actor, told=messages)
            if is_open and not is_new and self._notify is not None:
                for opened in untold(state, head, read_entries(self.store, run)):
                    driver.notices.tell(opened)

        return await self._drive(driver, lease, begin)

    def load(self, run: RunId) -> tuple[State, RunHead]:
        """Fold the journal of a run.

        Raises:
            RunNotFound, JournalCorrupt, Divergence
        """
        head = self.store.head(run)
        if head is None:
            raise RunNotFound(f"no run `{run}` in this store", hint="`interlock runs` lists them")
        state = fold(run, read_entries(self.store, run))
        return state, head

    async def drain(self) -> None:
        """Start nothing any more; wait `DRAIN_S_MAX` for what is under way. Runs stay open."""
        self._leaving.set()
        drivers = list(self._drivers.values())
        for driver in drivers:
            driver.drain()
        if drivers:
            await asyncio.wait(
                [driver.finished.awaited() for driver in drivers], timeout=DRAIN_S_MAX
            )
        await asyncio.gather(*(driver.abandon() for driver in drivers))

    def _lease(self, run: RunId) -> Lease:
        """Lease a run that exists; then its journal cannot move any more."""
        if self.store.head(run) is None:
            raise RunNotFound(f"no run `{run}` in this store", hint="`interlock runs` lists them")
        return self._leases.take(run)

    def _driver(
        self,
        state: State,
        head: RunHead | None,
        lease: Lease,
        *,
        observer: Observer | None,
        granted: LeaseChange | None = None,
        priority: int = 0,
    ) -> Driver:
        return Driver(
            state,
            head=head,
            epoch=lease.epoch,
            registry=self.registry,
            world=self._world,
            commits=self._queue,
            scheduler=self._scheduler,
            priority=priority,
            may_leave=self._may_leave,
            on_end=self._ended,
            observer=observer,
            notify=self._notify,
            granted=granted,
        )

    async def _drive(self, driver: Driver, lease: Lease, begin: Callable[[], None]) -> RunResult:
        run = driver.state.run
        self._drivers[run] = driver
        self._leases.hold(lease)
        try:
            begin()
        except Exception as error:  # noqa: BLE001 - who waits is told, and the lease is let go
            driver.fail(error)
        return await self._watch(driver)

    async def _watch(self, driver: Driver) -> RunResult:
        """Wait for a run that is driven here. When the last who waits goes, it is abandoned."""
        driver.waiting += 1
        try:
            await driver.finished.awaited()
        except asyncio.CancelledError:
            if driver.waiting == 1:
                await driver.abandon()
            raise
        finally:
            driver.waiting -= 1
        return result_of(driver.state)

    async def _live(self, run: RunId) -> Driver | None:
        """The driver of a run that goes on here; one that is about to end is waited for."""
        driver = self._drivers.get(run)
        while driver is not None and (driver.ending or driver.has_let_go):
            await asyncio.wait([driver.finished.awaited()])
            driver = self._drivers.get(run)
        return driver

    def _ended(self, driver: Driver) -> None:
        """Forget a run in the moment in which nothing is left to do for it here."""
        del self._drivers[driver.state.run]
        self._leases.forget(driver.state.run, is_free=driver.has_let_go)

    def _may_leave(self, driver: Driver) -> bool:
        """Let go of a run with nothing to do but wait, unless somebody has decided something."""
        run = driver.state.run
        if driver.has_let_go:
            return True
        if self._leases.is_being_renewed(run):
            # Asked again when the lease is where it was; who stops it does not wait for that.
            return driver.draining
        head, taken = driver.left_with()
        try:
            is_free = self._leases.let_go(run, head=head, taken=taken)
            if not is_free and not driver.draining:
                driver.tell(self.store.inbox(run=run, limit=INBOX_MESSAGES_MAX))
                return False
        except (StoreError, UsageError) as error:
            # The row does not say where the run rests, so nobody is told that it does.
            driver.fail(error)
            return False
        return True

    def _renewed(self, run: RunId) -> None:
        self._drivers[run].end_if_idle()

    def _refused(self, run: RunId, error: Exception) -> None:
        if run in self._drivers:
            self._drivers[run].refuse(error)
        else:
            self._queueing.refuse(run, error)

    def _failed(self, error: StoreError) -> None:
        for driver in list(self._drivers.values()):
            driver.fail(error)
        self._queueing.fail(error)


def _recovered(lease: Lease) -> RunRecovered:
    return RunRecovered(owner=lease.owner, orderly=lease.orderly)
