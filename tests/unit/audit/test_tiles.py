"""Tiles: the paths and widths of the specification, a published log, and what is no tile."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st

from interlock.audit import (
    TILE_WIDTH,
    Frontier,
    TileName,
    TileTree,
    TreeHead,
    entries_between,
    leaf_hash,
    parse_entries,
    parse_tile,
    parse_tile_path,
    prove_consistency,
    prove_inclusion,
    render_entries,
    tile_at,
    tiles_between,
    verify_consistency,
    verify_inclusion,
)
from interlock.errors import EvidenceRefused

SHARED = Path(__file__).parents[3] / "../shared/data/tlog"
LOG_FOLDER = SHARED / "tessera/testdata/log"
WORDS = b"one two three four five six seven eit nain ten ileven twelf threeten fourten fivten"
SIZES = st.integers(0, 70_000)


def test_paths_of_the_specification():
    if not SHARED.exists():
        pytest.skip("no test vectors of tiles at hand")
    vectors = json.loads((SHARED / "tile_path_vectors.json").read_bytes())["c2sp_paths"]
    for index, elements in vectors.items():
        if index.isdigit():
            assert TileName(level=0, index=int(index)).path() == f"tile/0/{elements}"
            continue
        widths: dict[str, int] = {}
        for name in tiles_between(0, int(index.removeprefix("tree_"))):
            key = f"level{name.level}_{'full' if name.width == TILE_WIDTH else 'partial'}"
            widths[key] = widths.get(key, 0) + 1 if key.endswith("full") else name.width
        assert widths == elements


@pytest.mark.parametrize("size", range(1, 16))
def test_a_published_log_is_read_and_its_bundles_are_made_again(size: int):
    if not LOG_FOLDER.exists():
        pytest.skip("no published log at hand")
    words = WORDS.split()[:size]
    tile, bundle = tile_at(0, 0, size), TileName(level=None, index=0, width=size)
    hashes = parse_tile(tile, (LOG_FOLDER / tile.path()).read_bytes())
    entries = (LOG_FOLDER / bundle.path()).read_bytes()
    assert parse_entries(bundle, entries) == words
    assert hashes == [leaf_hash(word) for word in words]
    assert render_entries(words) == entries


@given(index=st.integers(0, (1 << 55) - 1), width=st.integers(1, 256))
@example(index=999, width=1)
@example(index=1000, width=255)
@example(index=1_000_000, width=256)
def test_a_path_names_its_tile(index: int, width: int):
    for level in (None, 0, 7):
        name = TileName(level=level, index=index, width=width)
        assert parse_tile_path(name.path()) == name


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/00/000",
        "tile/8/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/001/x002",
        "tile/0/x001",
        "tile/0/0001",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/../000",
        "tile/0/000\n",
        "/tile/0/000",
        "tile/entry/000",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/" + "x999/" * 8 + "999",
        "tile/0/" + "x001/" * 1000 + "999",
    ],
)
def test_what_is_no_path_of_a_tile(path: str):
    with pytest.raises(EvidenceRefused) as caught:
        parse_tile_path(path)
    assert caught.value.code == "IL8512"


@given(path=st.text())
def test_any_text_is_a_path_or_refused_with_our_error(path: str):
    with pytest.raises(EvidenceRefused):
        parse_tile_path(f"tile/{path}")


@given(old=SIZES, more=st.integers(0, 3_000))
def test_what_a_log_publishes_when_it_grows_is_what_it_lacked(old: int, more: int):
    new = old + more
    before, after = set(tiles_between(0, old)), set(tiles_between(0, new))
    grown = list(tiles_between(old, new))
    assert set(grown) == after - before
    assert len(grown) == len(set(grown))
    bundles = set(entries_between(0, new)) - set(entries_between(0, old))
    assert set(entries_between(old, new)) == bundles
    assert {(name.index, name.width) for name in bundles} == {
        (name.index, name.width) for name in grown if name.level == 0
    }


# --- Proofs from tiles

SIZE = 66_000
LEAVES = [leaf_hash(number.to_bytes(4)) for number in range(SIZE)]


def published(size: int) -> dict[str, bytes]:
    """Make all tiles of a log as a store makes them: from its leaves and full tiles."""
    rows: dict[int, list[bytes]] = {0: LEAVES[:size]}
    for tile in Frontier().extend(LEAVES[:size]):
        rows.setdefault(tile.level, []).append(tile.hash)
        assert len(rows[tile.level]) == tile.index + 1
    return {
        name.path(): b"".join(rows[name.level or 0][name.index * 256 :][: name.width])
        for name in tiles_between(0, size)
    }


def head(size: int) -> TreeHead:
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    return TreeHead(size=size, root=frontier.root())


FILES = published(SIZE)


def read(name: TileName) -> bytes:
    """Give a tile, or the beginning of the wider one that is there."""
    whole = FILES.get(name.path()) or FILES.get(tile_at(name.level or 0, name.index, SIZE).path())
    assert whole is not None
    return whole[: name.width * 32]


@pytest.mark.parametrize(
    "old, new",
    [(65_536, SIZE), (65_537, SIZE), (1, SIZE), (256, 257), (255, 256), (300, 9_000), (77, 77)],
)
def test_proofs_from_tiles_hold(old: int, new: int):
    tree = TileTree(new, read)
    included = prove_inclusion(old - 1, new, tree)
    verify_inclusion(LEAVES[old - 1], included, index=old - 1, tree=head(new))
    verify_consistency(head(old), head(new), prove_consistency(old, new, tree))


def test_a_proof_reads_few_tiles_and_each_once():
    asked: list[str] = []

    def noted(name: TileName) -> bytes:
        asked.append(name.path())
        return read(name)

    prove_inclusion(12_345, SIZE, TileTree(SIZE, noted))
    assert sorted(asked) == [
        "tile/0/048",
        "tile/0/257.p/208",
        "tile/1/000",
        "tile/1/001.p/1",
    ]


def test_a_tile_of_the_wrong_length_is_named():
    with pytest.raises(EvidenceRefused, match=r"tile/0/000\.p/5` has 159 bytes"):
        TileTree(5, lambda name: bytes(159))(0, 0)


@pytest.mark.parametrize("height, index", [(0, 5), (1, 2), (3, 0), (8, 0), (0, -1), (70, 0)])
def test_a_tree_has_no_other_subtrees(height: int, index: int):
    with pytest.raises(EvidenceRefused):
        TileTree(5, lambda name: bytes(32 * name.width))(height, index)


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\0\1", b"\0\1a", b"\0\1a\0\1", b"\0\1a\0\1b\0", b"\0\0\0\0\0\0"]
)
def test_a_bundle_has_as_many_leaves_as_its_name_says(data: bytes):
    name = TileName(level=None, index=0, width=2)
    assert parse_entries(name, b"\0\1a\0\0") == [b"a", b""]
    with pytest.raises(EvidenceRefused):
        parse_entries(name, data)


def test_a_leaf_that_is_too_long_is_not_published():
    assert len(render_entries([bytes(65_535)])) == 65_537
    with pytest.raises(EvidenceRefused):
        render_entries([bytes(65_536)])
