"""The keys of data subjects in memory."""

from collections.abc import Callable, Collection, Iterable, Sequence
from threading import Lock
from typing import final

from interlock.values import KeyId, SubjectKey


@final
class MemoryKeys:
    """Keys that live as long as the object.

    Args:
        lock: that of the store.
        check_open: refuses when the store is closed.
        holds: says how many events the journal of the store has.
    """

    def __init__(
        self, lock: Lock, check_open: Callable[[], None], holds: Callable[[], int]
    ) -> None:
        self._lock = lock
        self._check_open = check_open
        self._holds = holds
        self._keys: dict[str, SubjectKey] = {}

    def find(self, *, ids: Collection[KeyId] = (), names: Collection[str] = ()) -> list[SubjectKey]:
        """Return keys; see `KeyReader.find`."""
        with self._lock:
            self._check_open()
            every = self._keys.values()
            return _by_id(each for each in every if each.id in ids or each.name in names)

    def page(self, *, after: KeyId, limit: int) -> list[SubjectKey]:
        """Return some of all keys; see `KeyReader.page`."""
        with self._lock:
            self._check_open()
            return _by_id(each for each in self._keys.values() if each.id > after)[:limit]

    def add(self, keys: Sequence[SubjectKey]) -> list[SubjectKey]:
        """Add keys; see `KeyTable.add`."""
        with self._lock:
            self._check_open()
            for each in keys:
                self._keys.setdefault(each.name, each)
            return _by_id({self._keys[each.name] for each in keys})

    def erase(self, names: Collection[str], *, holds_seen: int | None = None) -> list[KeyId] | None:
        """Forget keys; see `KeyTable.erase`."""
        with self._lock:
            self._check_open()
            if holds_seen is not None and self._holds() > holds_seen:
                return None
            found = [self._keys.pop(name) for name in set(names) if name in self._keys]
            return [each.id for each in _by_id(found)]


def _by_id(keys: Iterable[SubjectKey]) -> list[SubjectKey]:
    return sorted(keys, key=lambda each: each.id)
