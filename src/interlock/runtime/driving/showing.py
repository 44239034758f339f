"""Showing an observer what is durable: who watches cannot break a run."""

from collections import deque
from collections.abc import Callable
from typing import TypeAlias, final

from interlock.journal import Entry
from interlock.runtime.calls import Promise
from interlock.runtime.commits import CommitQueue, Position
from interlock.values import RunId

Observer: TypeAlias = Callable[[RunId, Entry], None]
"""Called with each committed event, in order, in the loop."""


@final
class Showing:
    """Shows the events of one run to an observer, once they are durable.

    `problem` is what the observer raised; from then on the run goes on unseen.
    """

    def __init__(self, run: RunId, observer: Observer, commits: CommitQueue) -> None:
        self.problem: Exception | None = None
        self._run = run
        self._observer = observer
        self._commits = commits
        self._unseen: deque[tuple[Position, Entry | Promise]] = deque()

    def add(self, entry: Entry | Promise, position: Position) -> None:
        """Show an event when everything up to a position is durable."""
        if self.problem is None:
            self._unseen.append((position, entry))
            if len(self._unseen) == 1:
                self._commits.when_durable(position, self.show, urgent=False)

    def show(self) -> None:
        """Show what is durable."""
        while self._unseen and self._unseen[0][0] <= self._commits.durable:
            _, entry = self._unseen.popleft()
            self._show_one(entry.kept if isinstance(entry, Promise) else entry)
        if self._unseen:
            self._commits.when_durable(self._unseen[-1][0], self.show, urgent=False)

    def forget(self) -> None:
        """Show nothing of what is not durable yet: the store refused it."""
        self._unseen.clear()

    def _show_one(self, entry: Entry) -> None:
        if self.problem is not None:
            return
        try:
            self._observer(self._run, entry)
        except Exception as error:  # noqa: BLE001 - who watches must not put writes in doubt
            # The run goes on unseen; the caller learns of it at the end.
            self.problem = error
