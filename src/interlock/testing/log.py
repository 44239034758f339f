"""What a store must do with its log: the Merkle tree of which every event is a leaf."""

from collections.abc import Sequence
from contextlib import closing

from interlock.actions import Database
from interlock.audit import (
    HASH_BYTES,
    TILE_WIDTH,
    Frontier,
    TreeHead,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
)
from interlock.errors import KeyTaken, StoreFailed
from interlock.journal import Record
from interlock.store import Store, log_tree
from interlock.testing.made import ME, YOU, A, B, C, head, in_threads, record, refusal
from interlock.values import RunId

EVENTS_MAX = 100_000


def logged(store: Store) -> list[tuple[RunId, int]]:
    """Check the log of a store of made records against its events; list these in its order.

    Raises:
        AssertionError: a leaf is missing, there twice, in another place, or not that of its event;
            or the tiles or the edge are not those of the leaves.
    """
    found = store.leaves(limit=EVENTS_MAX)
    assert [event.leaf_index for _, event in found] == list(range(store.log_size()))
    for run in {run for run, _ in found}:
        events = [event for owner, event in found if owner == run]
        assert sorted(events, key=lambda event: event.seq) == store.read(run, limit=EVENTS_MAX)
    hashes = [leaf_hash(b"leaf of " + event.body) for _, event in found]
    check_tiles(store, hashes)
    frontier = Frontier()
    frontier.extend(hashes)
    assert store.log_edge() == (frontier.size, frontier.to_bytes())
    return [(run, event.seq) for run, event in found]


def check_tiles(store: Store, hashes: Sequence[bytes]) -> None:
    """Check the tiles of all levels against the hashes of the leaves."""
    level, row = 0, list(hashes)
    while row:
        for index in range(len(row) // TILE_WIDTH + 1):
            tile = row[index * TILE_WIDTH : (index + 1) * TILE_WIDTH]
            assert store.tile(level, index) == b"".join(tile), (level, index)
        level, row = level + 1, [_root(row, index) for index in range(len(row) // TILE_WIDTH)]
    assert store.tile(level, 0) == b""


def _root(row: Sequence[bytes], index: int) -> bytes:
    frontier = Frontier()
    frontier.extend(row[index * TILE_WIDTH : (index + 1) * TILE_WIDTH])
    return frontier.root()


class LogConformance:
    """What a store does with its log."""

    def make(self) -> Store:
        """Return a new, empty store."""
        raise NotImplementedError

    def test_a_new_log_is_empty(self) -> None:
        with closing(self.make()) as store:
            assert store.log_size() == 0
            assert store.leaves() == []
            assert store.tile(0, 0) == b""

    def test_every_event_is_a_leaf_in_the_order_of_commits(self) -> None:
        with closing(self.make()) as store:
            store.write([record(B, 1), record(A, 1), record(B, 2)])
            store.write([record(A, 2)])
            store.write([])
            assert logged(store) == [(B, 1), (B, 2), (A, 1), (A, 2)]

    def test_salts_come_back_with_their_event(self) -> None:
        salts = [bytes(range(16)), b"", b"\0" * 32, b"\xff" * 144]
        with closing(self.make()) as store:
            store.write([record(A, seq, salts=each) for seq, each in enumerate(salts, start=1)])
            assert [event.salts for event in store.read(A)] == salts
            assert [event.salts for _, event in store.leaves()] == salts

    def test_a_page_of_the_log_begins_at_a_leaf_and_ends_at_the_limit(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1), record(B, 1), record(C, 1)])

            def page(first: int, limit: int) -> list[RunId]:
                return [run for run, _ in store.leaves(first=first, limit=limit)]

            assert page(0, 2) == [A, B]
            assert page(1, 2) == [B, C]
            assert page(2, 2) == [C]
            assert page(3, 2) == []
            assert page(-1, 2) == [A, B]
            assert page(0, 0) == page(0, -1) == []

    def test_commits_of_all_sizes_fill_the_tiles(self) -> None:
        with closing(self.make()) as store:
            seq = 0
            for size in (1, 254, 1, 1, 255, 257, 3, 600, 1):
                batch = [record(A, seq + number) for number in range(1, size + 1)]
                before = [store.tile(0, index) for index in range(6)]
                store.write(batch)
                seq += size
                after = [store.tile(0, index) for index in range(6)]
                assert all(new.startswith(old) for old, new in zip(before, after, strict=True))
            assert len(logged(store)) == seq == store.log_size()

    def test_what_is_refused_is_in_no_leaf(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A, key="k"))])
            refusal(StoreFailed, lambda: store.write([record(B, 1), record(A, 3)]))
            refusal(StoreFailed, lambda: store.write([record(B, 1, taken=["none"])]))
            refusal(
                KeyTaken, lambda: store.write([record(C, 1), record(B, 1, head=head(B, key="k"))])
            )
            assert logged(store) == [(A, 1)]
            store.write([record(B, 1)])
            assert logged(store) == [(A, 1), (B, 1)]

    def test_a_fenced_run_is_in_no_leaf_and_the_rest_is(self) -> None:
        with closing(self.make()) as store:
            store.lease(A, ME, now_ms=0, life_ms=1)
            store.lease(A, YOU, now_ms=9, life_ms=1)
            assert store.write([record(A, 1), record(B, 1), record(C, 1)]) == {A}
            assert logged(store) == [(B, 1), (C, 1)]
            assert store.write([record(A, 1)]) == {A}
            assert store.write([record(A, 1, epoch=2), record(B, 2)]) == frozenset()
            assert logged(store) == [(B, 1), (C, 1), (A, 1), (B, 2)]

    def test_a_transaction_of_an_action_is_in_the_log(self) -> None:
        with closing(self.make()) as store:
            store.write([record(B, 1)])
            assert store.transact(A, 1, lambda _: [record(A, 1), record(A, 2)])
            assert store.transact(B, 1, lambda _: ())
            store.write([record(B, 2)])
            assert logged(store) == [(B, 1), (A, 1), (A, 2), (B, 2)]

    def test_a_transaction_that_is_undone_leaves_no_leaf(self) -> None:
        with closing(self.make()) as store:

            def fail(_database: Database) -> Sequence[Record]:
                raise ValueError

            def leave_a_gap(_database: Database) -> Sequence[Record]:
                return [record(A, 7)]

            store.write([record(B, 1)])
            for work in (fail, leave_a_gap):
                try:
                    store.transact(A, 1, work)
                except (ValueError, StoreFailed):
                    continue
                raise AssertionError("it was not undone")
            store.lease(C, ME, now_ms=0, life_ms=1)
            store.lease(C, YOU, now_ms=9, life_ms=1)
            assert not store.transact(C, 1, lambda _: [record(C, 1)])
            store.write([record(A, 1)])
            assert logged(store) == [(B, 1), (A, 1)]

    def test_any_leaf_is_proved_in_any_tree_after_it(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, seq) for seq in range(1, 601)])
            sizes = (1, 2, 255, 256, 257, 511, 512, 600)
            trees = {size: log_tree(store, size) for size in sizes}
            roots = {size: self._tree_of(store, size) for size in sizes}
            for size in sizes:
                for index in {0, 1, 200, 255, 256, size - 1} & set(range(size)):
                    leaf = store.tile(0, index // TILE_WIDTH)
                    leaf = leaf[index % TILE_WIDTH * HASH_BYTES :][:HASH_BYTES]
                    proof = prove_inclusion(index, size, trees[size])
                    verify_inclusion(leaf, proof, index=index, tree=roots[size])
                proof = prove_consistency(size, 600, trees[600])
                verify_consistency(roots[size], roots[600], proof)

    def test_threads_add_to_one_log(self) -> None:
        runs = [RunId(f"01{number:03}") for number in range(4)]
        with closing(self.make()) as store:

            def write_one_by_one(run: RunId) -> None:
                for seq in range(1, 81):
                    store.write([record(run, seq)])

            in_threads(lambda run=run: write_one_by_one(run) for run in runs)
            assert len(logged(store)) == 320

    def _tree_of(self, store: Store, size: int) -> TreeHead:
        frontier = Frontier()
        events = [event for _, event in store.leaves(limit=size)]
        frontier.extend([leaf_hash(b"leaf of " + event.body) for event in events])
        return TreeHead(size=size, root=frontier.root())
