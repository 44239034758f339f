"""Interlock without its log, to compare with: no leaves, no salts, no hashes, no rows of the log.

    python -m benchmarks.unlogged chain 1000          as `benchmarks.ours`

There is no such switch in Interlock; here, what makes the log is replaced.
"""

from collections.abc import Collection
from typing import Any, cast

from benchmarks.harness import main
from benchmarks.ours import PEER
from interlock.audit import Frontier
from interlock.journal import Entry, encode_entry
from interlock.runtime.commits import Sealer
from interlock.store.batch import RunPart
from interlock.store.sqlite import writer
from interlock.store.sqlite.connection import array
from interlock.values import RunId


def encoded(self: Sealer, run: RunId, entry: Entry) -> tuple[bytes, bytes, bytes]:  # noqa: ARG001
    """Give the bytes of an event alone."""
    return encode_entry(run, entry), b"", b""


def inserted(self: Any, parts: Collection[RunPart]) -> Frontier:
    """Insert a batch; its events are numbered, and no more."""
    edge = self._edge.copy()
    rows = tuple(cast(Any, writer)._rows(parts, leaf=edge.size))  # noqa: SLF001
    edge.size += sum(len(part.records) for part in parts)
    small = sum(map(len, rows)) <= writer.CACHED_BYTES_MAX
    self._connection.execute(writer.WRITE, (array(rows),), can_cache=small)
    return edge


if __name__ == "__main__":
    Sealer.seal = encoded
    cast(Any, writer.Writer)._insert = inserted  # noqa: SLF001
    main(PEER)
