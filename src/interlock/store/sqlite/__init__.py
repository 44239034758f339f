"""A journal file in SQLite: one writer and many readers a process, several processes a file."""

from interlock.store.sqlite.health import examine as examine, living_owners as living_owners
from interlock.store.sqlite.store import SqliteStore as SqliteStore

__all__ = ["examine", "living_owners", "SqliteStore"]
