"""Telling somebody that a gate is open: at least once, and never in the way of the run.

There is no list of what has been told. A run is put to rest, as `waiting` or `paused`, only when
its notices have been delivered or given up; so its row in listings is the mark. Whoever takes up a
run that was not put to rest tells of all its open gates again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias, final

from interlock.engine import GateState, State
from interlock.journal import Entry, GateOpened, RunHead
from interlock.values import Digest, Path, RunId, digest, immutable


@immutable()
class OpenGate:
    """A gate that asks.

    Attributes:
        opened: what is asked, of whom, until when, and what an approval lets run.
    """

    run: RunId
    graph: str
    opened: GateOpened

    @property
    def key(self) -> Digest:
        """Names this gate of this run for good: who is told twice may drop the second time."""
        return digest("notice", [self.run, self.opened.path, self.opened.generation])


Notify: TypeAlias = Callable[[OpenGate], Awaitable[None]]
"""Tells somebody that a gate is open; ends when that is done, or given up."""


@final
class Notices:
    """The notices of one run; belongs to one event loop.

    `is_cut_off` says that one was cancelled, or came too late. `ended` is called when one is over.
    """

    def __init__(self, state: State, notify: Notify | None, ended: Callable[[], None]) -> None:
        self.is_cut_off = False
        self._state = state
        self._notify = notify
        self._ended = ended
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def busy(self) -> bool:
        """Whether notices are on their way."""
        return bool(self._tasks)

    def tell(self, opened: GateOpened) -> None:
        """Tell of a gate, whose opening is durable."""
        if self._notify is None:
            return
        if self._is_closed:
            self.is_cut_off = True
        else:
            gate = OpenGate(run=self._state.run, graph=self._state.plan.name, opened=opened)
            task = asyncio.get_running_loop().create_task(self._tell(self._notify, gate))
            self._tasks.add(task)
            task.add_done_callback(self._leave)

    def cancel(self) -> None:
        """Cancel what is on its way, and tell nobody any more."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()

    def part(self) -> None:
        """Part from the run, which has ended here, so that it is freed without the collector."""
        self.cancel()
        self._ended = _nothing

    async def _tell(self, notify: Notify, gate: OpenGate) -> None:
        try:
            await notify(gate)
        except Exception as error:  # noqa: BLE001 - who tells must not touch the run
            told = f"nobody was told that gate {gate.opened.path} of run {gate.run} is open"
            loop = asyncio.get_running_loop()
            loop.call_exception_handler({"message": told, "exception": error})

    def _leave(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self.is_cut_off |= task.cancelled()
        self._ended()


def _nothing() -> None:
    """Do nothing: the run has ended here."""


def untold(state: State, head: RunHead, entries: Iterable[Entry]) -> list[GateOpened]:
    """The open gates of a run that nobody may have been told of, since it was not put to rest."""
    asking = {path for path, asleep in state.asleep.items() if isinstance(asleep, GateState)}
    if not asking or head.status in ("waiting", "paused"):
        return []
    found: dict[Path, GateOpened] = {}
    for entry in entries:
        if isinstance(entry.event, GateOpened) and entry.event.path in asking:
            found[entry.event.path] = entry.event
    return list(found.values())
