"""A journal file in SQLite."""
