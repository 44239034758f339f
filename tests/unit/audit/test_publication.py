"""What was published of a log is compared with it, file by file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from interlock.audit import (
    HASH_BYTES,
    Frontier,
    PublishedLog,
    TileName,
    TreeHead,
    entries_between,
    leaf_hash,
    render_entries,
    tiles_between,
)
from interlock.audit.publication import FalseTile, false_tile

SIZE, EARLIER = 70_000, 600
LEAVES = [b"event %d" % number for number in range(SIZE)]


def rows_of(size: int) -> list[bytes]:
    hashes = [leaf_hash(leaf) for leaf in LEAVES[:size]]
    rows = {0: b"".join(hashes)}
    for root in Frontier().extend(hashes):
        rows[root.level] = rows.get(root.level, b"") + root.hash
    return [rows[level] for level in sorted(rows)]


ROWS = rows_of(SIZE)


def data_of(name: TileName) -> bytes:
    start = name.index * 256
    if name.level is None:
        return render_entries(LEAVES[start : start + name.width])
    return ROWS[name.level][start * HASH_BYTES :][: name.width * HASH_BYTES]


@dataclass
class Folder:
    """Files as others are served them."""

    files: dict[TileName, bytes] = field(default_factory=dict[TileName, bytes])

    def publish(self, *sizes: int) -> "Folder":
        old = 0
        for size in sizes:
            names = [*tiles_between(old, size), *entries_between(old, size)]
            self.files |= {name: data_of(name) for name in names}
            old = size
        return self

    def found(self, size: int = SIZE, names: Sequence[TileName] | None = None) -> FalseTile | None:
        # The root is bound by the signature, and compared elsewhere.
        tree = TreeHead(size=size, root=bytes(HASH_BYTES))
        names = tuple(self.files) if names is None else names
        return false_tile(PublishedLog(tree=tree, names=names, read=self.files.get), ROWS)


FOLDER = Folder().publish(EARLIER, SIZE).files


def folder() -> Folder:
    return Folder(dict(FOLDER))


def test_what_was_published_is_the_log():
    assert folder().found() is None
    assert Folder().found(0) is None
    assert Folder().publish(1).found(1) is None


FIRST, LAST = TileName(level=0, index=0), TileName(level=0, index=273, width=112)
EARLIER_PART = TileName(level=0, index=2, width=88)
UPPER, TOP = TileName(level=1, index=1, width=17), TileName(level=2, index=0, width=1)
BUNDLE = TileName(level=None, index=100)
PLACES = {FIRST: 3, LAST: 273 * 256 + 3, EARLIER_PART: 515, UPPER: (256 + 3) * 256, BUNDLE: 25_603}


@pytest.mark.parametrize("name", PLACES, ids=TileName.path)
def test_the_first_hash_that_differs_is_named_in_every_kind_of_file(name: TileName):
    changed = folder()
    data = bytearray(changed.files[name])
    at = data.index(b"event 25603") if name == BUNDLE else 3 * HASH_BYTES
    data[at] ^= 1
    changed.files[name] = bytes(data)
    found = changed.found()
    assert found is not None
    assert (found.path, found.index) == (name.path(), PLACES[name])


def test_of_several_the_first_is_named():
    changed = folder()
    for name in (UPPER, LAST, FIRST):
        changed.files[name] = bytes(len(changed.files[name]))
    found = changed.found()
    assert found is not None
    assert (found.path, found.index) == ("tile/0/000", 0)


LENGTHS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "short": lambda data: data[:-1],
    "a hash less": lambda data: data[:-HASH_BYTES],
    "a hash more": lambda data: data + data[:HASH_BYTES],
}


@pytest.mark.parametrize("name", [FIRST, LAST, UPPER, TOP, BUNDLE], ids=TileName.path)
@pytest.mark.parametrize("change", LENGTHS)
def test_a_file_of_another_length_is_named(name: TileName, change: str):
    changed = folder()
    changed.files[name] = LENGTHS[change](changed.files[name])
    found = changed.found()
    assert found is not None
    assert found.path == name.path()


@pytest.mark.parametrize("name", [FIRST, LAST, UPPER, TOP], ids=TileName.path)
def test_a_missing_tile_is_named(name: TileName):
    changed = folder()
    del changed.files[name]
    found = changed.found()
    assert found is not None
    assert (found.path, found.message) == (name.path(), "it is not there")


def test_a_partial_tile_may_have_given_way_to_the_full_one():
    grown = Folder().publish(EARLIER)
    full = TileName(level=0, index=2)
    del grown.files[EARLIER_PART]
    grown.files[full] = data_of(full)
    assert grown.found(EARLIER) is None


def test_a_partial_tile_that_goes_while_it_is_looked_at_is_no_fault():
    names = tuple(Folder().publish(EARLIER).files)
    assert folder().found(EARLIER, names) is None
    grown = folder()
    for name in names:
        if name != name.full():
            del grown.files[name]
    assert grown.found(EARLIER, names) is None
    assert grown.found(EARLIER, ()) is None
    grown.files[TileName(level=0, index=2)] = b""
    found = grown.found(EARLIER, names)
    assert found is not None
    assert found.path == EARLIER_PART.path()


def test_what_goes_beyond_the_checkpoint_is_not_compared_with_it():
    """A publication was interrupted, and the log has grown: its tiles came first."""
    changed = folder()
    changed.files[LAST] = bytes(len(changed.files[LAST]))
    assert changed.found(EARLIER) is None
    data = data_of(TileName(level=0, index=2))
    changed.files[TileName(level=0, index=2)] = bytes(HASH_BYTES) + data[HASH_BYTES:]
    found = changed.found(EARLIER)
    assert found is not None
    assert (found.path, found.index) == ("tile/0/002", 512)
