"""From a store's address to the store."""

from interlock.errors import UsageError
from interlock.store.memory import MemoryStore
from interlock.store.protocol import MeasuredStore

MEMORY = "memory:"


def open_store(url: str) -> MeasuredStore:
    """Open a store: `memory:`, `sqlite:PATH`, or the path of a journal file.

    A file that is not there is made; its folder too, if the folder's own parent is there, so that
    `.interlock/journal.db` works at once.

    Raises:
        UsageError: the address is empty or of a kind that does not exist.
        StoreUnusable: the file is no journal of ours, of a newer version, or unusable; says why.
    """
    if url == MEMORY:
        return MemoryStore()
    scheme, colon, rest = url.partition(":")
    if colon and len(scheme) > 1 and scheme.isalnum():  # One letter is a Windows drive.
        if scheme != "sqlite":
            raise UsageError(
                f"no store is called `{scheme}:`",
                hint="use `memory:`, `sqlite:PATH`, or the path of a journal file",
            )
        url = rest
    if not url:
        raise UsageError(
            "the address of a store is empty",
            hint="use `memory:`, `sqlite:PATH`, or the path of a journal file",
        )
    # Imported here: SQLite is native code, and a program that stays in memory needs none of it.
    from interlock.store.sqlite import SqliteStore

    return SqliteStore(url)
