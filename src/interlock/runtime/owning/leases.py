"""The leases of the runs that go on in one process: renewed until they are let go."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar, final

from interlock.errors import LeaseLost, StoreError, UsageError
from interlock.journal import Lease, OwnerId, RunHead
from interlock.runtime.clock import Clock
from interlock.store import Store
from interlock.values import RunId

LEASE_MS = 60_000

TOGETHER_MAX = 256
"""Leases renewed in one commit: nobody else commits meanwhile."""

T = TypeVar("T")
Lost = Callable[[RunId, Exception], None]


@final
class Leases:
    """Holds leases for one owner; belongs to one event loop.

    Args:
        store: where they are.
        owner: whose they are.
        clock: tells when they have to be renewed.
        on_renewed: told of each run whose lease was renewed: it could not be let go meanwhile.
        on_lost: told of each run that has another owner now, or whose lease cannot be renewed.

    `held` has them by run.
    """

    def __init__(
        self,
        store: Store,
        owner: OwnerId,
        clock: Clock,
        *,
        on_renewed: Callable[[RunId], None],
        on_lost: Lost,
    ) -> None:
        self._store = store
        self._owner = owner
        self._clock = clock
        self._on_renewed = on_renewed
        self._on_lost = on_lost
        self.held: dict[RunId, Lease] = {}
        self._claimed: dict[RunId, Lease] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="interlock-lease")
        self._being_renewed: frozenset[RunId] = frozenset()
        self._closing = asyncio.Event()
        self._renewal: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to renew."""
        self._renewal = asyncio.create_task(self._renew())

    async def close(self) -> None:
        """Renew no more. Leases that are still held end with their process."""
        for lease in self._claimed.values():
            self.release(lease)
        self._closing.set()
        if self._renewal is not None:
            await self._renewal
        self._thread.shutdown(wait=True)

    def new(self, run: RunId) -> Lease:
        """Make the lease of a run that begins here; its first event brings it to the store."""
        expires_ms = self._clock.now_ms() + LEASE_MS
        return Lease(run=run, owner=self._owner, epoch=1, expires_ms=expires_ms)

    def take(self, run: RunId) -> Lease:
        """Lease a run that exists; then its journal cannot move any more.

        Raises:
            LeaseHeld: it has an owner.
        """
        return self._claimed.pop(run, None) or self._lease(run, self._clock.now_ms())

    def claim(self, runs: Collection[RunId]) -> Collection[RunId]:
        """Lease those runs that are free, in one commit, for whoever takes them in this moment."""
        leases = self._lease_many(runs, self._clock.now_ms())
        self._claimed |= {lease.run: lease for lease in leases}
        return {lease.run for lease in leases}

    def hold(self, lease: Lease) -> None:
        """Renew a lease from now on."""
        self.held[lease.run] = lease

    def is_being_renewed(self, run: RunId) -> bool:
        """Whether a renewal is under way, which must find the lease where it was."""
        return run in self._being_renewed

    def let_go(
        self, run: RunId, *, head: RunHead | None = None, taken: Collection[str] = ()
    ) -> bool:
        """Let go of a run that rests; False when it has messages, and stays.

        Raises:
            StoreError, UsageError: the store failed or was closed.
        """
        is_free = self._store.release(self.held[run], head=head, taken=taken)
        if is_free:
            del self.held[run]
        return is_free

    def forget(self, run: RunId, *, is_free: bool) -> None:
        """Renew the lease of a run no more, and release it unless it is free already."""
        lease = self.held.pop(run, None)
        # A renewal that is under way lets it go when it is done.
        if lease is not None and not is_free and run not in self._being_renewed:
            self.release(lease)

    def _lease(self, run: RunId, now_ms: int) -> Lease:
        return self._store.lease(run, self._owner, now_ms=now_ms, life_ms=LEASE_MS)

    def _lease_many(self, runs: Collection[RunId], now_ms: int) -> list[Lease]:
        return self._store.lease_many(runs, self._owner, now_ms=now_ms, life_ms=LEASE_MS)

    def release(self, lease: Lease) -> None:
        """Let go of an open run; where the store failed or was closed, the owner's lock goes."""
        with suppress(StoreError, UsageError):
            self._store.release(lease)

    async def _renew(self) -> None:
        """Renew each lease at a third of its life: two lost renewals must not lose it."""
        while not await sets_within(self._closing, LEASE_MS / 3000):
            now_ms = self._clock.now_ms()
            due_ms = now_ms + 2 * LEASE_MS // 3
            due = [run for run, lease in self.held.items() if lease.expires_ms <= due_ms]
            for first in range(0, len(due), TOGETHER_MAX):
                await self._renew_together(due[first : first + TOGETHER_MAX], now_ms)

    async def _renew_together(self, runs: list[RunId], now_ms: int) -> None:
        """Renew leases in one commit; those that it does not bring alone, to learn why."""
        asked = {run: self.held[run] for run in runs if run in self.held}
        renewed: list[Lease] = []
        with suppress(Exception):
            renewed = await self._ask(asked, lambda: self._lease_many(asked, now_ms))
        for lease in renewed:
            self._keep(lease)
        brought = {lease.run for lease in renewed}
        for run in [run for run in asked if run not in brought]:
            if run in self.held:
                await self._renew_one(run, now_ms)
            else:
                self.release(asked[run])

    async def _renew_one(self, run: RunId, now_ms: int) -> None:
        held = self.held[run]
        try:
            lease = await self._ask([run], lambda: self._lease(run, now_ms))
        except Exception as error:  # noqa: BLE001 - the other leases are renewed all the same
            self._lose(held, error)
        else:
            self._keep(lease)

    async def _ask(self, runs: Iterable[RunId], question: Callable[[], T]) -> T:
        """Ask in a thread of its own: actions that block must not cost their own runs the lease."""
        self._being_renewed = frozenset(runs)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, question)
        finally:
            self._being_renewed = frozenset()

    def _keep(self, lease: Lease) -> None:
        held = self.held.get(lease.run)
        if held is not None and held.epoch == lease.epoch:
            self.held[lease.run] = lease
            self._on_renewed(lease.run)
        else:
            # The run ended here meanwhile, or another owner had it in between.
            self._lose(lease, LeaseLost(f"run {lease.run} was taken over by another owner"))

    def _lose(self, lease: Lease, why: Exception) -> None:
        self.release(lease)
        self._on_lost(lease.run, why)


async def sets_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event for some time; tell whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
