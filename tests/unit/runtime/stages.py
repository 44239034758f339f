"""A runtime in virtual time, over a store and a world that outlive it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from interlock.actions import Registry
from interlock.journal import Entry, principal_of
from interlock.plan import Plan
from interlock.runtime import Runtime, read_entries
from interlock.store import MemoryStore, Store
from interlock.testing import CountingIds, VirtualClock, World, run_virtual
from interlock.values import RunId
from unit.engine.driving import call, plan_of

Main = Callable[["Stage"], Awaitable[None]]
RUN = RunId("R1")
ANN = principal_of("ann").actor


class Stage:
    """A runtime in virtual time, over a store that outlives it."""

    def __init__(self, world: World | None = None, store: Store | None = None) -> None:
        self.world = world or World()
        self.store: Store = store or MemoryStore()
        self.clock = VirtualClock()
        self.ids = CountingIds()

    @asynccontextmanager
    async def runtime(
        self, registry: Registry | None = None, **options: Any
    ) -> AsyncIterator[Runtime]:
        actions = self.world.registry if registry is None else registry
        clock, ids = self.clock, self.ids
        async with Runtime(self.store, actions, clock=clock, ids=ids, **options) as runtime:
            yield runtime

    def entries(self, run: RunId = RUN) -> list[Entry]:
        return list(read_entries(self.store, run))

    def types(self, run: RunId = RUN) -> list[str]:
        return [entry.event.type for entry in self.entries(run)]

    def status(self, run: RunId = RUN) -> str:
        head = self.store.head(run)
        assert head is not None
        return head.status


def virtually(main: Main, world: World | None = None, store: Store | None = None) -> Stage:
    stage = Stage(world, store)

    async def run() -> None:
        await main(stage)

    run_virtual(run())
    return stage


def one(name: str = "read", **options: Any) -> Plan:
    return plan_of(call("a", name, **options), outputs={"result": "${{ a }}"})
