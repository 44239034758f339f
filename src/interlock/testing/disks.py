"""What a power loss may leave of files: from what was done to them, in order.

The model: what a completed sync of a file covers is there, and so is the file. Of the writes,
truncations and unsynced deletions after it, any subset happened, in their order; any write may be
torn at the boundaries of sectors, and the last one at any byte; a file may have grown to its size
while what was written there is lost, and reads as zeros. A deletion that syncs the folder is
there. (That a synced file has its name is what ext4 and XFS do; POSIX wants the folder synced too,
and SQLite does that for its logs.)

Between two syncs nothing becomes certain. So what a power loss may leave at any moment of such an
epoch is told by its end, and there the most has been promised.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from random import Random
from typing import Literal, TypeAlias, final

SECTOR_BYTES = 512
"""What a disk writes whole or not at all."""

EXHAUSTIVE_MAX = 5
"""Every subset of so many operations is tried; of more, some are."""

Kind = Literal[
    "write", "truncate", "sync", "delete", "delete_synced", "open", "read", "lock", "share"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskOp:
    """One thing that is done to a file. `offset` is the new size for a truncation."""

    file: str
    kind: Kind
    offset: int = 0
    data: bytes = b""


Survivors: TypeAlias = tuple[DiskOp, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskState:
    """What may be on the disk after the first `ops` operations and a power loss."""

    ops: int
    choice: str
    files: Mapping[str, bytes]

    def put_into(self, folder: Path) -> None:
        """Make the files of a folder those of this state."""
        for old in folder.iterdir():
            if old.is_file():
                old.unlink()
        for name, data in self.files.items():
            (folder / name).write_bytes(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """The time between two syncs.

    Attributes:
        since, ops: how many operations were done when it began, and when it ended.
        durable: the files as they are for certain.
        pending: what was done since, in order.
    """

    since: int
    ops: int
    durable: Mapping[str, bytes]
    pending: Survivors

    def left(self, choice: str, survivors: Iterable[DiskOp]) -> DiskState:
        """Return what is there when only some of the pending operations, or parts, took place."""
        files = dict(self.durable)
        for op in survivors:
            _apply(files, op)
        return DiskState(ops=self.ops, choice=choice, files=files)

    def systematic(self) -> Iterator[tuple[str, Survivors]]:
        """Yield every subset of what is pending where that is few; else the telling ones.

        These are: each beginning of it, all but one operation, and one alone.
        """
        pending, count = self.pending, len(self.pending)
        if count <= EXHAUSTIVE_MAX:
            for number, chosen in enumerate(product((False, True), repeat=count)):
                kept = tuple(op for op, is_kept in zip(pending, chosen, strict=True) if is_kept)
                yield f"subset {number} of {2**count}", kept
            return
        for index in range(count + 1):
            yield f"the first {index} of {count}", pending[:index]
        for index in range(count - 1):
            yield f"all but operation {index} of {count}", pending[:index] + pending[index + 1 :]
            yield f"operation {index} of {count} alone", pending[index : index + 1]
        yield f"all of {count}, but only their sizes", tuple(_sizes(pending))

    def random(self, random: Random) -> tuple[str, Survivors]:
        """Choose what took place, in whole or in part."""
        if self.pending and self.pending[-1].kind == "write" and random.random() < 0.2:
            last = self.pending[-1]
            size = random.randrange(len(last.data) + 1)
            torn = replace(last, data=last.data[:size])
            return f"all, the last write torn at {size}", (*self.pending[:-1], torn)
        kept_of_all = random.choice((0.1, 0.5, 0.9))
        keeps_sizes = random.random() < 0.3
        survivors: list[DiskOp] = []
        for op in self.pending:
            if random.random() < kept_of_all:
                survivors.append(op)
            elif op.kind == "write":
                survivors += _sizes([op]) if keeps_sizes else []
                if random.random() < 0.5:
                    survivors += [sector for sector in sectors_of(op) if random.random() < 0.5]
        return f"parts, {kept_of_all:.0%} whole{', with sizes' * keeps_sizes}", tuple(survivors)


@final
@dataclass(slots=True, kw_only=True)
class Disk:
    """What was done to files, in order.

    Attributes:
        before: the files that were there when it began.
        refuse: asked before an operation is done: a SQLite error code fails it, 0 lets it be done.
            When it is given from the start it is also asked about what changes nothing, which is
            not kept in `ops`: opening, reading, locking, sharing memory.
    """

    ops: list[DiskOp] = field(default_factory=list)
    before: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    refuse: Callable[[DiskOp], int] | None = None

    def mark(self) -> int:
        """Return how many operations there were: what was acknowledged by now must survive them."""
        return len(self.ops)

    def epochs(self) -> Iterator[Epoch]:
        """Yield the times between two syncs in which something was done."""
        durable: dict[str, bytes] = dict(self.before)
        pending: list[DiskOp] = []
        since = 0
        for done, op in enumerate(self.ops):
            if op.kind not in ("sync", "delete_synced"):
                pending.append(op)
                continue
            yield Epoch(since=since, ops=done, durable=dict(durable), pending=tuple(pending))
            since = done + 1
            for earlier in pending:
                if earlier.file == op.file:
                    _apply(durable, earlier)
            pending = [earlier for earlier in pending if earlier.file != op.file]
            _apply(durable, op)
        yield Epoch(since=since, ops=len(self.ops), durable=durable, pending=tuple(pending))

    def states(self, random: Random, *, subsets: int = 2) -> Iterator[DiskState]:
        """Yield what a power loss may leave: of each epoch the systematic states, and `subsets`."""
        for epoch in self.epochs():
            for choice, survivors in epoch.systematic():
                yield epoch.left(choice, survivors)
            for _ in range(subsets if epoch.pending else 0):
                yield epoch.left(*epoch.random(random))


def sectors_of(op: DiskOp) -> Iterator[DiskOp]:
    """Cut a write at the boundaries of sectors."""
    start, end = op.offset, op.offset + len(op.data)
    while start < end:
        stop = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        data = op.data[start - op.offset : stop - op.offset]
        yield replace(op, offset=start, data=data)
        start = stop


def _sizes(ops: Sequence[DiskOp]) -> Iterator[DiskOp]:
    """What is left of operations when files have their sizes, but not their content."""
    for op in ops:
        if op.kind == "write":
            # Writes nothing, behind what it wrote: the gap before it is filled with zeros.
            yield replace(op, offset=op.offset + len(op.data), data=b"")
        else:
            yield op


def _apply(files: dict[str, bytes], op: DiskOp) -> None:
    content = files.get(op.file, b"")
    match op.kind:
        case "write":
            gap = b"\0" * (op.offset - len(content))
            end = op.offset + len(op.data)
            files[op.file] = content[: op.offset] + gap + op.data + content[end:]
        case "truncate":
            files[op.file] = content[: op.offset]
        case "sync":
            files[op.file] = content
        case "delete" | "delete_synced":
            files.pop(op.file, None)
        case _:
            pass
