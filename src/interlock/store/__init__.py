"""Stores: bytes that survive. `open_store` and `open_to_read` are the only ways to a backend.

memory:          lives as long as the object
sqlite:PATH      a journal file, durable through crash and power loss
PATH             the same
"""

from interlock.store.batch import check_run_id as check_run_id
from interlock.store.growing import (
    kept_log as kept_log,
    log_tree as log_tree,
)
from interlock.store.health import (
    StoreHealth as StoreHealth,
    StoreSize as StoreSize,
    StoreStructure as StoreStructure,
)
from interlock.store.locator import (
    examine_store as examine_store,
    inspect_store as inspect_store,
    journals_in as journals_in,
    living_owners as living_owners,
    measure_store as measure_store,
    open_store as open_store,
    open_to_read as open_to_read,
)
from interlock.store.memory import MemoryStore as MemoryStore
from interlock.store.protocol import (
    EVENTS_READ_DEFAULT as EVENTS_READ_DEFAULT,
    HEADS_READ_DEFAULT as HEADS_READ_DEFAULT,
    INBOX_MESSAGES_MAX as INBOX_MESSAGES_MAX,
    INLINE_BYTES_MAX as INLINE_BYTES_MAX,
    MESSAGE_BYTES_MAX as MESSAGE_BYTES_MAX,
    MESSAGES_READ_DEFAULT as MESSAGES_READ_DEFAULT,
    TRANSACTION_MS_MAX as TRANSACTION_MS_MAX,
    KeyReader as KeyReader,
    KeyTable as KeyTable,
    Log as Log,
    MeasuredStore as MeasuredStore,
    ReadStore as ReadStore,
    Store as Store,
    StoreStatistics as StoreStatistics,
)
from interlock.store.subjects import (
    KeyRing as KeyRing,
    SubjectKeys as SubjectKeys,
    every_subject as every_subject,
)

__all__ = [
    "check_run_id",
    "EVENTS_READ_DEFAULT",
    "every_subject",
    "examine_store",
    "HEADS_READ_DEFAULT",
    "INBOX_MESSAGES_MAX",
    "INLINE_BYTES_MAX",
    "inspect_store",
    "journals_in",
    "kept_log",
    "KeyReader",
    "KeyRing",
    "KeyTable",
    "living_owners",
    "Log",
    "log_tree",
    "measure_store",
    "MeasuredStore",
    "MemoryStore",
    "MESSAGE_BYTES_MAX",
    "MESSAGES_READ_DEFAULT",
    "open_store",
    "open_to_read",
    "ReadStore",
    "Store",
    "StoreHealth",
    "StoreSize",
    "StoreStatistics",
    "StoreStructure",
    "SubjectKeys",
    "TRANSACTION_MS_MAX",
]
