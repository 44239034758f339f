"""Data subjects in a store: whose a stored value is, and the keys of those whom a run names."""

from collections.abc import Callable, Collection, Iterator
from typing import cast, final

from interlock.store.protocol import ReadStore, Store
from interlock.values import (
    KEY_BYTES,
    Json,
    KeyId,
    RunId,
    SubjectKey,
    Subjects,
    ValueRef,
    decode,
    is_keyed,
    key_id_of,
    members_ref,
)

PAGE = 1_000


@final
class KeyRing:
    """Finds the subjects of the values of one run, as long as their keys are there.

    It remembers what it found: make one each time that something is read.
    """

    def __init__(self, store: ReadStore, run: RunId) -> None:
        self._store = store
        self.run = run
        self._found: dict[KeyId, Subjects | None] = {}

    def subjects(self, ref: ValueRef) -> Subjects | None:
        """Return those whom a keyed value belongs to; None: the key of one of them was erased.

        Raises:
            JournalCorrupt: the reference is none, or is not keyed; or the row of one of them was
                changed (IL7025).
        """
        key_id = key_id_of(ref)
        if key_id not in self._found:
            self._found[key_id] = self._find(key_id)
        return self._found[key_id]

    def members(self, key_id: KeyId) -> list[KeyId]:
        """List whose key it is; of one that is derived from several, the ids of these."""
        ref = members_ref(key_id)
        if ref is None:
            return [key_id]
        data = self._store.values(self.run, [ref]).get(ref)
        return [KeyId(str(each)) for each in cast(list[Json], decode(data))] if data else []

    def opened(self, found: dict[ValueRef, bytes]) -> dict[ValueRef, bytes]:
        """Decrypt stored values; those whose keys were erased are left out.

        Raises:
            JournalCorrupt: one is not what was stored; or the row of a subject was changed
                (IL7025).
        """
        if not any(map(is_keyed, found)):
            return found
        opened: dict[ValueRef, bytes] = {}
        for ref, data in found.items():
            if not is_keyed(ref):
                opened[ref] = data
            elif (subjects := self.subjects(ref)) is not None:
                opened[ref] = subjects.unseal(ref, data)
        return opened

    def _find(self, key_id: KeyId) -> Subjects | None:
        wanted = self.members(key_id)
        keys = self._store.subjects.find(ids=wanted)
        return Subjects.of(keys) if wanted and len(keys) == len(wanted) else None


@final
class SubjectKeys:
    """Gives subjects that a run names their keys: those they have, or new ones.

    Args:
        store: where they are kept.
        chance: gives random bytes that nobody can guess.
    """

    def __init__(self, store: Store, chance: Callable[[int], bytes]) -> None:
        self._store = store
        self._chance = chance

    def of(self, names: Collection[str]) -> Subjects:
        """Return the subjects of these names; their keys are durable.

        Raises:
            JournalCorrupt: the row of one of them was changed (IL7025).
        """
        wanted = set(names)
        found = self._store.subjects.find(names=names)
        # Somebody may erase one while another is added: then it is added again.
        while missing := sorted(wanted - {each.name for each in found}):
            made = [SubjectKey.of(name, self._chance(KEY_BYTES)) for name in missing]
            self._store.subjects.add(made)
            found = self._store.subjects.find(names=names)
        return Subjects.of(found)


def every_subject(store: ReadStore) -> Iterator[SubjectKey]:
    """Read the rows of all data subjects, as they are."""
    after = KeyId("")
    while page := store.subjects.page(after=after, limit=PAGE):
        yield from page
        after = page[-1].id
