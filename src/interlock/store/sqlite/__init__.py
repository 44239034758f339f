"""A journal file in SQLite: one writer and many readers a process, several processes a file."""

from interlock.store.sqlite.store import SqliteStore as SqliteStore

__all__ = ["SqliteStore"]
