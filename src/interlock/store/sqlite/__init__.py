"""A journal file in SQLite: one writer and many readers a process, several processes a file."""

from interlock.store.sqlite.answers import (
    SqliteReadStore as SqliteReadStore,
    open_to_read as open_to_read,
)
from interlock.store.sqlite.health import (
    examine as examine,
    journals_in as journals_in,
    living_owners as living_owners,
)
from interlock.store.sqlite.measuring import measure as measure
from interlock.store.sqlite.store import SqliteStore as SqliteStore
from interlock.store.sqlite.structure import inspect as inspect
from interlock.store.sqlite.transactions import MemoryDatabase as MemoryDatabase

__all__ = [
    "examine",
    "inspect",
    "journals_in",
    "living_owners",
    "measure",
    "MemoryDatabase",
    "open_to_read",
    "SqliteReadStore",
    "SqliteStore",
]
