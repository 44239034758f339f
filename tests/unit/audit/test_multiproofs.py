"""One proof for many leaves, against the definition of a root."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from interlock.audit import (
    leaf_hash,
    multiproof_spans,
    node_hash,
    prove_inclusion,
    prove_leaves,
    root_of_leaves,
)
from interlock.errors import EvidenceRefused

SIZE_MAX = 70
LEAVES = [leaf_hash(bytes([number])) for number in range(SIZE_MAX)]


def root(low: int, high: int) -> bytes:
    """MTH of RFC 9162, section 2.1.1, over leaves `low` to `high`."""
    if high - low == 1:
        return LEAVES[low]
    half = 1
    while half * 2 < high - low:
        half *= 2
    return node_hash(root(low, low + half), root(low + half, high))


def subtrees(height: int, index: int) -> bytes:
    return root(index << height, (index + 1) << height)


@st.composite
def chosen(draw: st.DrawFn) -> tuple[int, list[int]]:
    size = draw(st.integers(1, SIZE_MAX))
    indices = draw(st.sets(st.integers(0, size - 1), min_size=1))
    return size, sorted(indices)


def with_hashes(indices: list[int]) -> list[tuple[int, bytes]]:
    return [(index, LEAVES[index]) for index in indices]


@given(chosen())
def test_leaves_and_proof_lead_to_the_root(case: tuple[int, list[int]]):
    size, indices = case
    proof = prove_leaves(indices, size, subtrees)
    assert root_of_leaves(with_hashes(indices), proof, size=size) == root(0, size)


@given(chosen())
def test_spans_and_leaves_are_the_tree_and_none_stands_twice(case: tuple[int, list[int]]):
    size, indices = case
    parts = [range(index, index + 1) for index in indices] + multiproof_spans(indices, size)
    parts.sort(key=lambda part: part.start)
    assert parts[0].start == 0
    assert parts[-1].stop == size
    assert all(left.stop == right.start for left, right in pairwise(parts))


@given(chosen())
def test_a_proof_of_all_is_no_longer_than_those_of_each(case: tuple[int, list[int]]):
    size, indices = case
    each = sum(len(prove_inclusion(index, size, subtrees)) for index in indices)
    assert len(prove_leaves(indices, size, subtrees)) <= each


@given(chosen(), st.data())
def test_what_was_changed_leads_to_another_root_or_nowhere(
    case: tuple[int, list[int]], data: st.DataObject
):
    size, indices = case
    leaves, proof = with_hashes(indices), prove_leaves(indices, size, subtrees)
    place = data.draw(st.integers(0, len(leaves) + len(proof) - 1))
    other = leaf_hash(b"other")
    if place < len(leaves):
        leaves[place] = (leaves[place][0], other)
    else:
        proof[place - len(leaves)] = other
    assert root_of_leaves(leaves, proof, size=size) != root(0, size)


@pytest.mark.parametrize(
    "indices,size",
    [([], 4), ([4], 4), ([-1], 4), ([1, 1], 4), ([2, 1], 4), ([0], 0), ([0], 1 << 63)],
)
def test_leaves_that_are_in_no_tree_are_refused(indices: list[int], size: int):
    with pytest.raises(EvidenceRefused) as caught:
        multiproof_spans(indices, size)
    assert caught.value.code == "IL8501"


@pytest.mark.parametrize("change", [-1, 1])
def test_hashes_too_few_or_too_many_are_refused(change: int):
    proof = prove_leaves([3], 11, subtrees)
    proof = proof[:change] if change < 0 else [*proof, LEAVES[0]]
    with pytest.raises(EvidenceRefused) as caught:
        root_of_leaves([(3, LEAVES[3])], proof, size=11)
    assert caught.value.code == "IL8502"
