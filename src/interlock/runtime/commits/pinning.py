"""What all runs of a plan share, its document and its manifests, and which of it is durable."""

from collections.abc import Callable
from typing import final

from interlock.journal import RunStarted, StoredValue, Value, stored_members
from interlock.runtime.commits.queue import CommitQueue
from interlock.values import ValueRef

PINNED_MAX = 10_000
"""References remembered of what all runs of a plan share; forgetting costs a write, no more."""


@final
class Pinned:
    """Documents and manifests that this process has made durable: written once, not once a run."""

    def __init__(self) -> None:
        self._refs: set[ValueRef] = set()

    def stored(
        self, event: RunStarted, commits: CommitQueue, *, is_void: Callable[[], bool]
    ) -> tuple[StoredValue, ...]:
        """The values of a start that is handed to the queue next.

        Unless it `is_void` then, the store refused the run, others need not write again what they
        share with it.
        """
        shared, known = (event.document, event.manifests), self._refs
        new = [value for value in shared if value.ref not in known]
        if new:
            # The position of this record: it is the next one that is handed in.
            position = commits.appended + 1

            def durable() -> None:
                if not is_void():
                    self._add(new)

            commits.when_durable(position, durable, urgent=False)
        inputs, owners = event.inputs, event.inputs.subjects
        own = (StoredValue(ref=inputs.ref, data=inputs.stored),)
        if owners is not None:
            own += stored_members(owners)
        return own + tuple(StoredValue(ref=v.ref, data=v.data, shared=True) for v in new)

    def _add(self, values: list[Value]) -> None:
        if len(self._refs) >= PINNED_MAX:
            self._refs.clear()
        self._refs.update(value.ref for value in values)
