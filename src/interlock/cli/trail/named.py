"""Whether the values that events name are in the store, and are what was stored.

The leaf of an event commits to the references in it, and a reference is a digest: so a value that
is there is right or wrong by itself. That it has to be there, the events say and what was pruned.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import cast, final

from interlock.audit import Finding, Tampering
from interlock.cli.trail.subjects import ChangedSubjects
from interlock.errors import JournalCorrupt
from interlock.journal import Envelope, RunStarted, StoredEvent, refs_in
from interlock.store import KeyRing, ReadStore
from interlock.values import FALSE_NAME, Json, RunId, ValueRef, immutable

SHARED = frozenset(("document", "manifests"))
"""Values of the start of a run that are shared with others, and stay when those of it go."""


@immutable()
class Naming:
    """An event at its place in the log, and the values that it names.

    Attributes:
        refs: all of them.
        lasting: those that stay when the values of the run are pruned.
    """

    index: int
    run: RunId
    event: StoredEvent
    refs: Sequence[ValueRef]
    lasting: Sequence[ValueRef] = ()

    @staticmethod
    def of(run: RunId, event: StoredEvent, envelope: Envelope, *, index: int) -> "Naming":
        """Read what an event names.

        Raises:
            JournalCorrupt: there is something else in the place of references.
        """
        refs = refs_in(envelope)
        if envelope.get("type") != RunStarted.type or not refs:
            return Naming(index=index, run=run, event=event, refs=refs)
        named = cast(Mapping[str, Json], envelope["refs"])
        lasting = [ValueRef(str(named[name])) for name in SHARED & named.keys()]
        return Naming(index=index, run=run, event=event, refs=refs, lasting=lasting)


@final
class NamedValues:
    """The values that events name. `findings` tells which of them are not sound."""

    def __init__(
        self, store: ReadStore, *, pruned: Collection[RunId], subjects: ChangedSubjects
    ) -> None:
        self._store = store
        self._pruned = pruned
        self._subjects = subjects
        self.findings: list[Finding] = []

    def take(self, namings: Iterable[Naming]) -> None:
        """Take events that follow each other in the log; many at once are cheaper."""
        for run, group in groupby(sorted(namings, key=_run_of), key=_run_of):
            several, keys = list(group), KeyRing(self._store, run)
            if not self._are_sound(keys, several):
                self.findings += self._one_by_one(keys, several)

    def _are_sound(self, keys: KeyRing, namings: Iterable[Naming]) -> bool:
        try:
            for one in namings:
                self._subjects.take(keys, one.event.seq, one.refs, place=one.index)
            refs = {ref for one in namings for ref in one.refs}
            opened = keys.opened(self._store.values(keys.run, refs))
        except JournalCorrupt:
            return False
        return opened.keys() >= {ref for one in namings for ref in self._needed(one)}

    def _one_by_one(self, keys: KeyRing, namings: Iterable[Naming]) -> Iterator[Finding]:
        """Find out which events name a value that is changed or missing."""
        for one in namings:
            kind: Tampering = "value_missing"
            try:
                found = self._store.values(keys.run, one.refs)
                needed = set(self._needed(one))
                if needed <= keys.opened(found).keys():
                    continue
                message = "a value that it names is not in the store"
                if needed <= found.keys():
                    message = "the key of a data subject is not there, and a value needs it"
            except JournalCorrupt as error:
                if error.code == FALSE_NAME:
                    continue  # It is told once, and not for each event.
                kind, message = "value_changed", error.message
            seq = one.event.seq
            yield Finding(kind=kind, index=one.index, run=keys.run, seq=seq, message=message)

    def _needed(self, one: Naming) -> Sequence[ValueRef]:
        return one.lasting if one.run in self._pruned else one.refs


def _run_of(naming: Naming) -> RunId:
    return naming.run
