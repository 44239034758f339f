"""What is written of an event: its bytes, its leaf in the log, and the salts of the leaf."""

import os
from collections.abc import Callable
from threading import Lock
from typing import TypeAlias, final
from weakref import WeakSet

from interlock.audit import SALTS_BYTES_MAX, seal
from interlock.journal import Entry, encode_envelope, envelope_of
from interlock.values import RunId

POOL_BYTES = 8 * 1024
"""Random bytes are drawn for some hundred events at once: a call of the system costs 1 us."""

Sealed: TypeAlias = tuple[bytes, bytes, bytes]
"""Body, leaf and salts, as a record has them."""


@final
class Sealer:
    """Seals the events of a runtime. No two get the same salts; any thread may ask.

    Args:
        chance: gives random bytes that nobody can guess.
    """

    def __init__(self, chance: Callable[[int], bytes]) -> None:
        self._chance = chance
        self.forget()
        _SEALERS.add(self)

    def seal(self, run: RunId, entry: Entry) -> Sealed:
        """Make what is written of an entry."""
        envelope = envelope_of(run, entry)
        with self._lock:
            at = self._at
            if at + SALTS_BYTES_MAX > len(self._pool):
                self._pool, at = self._chance(POOL_BYTES), 0
            leaf, salts = seal(envelope, self._pool[at : at + SALTS_BYTES_MAX])
            self._at = at + len(salts)
        return encode_envelope(envelope), leaf, salts

    def forget(self) -> None:
        """Forget what is left of the random bytes."""
        self._lock = Lock()
        self._pool = b""
        self._at = 0


_SEALERS: WeakSet[Sealer] = WeakSet()


def _forget_all() -> None:
    """A fork of this process must not use the salts that its parent goes on to use."""
    for sealer in _SEALERS:
        sealer.forget()


os.register_at_fork(after_in_child=_forget_all)
