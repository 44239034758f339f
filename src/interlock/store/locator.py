"""From a store's address to the store."""

from pathlib import Path

from interlock.errors import UsageError
from interlock.journal import OwnerId
from interlock.store.health import StoreHealth, StoreSize, StoreStructure
from interlock.store.memory import MemoryStore
from interlock.store.protocol import MeasuredStore, ReadStore
from interlock.values import RunId

MEMORY = "memory:"


def open_store(url: str) -> MeasuredStore:
    """Open a store: `memory:`, `sqlite:PATH`, or the path of a journal file.

    A file that is not there is made; its folder too, if the folder's own parent is there, so that
    `.interlock/journal.db` works at once.

    Raises:
        UsageError: the address is empty or of a kind that does not exist.
        StoreUnusable: the file is no journal of ours, of a newer version, or unusable; says why.
    """
    path = _path_of(url)
    if path is None:
        return MemoryStore()
    # Imported here: SQLite is native code, and a program that stays in memory needs none of it.
    from interlock.store.sqlite import SqliteStore

    return SqliteStore(path)


def open_to_read(url: str) -> ReadStore:
    """Open a store to read it: nothing is made, nothing changes.

    So it may be on read-only media. Other processes may write it meanwhile, and this one, too.

    Raises:
        UsageError: the address is empty or of a kind that does not exist.
        NoJournal: there is none.
        StoreUnusable: it cannot be read; says why.
        JournalCorrupt: its first pages are damaged.
    """
    path = _path_of(url)
    if path is None:
        return MemoryStore()
    from interlock.store.sqlite import open_to_read as open_file

    return open_file(path)


def examine_store(url: str) -> StoreHealth | None:
    """Look at all of a store and change nothing; None for `memory:`.

    It must be there already.

    Raises:
        UsageError: the address is empty or of a kind that does not exist.
        StoreUnusable: it cannot be opened; says why.
        JournalCorrupt: it is damaged so much that it cannot be read at all.
    """
    path = _path_of(url)
    if path is None:
        return None
    from interlock.store.sqlite import examine

    return examine(path)


def living_owners(url: str) -> dict[RunId, OwnerId]:
    """Name the runs that a living process drives, with its owner id.

    None for `memory:`.

    Raises:
        UsageError: the address is empty or of a kind that does not exist.
        StoreUnusable: it cannot be opened; says why.
    """
    path = _path_of(url)
    if path is None:
        return {}
    from interlock.store.sqlite import living_owners as living

    return living(path)


def measure_store(url: str) -> StoreSize | None:
    """Count events and values of a store, and their bytes; None for `memory:`.

    Raises:
        UsageError: the address is empty or of a kind that does not exist.
        StoreUnusable: it cannot be read; says why.
    """
    path = _path_of(url)
    if path is None:
        return None
    from interlock.store.sqlite import measure

    return measure(path)


def inspect_store(url: str) -> StoreStructure | None:
    """Say what in a store is not as Interlock makes it; None for `memory:`.

    Raises:
        UsageError: the address is empty or of a kind that does not exist.
        StoreUnusable: it cannot be read; says why.
    """
    path = _path_of(url)
    if path is None:
        return None
    from interlock.store.sqlite import inspect

    return inspect(path)


def journals_in(folder: Path) -> list[Path]:
    """Find the journal files of a folder by their first bytes.

    In a folder of very many files not all of them are looked at.
    """
    from interlock.store.sqlite import journals_in as found_in

    return found_in(folder)


def _path_of(url: str) -> str | None:
    """Return the path of a journal file; None for memory.

    Raises:
        UsageError: the address is no text, empty, or of a kind that does not exist.
    """
    if url == MEMORY:
        return None
    _expect_text(url)
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
    return url


def _expect_text(url: object) -> None:
    if not isinstance(url, str):
        told = f"the address of a store is {url!r:.60}, of type {type(url).__name__}"
        raise UsageError(told, hint="give it as text: `str(path)`")
