"""Gives the events of one run their places in its journal."""

from typing import final

from interlock.engine import State
from interlock.journal import (
    Actor,
    Entry,
    Event,
    LeaseChange,
    RunHead,
    RunSettled,
    RunStarted,
    started_values,
)
from interlock.replay import Heading
from interlock.runtime.calls import Promise, Transaction, World
from interlock.runtime.commits import CommitQueue, Draft, Position
from interlock.runtime.deciding import Mail
from interlock.runtime.driving.showing import Showing
from interlock.values import maker

_entry = maker(Entry)
_draft = maker(Draft)


@final
class Writer:
    """Numbers the events of one run and hands them to the commit queue.

    `last` is the position of the newest one there. `has_let_go` says that it ended the run: its
    transaction lets the lease go.
    """

    def __init__(
        self,
        state: State,
        *,
        head: RunHead | None,
        epoch: int,
        world: World,
        commits: CommitQueue,
        mail: Mail,
        granted: LeaseChange | None,
        showing: Showing | None,
        priority: int,
    ) -> None:
        self.seq = state.last_seq
        self.epoch = epoch
        self.last: Position = 0
        self.has_let_go = False
        self._run = state.run
        self._heading = Heading(state.run, head, in_doubt=state.in_doubt, priority=priority)
        self._world = world
        self._commits = commits
        self._mail = mail
        self._granted = granted
        self._showing = showing

    @property
    def head(self) -> RunHead | None:
        """The row in listings, as of the newest event."""
        return self._heading.head

    def append(
        self, event: Event, *, causes: tuple[int, ...] = (), actor: Actor | None = None
    ) -> Entry:
        """Give an event its place and hand it to the commit queue.

        Its actor is the runtime, unless a principal outside made it a fact.
        """
        seq, world = self.seq + 1, self._world
        by = actor or world.actor
        entry = _entry(event, world.clock.now_ms(), seq, self.epoch, by, causes)
        lease, self._granted = self._granted, None
        self.has_let_go = isinstance(event, RunSettled)
        if self.has_let_go:
            lease = LeaseChange(owner=None)
            self._mail.settle()
        values = started_values(event) if isinstance(event, RunStarted) else None
        head, taken = self._heading.take(entry), self._mail.taken()
        draft = _draft(self._run, entry, world.sealer, values, head, lease, taken)
        self.last = self._commits.append(draft)
        self.seq = seq
        if self._showing is not None:
            self._showing.add(entry, self.last)
        return entry

    def append_transaction(self, work: Transaction) -> Position:
        """Hand over a transactional call, whose intent and outcome are one commit."""
        self.seq += 2
        self.last = self._commits.append(work)
        if self._showing is not None:
            entries: tuple[Entry | Promise, ...] = (work.intended, work.promise)
            for entry in entries:
                self._showing.add(entry, self.last)
        return self.last

    def forget(self) -> None:
        """The store refused what is not durable yet: nobody gets to see it."""
        if self._showing is not None:
            self._showing.forget()

    def close(self) -> BaseException | None:
        """Show what is durable; what the observer raised, if it did."""
        if self._showing is None:
            return None
        self._showing.show()
        return self._showing.problem
