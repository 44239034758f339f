"""The frontier against a tree computed the slow way, and against RFC 6962's known roots."""

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from interlock.audit import (
    EMPTY_ROOT,
    HASH_BYTES,
    TILE_WIDTH,
    TREE_SIZE_MAX,
    Frontier,
    TileRoot,
    leaf_hash,
    node_hash,
)
from interlock.errors import EvidenceRefused

VECTORS = Path(__file__).parents[3] / "../shared/data/tlog/rfc6962_roots.json"


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1, as it is written there."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(naive_root(leaves[:half]), naive_root(leaves[half:]))


def numbered(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4)) for number in range(count)]


def test_roots_of_the_rfc():
    if not VECTORS.exists():
        pytest.skip("no test vectors of RFC 6962 at hand")
    known = json.loads(VECTORS.read_bytes())
    frontier = Frontier()
    roots = [frontier.root().hex()]
    for text in known["leaf_inputs_hex"]:
        frontier.extend([leaf_hash(bytes.fromhex(text))])
        roots.append(frontier.root().hex())
    assert roots == known["root_hashes_hex"]
    assert EMPTY_ROOT.hex() == known["hasher"]["empty"]
    assert leaf_hash(b"").hex() == known["hasher"]["empty_leaf"]
    assert leaf_hash(b"L123456").hex() == known["hasher"]["leaf_L123456"]
    assert node_hash(b"N123", b"N456").hex() == known["hasher"]["node_N123_N456"]


def test_every_small_tree_has_the_root_of_the_definition():
    frontier, leaves = Frontier(), numbered(70)
    for size, leaf in enumerate(leaves):
        assert (frontier.size, frontier.root()) == (size, naive_root(leaves[:size]))
        frontier.extend([leaf])


@given(parts=st.lists(st.integers(0, 260), max_size=3))
def test_how_leaves_are_grouped_makes_no_difference(parts: list[int]):
    leaves = numbered(sum(parts))
    frontier, full, start = Frontier(), list[TileRoot](), 0
    for part in parts:
        full += frontier.extend(leaves[start : start + part])
        start += part
    assert frontier.root() == naive_root(leaves)
    assert full == [
        TileRoot(
            level=1,
            index=index,
            hash=naive_root(leaves[index * TILE_WIDTH : (index + 1) * TILE_WIDTH]),
        )
        for index in range(len(leaves) // TILE_WIDTH)
    ]


def test_a_tile_of_tiles_is_told_with_the_tile_that_completes_it():
    leaves = numbered(TILE_WIDTH) * TILE_WIDTH
    frontier = Frontier()
    full = frontier.extend(leaves)
    assert [(tile.level, tile.index) for tile in full] == [
        *((1, index) for index in range(TILE_WIDTH)),
        (2, 0),
    ]
    assert full[-1].hash == frontier.root() == naive_root([tile.hash for tile in full[:-1]])


@given(size=st.integers(0, 300), more=st.integers(0, 40))
def test_a_stored_frontier_goes_on_where_it_was(size: int, more: int):
    leaves = numbered(size + more)
    first = Frontier()
    first.extend(leaves[:size])
    again = Frontier.from_bytes(size, first.to_bytes())
    again.extend(leaves[size:])
    assert (again.size, again.root()) == (size + more, naive_root(leaves))


def test_a_copy_grows_alone():
    frontier = Frontier()
    frontier.extend(numbered(5))
    before = frontier.root()
    twin = frontier.copy()
    twin.extend(numbered(3))
    assert (frontier.size, frontier.root()) == (5, before)
    assert (twin.size, twin.root()) == (8, naive_root(numbered(5) + numbered(3)))


@pytest.mark.parametrize(
    "size, count", [(0, 1), (1, 0), (3, 1), (3, 3), (-1, 0), (TREE_SIZE_MAX + 1, 1)]
)
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, count: int):
    with pytest.raises(EvidenceRefused) as caught:
        Frontier.from_bytes(size, bytes(count * HASH_BYTES))
    assert caught.value.code == "IL8501"


def test_half_a_hash_is_refused():
    with pytest.raises(EvidenceRefused):
        Frontier.from_bytes(1, bytes(31))
