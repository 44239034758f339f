"""A log in memory, for tests that need no store: it can do what no store can, forget and change."""

from interlock.audit import TILE_WIDTH, Frontier, leaf_hash


class MadeLog:
    """Leaves that are named; the tiles of a log over them."""

    def __init__(self, size: int, *, changed: int | None = None) -> None:
        self.leaves = [leaf_hash(f"event {number}".encode()) for number in range(size)]
        if changed is not None:
            self.leaves[changed] = leaf_hash(b"another event")
        self.rows: dict[int, list[bytes]] = {0: self.leaves}
        for root in Frontier().extend(self.leaves):
            self.rows.setdefault(root.level, []).append(root.hash)

    def log_size(self) -> int:
        return len(self.leaves)

    def tile(self, level: int, index: int) -> bytes:
        return b"".join(self.rows.get(level, [])[index * TILE_WIDTH :][:TILE_WIDTH])

    def root(self, size: int) -> bytes:
        frontier = Frontier()
        frontier.extend(self.leaves[:size])
        return frontier.root()
