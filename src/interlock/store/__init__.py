"""Stores: bytes that survive. `open_store` is the only way to a backend.

memory:          lives as long as the object
sqlite:PATH      a journal file, durable through crash and power loss
PATH             the same
"""

from interlock.store.health import StoreHealth as StoreHealth
from interlock.store.locator import (
    examine_store as examine_store,
    living_owners as living_owners,
    open_store as open_store,
)
from interlock.store.memory import MemoryStore as MemoryStore
from interlock.store.protocol import (
    EVENTS_READ_DEFAULT as EVENTS_READ_DEFAULT,
    HEADS_READ_DEFAULT as HEADS_READ_DEFAULT,
    INLINE_BYTES_MAX as INLINE_BYTES_MAX,
    MeasuredStore as MeasuredStore,
    Store as Store,
    StoreStatistics as StoreStatistics,
)

__all__ = [
    "EVENTS_READ_DEFAULT",
    "examine_store",
    "HEADS_READ_DEFAULT",
    "INLINE_BYTES_MAX",
    "living_owners",
    "MeasuredStore",
    "MemoryStore",
    "open_store",
    "Store",
    "StoreHealth",
    "StoreStatistics",
]
