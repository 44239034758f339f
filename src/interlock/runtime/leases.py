"""The leases of the runs that go on in one process: renewed until they are let go."""

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import final

from interlock.errors import LeaseLost, StoreError, UsageError
from interlock.journal import Lease, OwnerId, RunHead
from interlock.runtime.clock import Clock
from interlock.store import Store
from interlock.values import RunId

LEASE_MS = 60_000

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
        self._being_renewed: RunId | None = None
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
        leases = self._store.lease_many(
            runs, self._owner, now_ms=self._clock.now_ms(), life_ms=LEASE_MS
        )
        self._claimed |= {lease.run: lease for lease in leases}
        return {lease.run for lease in leases}

    def hold(self, lease: Lease) -> None:
        """Renew a lease from now on."""
        self.held[lease.run] = lease

    def is_being_renewed(self, run: RunId) -> bool:
        """Whether a renewal is under way, which must find the lease where it was."""
        return self._being_renewed == run

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
        if lease is not None and not is_free and self._being_renewed != run:
            self.release(lease)

    def _lease(self, run: RunId, now_ms: int) -> Lease:
        return self._store.lease(run, self._owner, now_ms=now_ms, life_ms=LEASE_MS)

    def release(self, lease: Lease) -> None:
        """Let go of an open run; where the store failed or was closed, the owner's lock goes."""
        with suppress(StoreError, UsageError):
            self._store.release(lease)

    async def _renew(self) -> None:
        """Renew each lease at a third of its life: two lost renewals must not lose it."""
        while not await sets_within(self._closing, LEASE_MS / 3000):
            now_ms = self._clock.now_ms()
            due = now_ms + 2 * LEASE_MS // 3
            for run, lease in list(self.held.items()):
                if lease.expires_ms <= due and run in self.held:
                    await self._renew_one(run, now_ms)

    async def _renew_one(self, run: RunId, now_ms: int) -> None:
        lease, problem = self.held[run], None
        self._being_renewed = run
        try:
            # A thread of its own: actions that block must not cost their own runs the lease.
            lease = await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: self._lease(run, now_ms)
            )
        except Exception as error:  # noqa: BLE001 - the other leases are renewed all the same
            problem = error
        self._being_renewed = None
        if problem is None and run in self.held and lease.epoch == self.held[run].epoch:
            self.held[run] = lease
            self._on_renewed(run)
            return
        # It failed, the run ended here meanwhile, or another owner had it in between.
        self.release(lease)
        self._on_lost(run, problem or LeaseLost(f"run {run} was taken over by another owner"))


async def sets_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event for some time; tell whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
