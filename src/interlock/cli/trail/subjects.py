"""Whether the rows of data subjects are those that events go by.

A row is no leaf of the log. But events name the key that it has by an id that is made of the key
and the name in it: so a name that was put to another key is seen. A row that is missing is seen by
the values that need its key.
"""

from collections.abc import Iterable, Iterator
from typing import final

from interlock.audit import Finding
from interlock.store import KeyRing, ReadStore, every_subject
from interlock.values import KeyId, ValueRef, is_keyed, key_id_of


@final
class ChangedSubjects:
    """The rows of data subjects that were changed, with the first events that name them."""

    def __init__(self, store: ReadStore) -> None:
        self._rows = {each.id for each in every_subject(store) if not each.fits}
        self._found: dict[KeyId, Finding] = {}

    def take(self, ring: KeyRing, seq: int, refs: Iterable[ValueRef], *, place: int) -> None:
        """Take an event that names values.

        Raises:
            JournalCorrupt: it cannot be told whose they are.
        """
        if not self._rows:
            return
        for ref in filter(is_keyed, refs):
            for each in self._rows.intersection(ring.members(key_id_of(ref))):
                found = _finding(each, index=place, ring=ring, seq=seq)
                before = self._found.setdefault(each, found)
                if found.index < before.index:
                    self._found[each] = found

    def findings(self) -> Iterator[Finding]:
        """Name each row."""
        for each in sorted(self._rows):
            yield self._found.get(each) or _finding(each, index=0)


def _finding(
    key_id: KeyId, *, index: int, ring: KeyRing | None = None, seq: int | None = None
) -> Finding:
    told = f"the row of data subject {key_id} was changed: its name and its key do not belong"
    return Finding(
        kind="misnamed",
        index=index,
        run=None if ring is None else ring.run,
        seq=seq,
        message=f"{told} together",
    )
