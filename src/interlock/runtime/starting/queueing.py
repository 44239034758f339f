"""Starts that are durable before anybody drives them: runs of status `queued`.

A queued run is its `RunStarted`, of epoch 0, and its row in listings. Whoever leases it first
begins it; nothing has to be recovered.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import final

from interlock.errors import KeyTaken, StoreError
from interlock.journal import Entry, Record, RunHead, started_values
from interlock.runtime.calls import World
from interlock.runtime.clock import Ids
from interlock.runtime.commits import CommitQueue
from interlock.runtime.starting.keys import check_same
from interlock.runtime.starting.starts import CheckedStart
from interlock.store import Store
from interlock.values import RunId, immutable

TOGETHER_MAX = 1_000
"""Starts of `enqueue_many` that are in memory at a time, and that one commit makes durable."""

UNOWNED = 0
"""The epoch of a run that no owner has had."""


@immutable()
class Queued:
    """A run that waits in the journal for a worker.

    Not `is_new` when it was there before, with the same key.
    """

    run: RunId
    is_new: bool = True


@immutable()
class Waiting:
    """A start on its way into the journal."""

    done: "asyncio.Future[None]"
    key: str | None


@final
class Queueing:
    """Makes starts durable through the commit queue of a runtime; belongs to one event loop."""

    def __init__(self, store: Store, *, ids: Ids, world: World) -> None:
        self._store = store
        self._ids = ids
        self._world = world
        self._waiting: dict[RunId, Waiting] = {}
        self._keys: dict[str, RunId] = {}

    def is_waiting(self, run: RunId) -> bool:
        """Whether a run is on its way into the journal."""
        return run in self._waiting

    async def add(
        self, given: CheckedStart, commits: CommitQueue, *, run: RunId | None = None
    ) -> Queued:
        """Queue a run; durable when this returns.

        Raises:
            StoreError: the store failed, or took nothing of this run.
            UsageError: its key belongs to a run of something else.
        """
        key = given.start.key
        first = self._first_with(key) if key is not None else None
        try:
            if first is not None:
                if first in self._waiting:
                    await asyncio.shield(self._waiting[first].done)
                return self._known(first, given)
            run = run or self._ids.run(self._world.clock.now_ms())
            await asyncio.shield(self._append(run, given, commits))
        except KeyTaken as taken:  # Another process came first after all.
            return self._known(RunId(taken.run), given)
        return Queued(run=run)

    def _known(self, run: RunId, given: CheckedStart) -> Queued:
        check_same(self._store, run, given)
        return Queued(run=run, is_new=False)

    async def add_many(
        self, starts: Iterator[CheckedStart], commits: CommitQueue
    ) -> AsyncIterator[Queued]:
        """Queue runs, in bounded memory; each is durable when it is given out.

        What `starts` raises is raised when all that came before is durable, and was given out.
        """
        while True:
            taken, problem = _next_of(starts)
            adding = (self.add(each, commits) for each in taken)
            for queued in await asyncio.gather(*adding, return_exceptions=True):
                if isinstance(queued, BaseException):
                    raise queued
                yield queued
            if problem is not None:
                raise problem
            if not taken:
                break

    def refuse(self, run: RunId, error: Exception) -> None:
        """Tell who waits that the store took nothing of a run."""
        self._end(run, error)

    def fail(self, error: StoreError) -> None:
        """Tell all who wait that the store failed."""
        for run in list(self._waiting):
            self._end(run, error)

    async def settled(self) -> None:
        """Wait until nothing is on its way any more."""
        if self._waiting:
            await asyncio.wait([each.done for each in self._waiting.values()])

    def _first_with(self, key: str) -> RunId | None:
        if key in self._keys:
            return self._keys[key]
        heads = self._store.heads(key=key, limit=1)
        return heads[0].run if heads else None

    def _append(
        self, run: RunId, given: CheckedStart, commits: CommitQueue
    ) -> "asyncio.Future[None]":
        now_ms = self._world.clock.now_ms()
        event = given.event(now_ms=now_ms)
        entry = Entry(event, now_ms, seq=1, epoch=UNOWNED, actor=given.principal)
        head = RunHead(
            run=run,
            graph=event.graph,
            plan=event.plan,
            status="queued",
            created_ms=now_ms,
            updated_ms=now_ms,
            key=event.key,
            priority=given.start.priority,
        )
        done = asyncio.get_running_loop().create_future()
        body, leaf, salts = self._world.sealer.seal(run, entry)
        record = Record(
            run=run,
            seq=1,
            epoch=UNOWNED,
            body=body,
            leaf=leaf,
            salts=salts,
            values=started_values(event),
            head=head,
        )
        position = commits.append(record)
        self._waiting[run] = Waiting(done=done, key=event.key)
        if event.key is not None:
            self._keys[event.key] = run
        commits.when_durable(position, lambda: self._end(run, None))
        return done

    def _end(self, run: RunId, error: Exception | None) -> None:
        waiting = self._waiting.pop(run, None)
        if waiting is None:
            return
        if waiting.key is not None:
            del self._keys[waiting.key]
        if error is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(error)
            waiting.done.exception()  # There may be nobody who waits for it.


def _next_of(starts: Iterator[CheckedStart]) -> tuple[list[CheckedStart], Exception | None]:
    """Take the next starts, and what was raised instead of another one."""
    taken: list[CheckedStart] = []
    try:
        for each in islice(starts, TOGETHER_MAX):
            taken.append(each)  # noqa: PERF402 - what came before an error counts
    except Exception as error:  # noqa: BLE001 - raised behind what came before it
        return taken, error
    return taken, None
