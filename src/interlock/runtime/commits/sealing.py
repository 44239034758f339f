"""What is written of an event: its bytes, its leaf in the log, and the salts of the leaf."""

import os
from collections.abc import Callable
from threading import Lock
from typing import final
from weakref import WeakSet

from interlock.audit import SALT_BYTES, SALTS_BYTES_MAX, Maker, Sealed, maker_of, seal_entry
from interlock.journal import (
    ENGINE,
    Actor,
    Entry,
    LeaseChange,
    Record,
    RunHead,
    StoredValue,
    is_runtime,
    stored_values,
)
from interlock.values import RunId, immutable, maker

_record = maker(Record)

POOL_BYTES = 8 * 1024
"""Random bytes are drawn for some hundred events at once: a call of the system costs 1 us."""

AT_MAX = POOL_BYTES - SALT_BYTES - SALTS_BYTES_MAX
"""Up to here there are enough of them for an event, and for a name beside it."""

MAKERS_MAX = 1_024
"""Runs of which is kept what all their events have. More at once cost some time, nothing else."""


@final
class Sealer:
    """Seals the events of a runtime; any thread may ask.

    No two parts get the same salt, but for one: the name of the runtime in all its events of a run.

    Args:
        chance: gives random bytes that nobody can guess.
    """

    def __init__(self, chance: Callable[[int], bytes]) -> None:
        self._chance = chance
        self.forget()
        _SEALERS.add(self)

    def seal(self, run: RunId, entry: Entry) -> Sealed:
        """Make what is written of an entry."""
        with self._lock:
            if self._at > AT_MAX:
                self._pool, self._at = self._chance(POOL_BYTES), 0
            by = self._makers.get(run)
            if by is None or by.actor != entry.actor:
                by = self._maker(run, entry.actor)
            at = self._at
            sealed = seal_entry(run, entry, self._pool[at : at + SALTS_BYTES_MAX], by=by)
            self._at = at + len(sealed[2])
        return sealed

    def forget(self) -> None:
        """Forget what is left of the random bytes."""
        self._lock = Lock()
        self._pool = b""
        self._at = POOL_BYTES
        self._makers: dict[RunId, Maker] = {}

    def _maker(self, run: RunId, actor: Actor) -> Maker | None:
        if actor == ENGINE:
            return None
        at, self._at = self._at, self._at + SALT_BYTES
        maker = maker_of(run, actor, self._pool[at : self._at])
        if is_runtime(actor):
            if len(self._makers) >= MAKERS_MAX:
                self._makers.clear()
            self._makers[run] = maker
        return maker


@final
@immutable(kw_only=False)
class Draft:
    """What becomes a record when its group is written; the fields are those of records.

    A group is sealed in one go: one event at a time, between the steps of an engine, it took three
    times as long, since a processor has forgotten by then how it is done.

    `values` of None are those that the event names.
    """

    run: RunId
    entry: Entry
    sealer: Sealer
    values: tuple[StoredValue, ...] | None = None
    head: RunHead | None = None
    lease: LeaseChange | None = None
    taken: tuple[str, ...] = ()

    def record(self) -> Record:
        """Seal the event."""
        run, entry, values = self.run, self.entry, self.values
        body, leaf, salts = self.sealer.seal(run, entry)
        if values is None:
            values = stored_values(entry.event)
        return _record(
            run=run,
            seq=entry.seq,
            epoch=entry.epoch,
            body=body,
            leaf=leaf,
            salts=salts,
            values=values,
            head=self.head,
            lease=self.lease,
            taken=self.taken,
        )


_SEALERS: WeakSet[Sealer] = WeakSet()


def _forget_all() -> None:
    """A fork of this process must not use the salts that its parent goes on to use."""
    for sealer in _SEALERS:
        sealer.forget()


os.register_at_fork(after_in_child=_forget_all)
