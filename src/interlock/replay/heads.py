"""The row of a run in listings: a fold over its events, live and when they are verified."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import final

from interlock.journal import (
    ENDED,
    Entry,
    NodeInDoubt,
    NodeResolved,
    PartsErased,
    RunHead,
    RunMigrated,
    RunReopened,
    RunSettled,
    RunStarted,
    RunStatus,
)
from interlock.values import Path, RunId, maker

_run_head = maker(RunHead)

CHANGING = frozenset((RunStarted, RunSettled, RunReopened, RunMigrated, NodeInDoubt, NodeResolved))
HEADING_TYPES = frozenset(kind.type for kind in CHANGING)
"""Types of events that change the row of a run."""

RESTING: frozenset[RunStatus] = frozenset(("queued", "waiting", "paused"))
"""What a run is while nobody owns it: told when it is let go, not by an event."""


@final
class Heading:
    """Keeps the row of a run.

    Args:
        run: the run.
        head: its row so far; None before its first event.
        in_doubt: its nodes that are in doubt.
        priority: what a row that begins here is given; no event tells it.
    """

    def __init__(
        self,
        run: RunId,
        head: RunHead | None = None,
        *,
        in_doubt: Iterable[Path] = (),
        priority: int = 0,
    ) -> None:
        self.head = head
        self._run = run
        self._in_doubt = set(in_doubt)
        self._priority = priority

    @property
    def is_in_doubt(self) -> bool:
        """Whether a node of the run is in doubt."""
        return bool(self._in_doubt)

    def watch(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Pass entries on, and take them."""
        for entry in entries:
            if type(entry.event) in CHANGING:
                self.take(entry)
            yield entry

    def take(self, entry: Entry) -> RunHead | None:
        """Take the next entry; return the row when it changes."""
        if type(entry.event) in CHANGING:
            self.head = self._after(entry)
        elif isinstance(entry.event, PartsErased):
            return None  # A run that rests goes on resting.
        elif self.head is not None and self.head.status in RESTING:
            self.head = replace(self.head, status=self._goes_on(), wake_ms=None)
        else:
            return None
        return self.head

    def _goes_on(self) -> RunStatus:
        return "in_doubt" if self._in_doubt else "running"

    def _after(self, entry: Entry) -> RunHead | None:
        event = entry.event
        if isinstance(event, RunStarted):
            return _run_head(
                run=self._run,
                graph=event.graph,
                plan=event.plan,
                status="running",
                created_ms=entry.at_ms,
                updated_ms=entry.at_ms,
                key=event.key,
                priority=self._priority,
            )
        if self.head is None:
            return None
        if isinstance(event, RunSettled):
            return _ended(self.head, event, entry.at_ms)
        if isinstance(event, RunMigrated):
            # A run that has ended keeps its end until it is opened again.
            status = self.head.status if self.head.status in ENDED else self._goes_on()
            return replace(self.head, plan=event.plan, status=status, wake_ms=None)
        if isinstance(event, NodeInDoubt):
            self._in_doubt.add(event.path)
        elif isinstance(event, NodeResolved):
            self._in_doubt.discard(event.path)
        return replace(
            self.head,
            status=self._goes_on(),
            updated_ms=entry.at_ms,
            execution=None,
            wake_ms=None,
        )


def _ended(head: RunHead, event: RunSettled, at_ms: int) -> RunHead:
    # Not by `replace`: this is done for every run.
    return _run_head(
        run=head.run,
        graph=head.graph,
        plan=head.plan,
        status=event.status,
        created_ms=head.created_ms,
        updated_ms=at_ms,
        key=head.key,
        execution=event.execution,
        wake_ms=head.wake_ms,
        priority=head.priority,
    )


def as_told(head: RunHead) -> RunHead:
    """A row without what its events do not tell: how an open run waits."""
    status = head.status if head.status in ENDED else "running"
    return replace(head, status=status, wake_ms=None, priority=0)
