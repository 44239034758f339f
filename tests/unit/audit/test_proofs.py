"""Proofs against RFC 9162's definition for every pair of sizes, and against published vectors."""

import base64
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from interlock.audit import (
    TREE_SIZE_MAX,
    TreeHead,
    consistency_spans,
    inclusion_spans,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
)
from interlock.errors import EvidenceRefused

VECTORS = Path(__file__).parents[3] / "../shared/data/rfc6962-merkle/testdata"
SIZE = 26
LEAVES = [leaf_hash(bytes([number])) for number in range(SIZE)]


@cache
def root(low: int, high: int) -> bytes:
    """MTH of RFC 9162, section 2.1.1, over leaves `low` to `high`."""
    if high - low == 1:
        return LEAVES[low]
    middle = low + split(high - low)
    return node_hash(root(low, middle), root(middle, high))


def split(count: int) -> int:
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def subtrees(height: int, index: int) -> bytes:
    return root(index << height, (index + 1) << height)


def head(size: int) -> TreeHead:
    return TreeHead(size=size, root=root(0, size))


def path(index: int, low: int, high: int) -> list[bytes]:
    """PATH of RFC 9162, section 2.1.3.1, as it is written there."""
    if high - low == 1:
        return []
    middle = low + split(high - low)
    if index < middle:
        return [*path(index, low, middle), root(middle, high)]
    return [*path(index, middle, high), root(low, middle)]


def subproof(old: int, span: range, *, known: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162, section 2.1.4.1, as it is written there."""
    low, high = span.start, span.stop
    if old == high:
        return [] if known else [root(low, high)]
    middle = low + split(high - low)
    if old <= middle:
        return [*subproof(old, range(low, middle), known=known), root(middle, high)]
    return [*subproof(old, range(middle, high), known=False), root(low, middle)]


PAIRS = [(small, size) for size in range(1, SIZE + 1) for small in range(size)]


def test_every_inclusion_proof_is_the_one_of_the_definition_and_holds():
    for index, size in PAIRS:
        proof = prove_inclusion(index, size, subtrees)
        assert proof == path(index, 0, size)
        verify_inclusion(LEAVES[index], proof, index=index, tree=head(size))


def test_every_consistency_proof_is_the_one_of_the_definition_and_holds():
    for index, new in PAIRS:
        old = index + 1
        proof = prove_consistency(old, new, subtrees)
        assert proof == subproof(old, range(new), known=True)
        verify_consistency(head(old), head(new), proof)


def test_a_leaf_is_at_one_place_only():
    for index, size in PAIRS:
        proof = prove_inclusion(index, size, subtrees)
        for other in range(size + 2):
            if other != index:
                refused(verify_inclusion, LEAVES[index], proof, index=other, tree=head(size))


def test_a_proof_is_of_one_older_tree_only():
    for index, new in PAIRS:
        old = index + 1
        proof = prove_consistency(old, new, subtrees)
        for other in range(1, SIZE + 1):
            if other != old:
                refused(verify_consistency, head(other), head(new), proof)
                refused(
                    verify_consistency, TreeHead(size=other, root=root(0, old)), head(new), proof
                )


@given(data=st.data())
def test_no_single_bit_of_an_inclusion_proof_can_be_changed(data: st.DataObject):
    index, size = data.draw(st.sampled_from(PAIRS))
    proof = prove_inclusion(index, size, subtrees)
    hashes = [LEAVES[index], *proof, root(0, size)]
    leaf, *changed, top = one_bit_changed(hashes, data)
    refused(verify_inclusion, leaf, changed, index=index, tree=TreeHead(size=size, root=top))


@given(data=st.data())
def test_no_single_bit_of_a_consistency_proof_can_be_changed(data: st.DataObject):
    index, new = data.draw(st.sampled_from(PAIRS))
    proof = prove_consistency(index + 1, new, subtrees)
    hashes = [root(0, index + 1), *proof, root(0, new)]
    first, *changed, last = one_bit_changed(hashes, data)
    old_head = TreeHead(size=index + 1, root=first)
    refused(verify_consistency, old_head, TreeHead(size=new, root=last), changed)


def one_bit_changed(hashes: list[bytes], data: st.DataObject) -> list[bytes]:
    which = data.draw(st.integers(0, len(hashes) - 1))
    bit = data.draw(st.integers(0, 255))
    changed = int.from_bytes(hashes[which]) ^ (1 << bit)
    return [*hashes[:which], changed.to_bytes(32), *hashes[which + 1 :]]


@given(
    proof=st.lists(st.binary(max_size=40), max_size=70),
    sizes=st.tuples(st.integers(-2, 1 << 66), st.integers(-2, 1 << 66)),
    hashes=st.tuples(st.binary(max_size=40), st.binary(max_size=40)),
)
def test_nonsense_is_refused_and_breaks_nothing(
    proof: list[bytes], sizes: tuple[int, int], hashes: tuple[bytes, bytes]
):
    first, last = (TreeHead(size=size, root=top) for size, top in zip(sizes, hashes, strict=True))
    refused(verify_inclusion, hashes[0], proof, index=sizes[0], tree=last)
    if first != last:
        refused(verify_consistency, first, last, proof)


def test_proofs_of_the_largest_tree_have_an_end():
    assert len(inclusion_spans(0, TREE_SIZE_MAX)) == 63
    assert len(consistency_spans((1 << 62) + 1, TREE_SIZE_MAX)) == 64


@pytest.mark.parametrize("index, size", [(0, 0), (3, 3), (-1, 3), (0, TREE_SIZE_MAX + 1)])
def test_no_proof_is_made_of_what_is_not_there(index: int, size: int):
    refused(inclusion_spans, index, size)


@pytest.mark.parametrize("old, new", [(0, 0), (0, 3), (4, 3), (-1, 3), (1, TREE_SIZE_MAX + 1)])
def test_no_proof_is_made_between_trees_that_cannot_be_consistent(old: int, new: int):
    refused(consistency_spans, old, new)


def refused(check: Callable[..., Any], *given: Any, **named: Any) -> None:
    with pytest.raises(EvidenceRefused) as caught:
        check(*given, **named)
    assert caught.value.code in {"IL8501", "IL8502", "IL8503"}


# --- Vectors of transparency-dev/merkle


def vectors(kind: str) -> list[Path]:
    return sorted((VECTORS / kind).rglob("*.json"))


def parsed(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_bytes())
    for name in ("root", "root1", "root2", "leafHash"):
        if name in found:
            found[name] = base64.b64decode(found[name])
    found["proof"] = [base64.b64decode(node) for node in found["proof"] or ()]
    return found


def include(vector: dict[str, Any]) -> None:
    tree = TreeHead(size=vector["treeSize"], root=vector["root"])
    verify_inclusion(vector["leafHash"], vector["proof"], index=vector["leafIdx"], tree=tree)


def compare(vector: dict[str, Any]) -> None:
    old = TreeHead(size=vector["size1"], root=vector["root1"])
    verify_consistency(old, TreeHead(size=vector["size2"], root=vector["root2"]), vector["proof"])


@pytest.mark.parametrize("kind, check", [("inclusion", include), ("consistency", compare)])
def test_published_proofs(kind: str, check: Callable[[dict[str, Any]], None]):
    if not VECTORS.exists():
        pytest.skip("no test vectors of RFC 6962 proofs at hand")
    good = bad = 0
    for vector in map(parsed, vectors(kind)):
        if vector["wantErr"]:
            bad += 1
            refused(check, vector)
        else:
            good += 1
            check(vector)
    assert (good > 5, good + bad) == (True, 98)
