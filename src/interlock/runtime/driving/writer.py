"""Gives the events of one run their places in its journal."""

from typing import final

from interlock.engine import State
from interlock.journal import (
    Actor,
    Entry,
    Event,
    LeaseChange,
    Record,
    RunHead,
    RunSettled,
    RunStarted,
    StoredValue,
    stored_values,
)
from interlock.replay import Heading
from interlock.runtime.calls import Promise, Transaction, World
from interlock.runtime.commits import CommitQueue, Position
from interlock.runtime.deciding import Mail
from interlock.runtime.driving.showing import Showing


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
        self._is_void = False

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
        entry = Entry(event, world.clock.now_ms(), seq, self.epoch, by, causes)
        lease, self._granted = self._granted, None
        self.has_let_go = isinstance(event, RunSettled)
        if self.has_let_go:
            lease = LeaseChange(owner=None)
            self._mail.settle()
        body, leaf, salts = self._world.sealer.seal(self._run, entry)
        record = Record(
            run=self._run,
            seq=seq,
            epoch=self.epoch,
            body=body,
            leaf=leaf,
            salts=salts,
            values=self._stored(event),
            head=self._heading.take(entry),
            lease=lease,
            taken=self._mail.taken(),
        )
        self.last = self._commits.append(record)
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
        self._is_void = True
        if self._showing is not None:
            self._showing.forget()

    def close(self) -> BaseException | None:
        """Show what is durable; what the observer raised, if it did."""
        if self._showing is None:
            return None
        self._showing.show()
        return self._showing.problem

    def _stored(self, event: Event) -> tuple[StoredValue, ...]:
        """The values of an event; what all runs of a plan share is written by the first of them."""
        if isinstance(event, RunStarted):
            return self._world.pinned.stored(event, self._commits, is_void=lambda: self._is_void)
        return stored_values(event)
