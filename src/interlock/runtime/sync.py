"""`run`: one run from its start to its end, for programs, shells and notebooks without `async`."""

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from interlock.actions import TRACER, Registry
from interlock.errors import UsageError
from interlock.graph import Graph
from interlock.journal import Who
from interlock.plan import Plan, expect_graph
from interlock.runtime.arguments import expect_inputs, expect_registry
from interlock.runtime.results import RunResult
from interlock.runtime.runtime import Runtime
from interlock.runtime.starting import prepared
from interlock.store import Store, open_store

if TYPE_CHECKING:
    from interlock.graph import AnyGraphFunction

T = TypeVar("T")


def run(
    graph: "AnyGraphFunction | Graph | Plan",
    /,
    *,
    store: Store | str | os.PathLike[str] = "memory:",
    registry: Registry | None = None,
    key: str | None = None,
    principal: Who = "local",
    inputs: Mapping[str, object] | None = None,
    **named: object,
) -> RunResult:
    """Run a graph and wait for its end.

    The run goes on in a thread that has an event loop of its own, so this works where a loop is
    running already, as in a notebook. Ctrl-C leaves the run open: `interlock resume` takes it up.

    Args:
        graph: a `@graph` function, a graph, or a plan.
        store: where its journal goes: a store, or the address of one, such as `journal.db`. In
            memory, unless given, it lasts as long as this call.
        registry: the actions; a `@graph` function brings its own, unless given.
        key: names the run: a second start with this key goes on with the first run, or waits for
            who drives it, and returns its result.
        principal: on whose authority it runs: a name that nobody has checked, or a `Principal`.
        inputs: the inputs by name, for names that are parameters of this function.
        named: more inputs, as Python values: they are written by the annotations of the graph.

    Raises:
        DocumentInvalid: the graph does not compile; nothing was started.
        InputsInvalid: the inputs do not fit; nothing was started.
        StoreError: the journal could not be written.
        UsageError: it is no graph, or its actions are not known; the key belongs to a run of
            something else; or this is called in a graph, or by an async action.
    """
    if TRACER.get() is not None:
        raise UsageError(
            "`run` was called while a graph is traced",
            hint="call the graph function itself: it becomes a node",
        )
    if not isinstance(graph, Plan):
        expect_graph(graph)
    expect_inputs(inputs or {})
    given = _joined(inputs or {}, named)
    if registry is not None:
        expect_registry(registry)
    actions = registry if registry is not None else _own_registry(graph)
    plan, values = prepared(graph, given, actions)
    start = partial(Runtime.run, plan=plan, inputs=values, key=key, principal=principal)
    return _loop_thread().wait(_run(start, store=store, registry=actions))


def _joined(inputs: Mapping[str, object], named: Mapping[str, object]) -> dict[str, object]:
    for name in inputs.keys() & named.keys():
        raise UsageError(f"input `{name}` is given twice", hint="remove it from `inputs`")
    return {**inputs, **named}


def _own_registry(graph: "AnyGraphFunction | Graph | Plan") -> Registry:
    if not isinstance(graph, Graph | Plan):
        return graph.registry
    raise UsageError(
        f"`{graph.name}` is run without actions",
        hint="pass the registry of its actions: `run(graph, registry=...)`",
    )


async def _run(
    start: Callable[[Runtime], Awaitable[RunResult]],
    *,
    store: Store | str | os.PathLike[str],
    registry: Registry,
) -> RunResult:
    if not isinstance(store, str | os.PathLike):
        async with Runtime(store, registry) as runtime:
            return await start(runtime)
    with closing(open_store(os.fspath(store))) as opened:
        async with Runtime(opened, registry) as runtime:
            return await start(runtime)


class LoopThread:
    """An event loop in a thread of its own. It stays, since clients of actions belong to a loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._closing = False
        self._thread = threading.Thread(target=self._run_forever, name="interlock-run", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def _run_forever(self) -> None:
        """Run the loop until it is closed.

        `SystemExit` in a task that an action made leaves the loop, too. The loop is sound, and the
        action hears of it from its task.
        """
        while not self._closing:
            with suppress(SystemExit, KeyboardInterrupt):
                self._loop.run_forever()

    @property
    def is_alive(self) -> bool:
        """Whether the thread is there; in a forked process it is not."""
        return self._thread.is_alive()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work in the loop, and wait for its end.

        When the wait is interrupted, the work is cancelled, and its end is awaited all the same.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise UsageError(
                "`run` was called by an async action, whose event loop it would block",
                hint="call it in a plain `def` action, or make the graph a node of the other one",
            )
        outcome: Future[T] = Future()
        task = self._start(work, outcome)
        try:
            return outcome.result()
        except BaseException:
            self._loop.call_soon_threadsafe(task.cancel)
            outcome.exception()
            raise

    def _start(self, work: Coroutine[Any, Any, T], outcome: Future[T]) -> "asyncio.Task[None]":
        async def settle() -> None:
            try:
                outcome.set_result(await work)
            except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits
                outcome.set_exception(error)

        async def start() -> "asyncio.Task[None]":
            return asyncio.create_task(settle())

        return asyncio.run_coroutine_threadsafe(start(), self._loop).result()

    def close(self) -> None:
        """Stop the loop and end the thread."""
        atexit.unregister(self.close)
        self._closing = True
        if self.is_alive:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()


_lock = threading.Lock()
_threads: list[LoopThread] = []


def _loop_thread() -> LoopThread:
    """Give the one thread of this process."""
    with _lock:
        if not _threads or not _threads[-1].is_alive:
            _threads[:] = [LoopThread()]
        return _threads[-1]
