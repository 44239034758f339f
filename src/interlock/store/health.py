"""How a store is: for `interlock doctor`, and for those who watch it."""

from collections.abc import Mapping

from interlock.journal import OwnerId
from interlock.values import RunId, immutable


@immutable()
class StoreHealth:
    """What was found in a store.

    Attributes:
        problems: what the integrity check says, and what is not as it was written; empty when all
            is well.
        version, version_known: the format of the file, and the newest that this Interlock knows.
        bytes: the size of the file with its write-ahead log.
        bytes_free: what is left on its disk.
        driven: the runs that a living process drives, with its owner id.
        unwritable: why it can only be read, with the code of the error; empty when it can be
            written.
        values: the stored values, each of which was held against its digest.
        unscrubbed: erasures of which the file may still hold traces: see `Store.scrub`.
    """

    problems: tuple[str, ...]
    version: int
    version_known: int
    events: int
    runs: int
    bytes: int
    bytes_free: int
    driven: Mapping[RunId, OwnerId]
    unwritable: str = ""
    values: int = 0
    unscrubbed: int = 0


@immutable()
class StoreSize:
    """How much there is of what in a store.

    Attributes:
        events, event_bytes: how many, with their salts and commitments.
        events_emptied: those of them whose content was pruned.
        values, value_bytes: those of runs, and shared ones.
        bytes: the size of the file with its write-ahead log.
    """

    events: int
    event_bytes: int
    events_emptied: int
    values: int
    value_bytes: int
    bytes: int


@immutable()
class StoreStructure:
    """Whether a store is made as Interlock makes it, beside what is in its rows.

    Attributes:
        problems: tables, indexes, triggers and rows of the log that are missing, changed or not
            Interlock's, and damaged pages, in words; empty when all is well.
        beside: tables and views of others, such as those of transactional actions, in words.
    """

    problems: tuple[str, ...]
    beside: tuple[str, ...]
