"""Data subjects in a store: whose a stored value is, and the keys of those whom a run names."""

from collections.abc import Callable, Collection
from typing import cast, final

from interlock.store.protocol import ReadStore, Store
from interlock.values import (
    KEY_BYTES,
    KEY_ID_CHARACTERS,
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
            JournalCorrupt: the reference is none, or is not keyed.
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
            JournalCorrupt: one is not what was stored.
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
        """Return the subjects of these names; their keys are durable."""
        wanted = set(names)
        found = self._store.subjects.find(names=names)
        # Somebody may erase one while another is added: then it is added again.
        while missing := sorted(wanted - {each.name for each in found}):
            self._store.subjects.add([self._make(name) for name in missing])
            found = self._store.subjects.find(names=names)
        return Subjects.of(found)

    def _make(self, name: str) -> SubjectKey:
        key_id = KeyId(self._chance(KEY_ID_CHARACTERS // 2).hex())
        return SubjectKey(id=key_id, name=name, key=self._chance(KEY_BYTES))
