"""One proof for many leaves of a tree: the roots of the spans that have none of them.

Proofs of single leaves of one run share most of their hashes. Here each stands once, in the order
in which a walk over the tree from left to right needs them, so that no hash has to say where it
belongs. That is not of RFC 9162, but its verification is nothing else than its definition of a
root, with what is not shown replaced by its hash.
"""

from collections.abc import Sequence
from itertools import pairwise

from interlock.audit.proofs import Subtrees, middle_of, span_root
from interlock.audit.tree import TREE_SIZE_MAX, node_hash
from interlock.errors import EvidenceRefused


def multiproof_spans(indices: Sequence[int], size: int) -> list[range]:
    """Say which spans of leaves prove that these leaves are in a tree.

    Args:
        indices: the leaves, in ascending order, at least one.
        size: how many leaves the tree has.

    Raises:
        EvidenceRefused: the tree has no such leaves, or they are in no ascending order.
    """
    _require_order(indices, size)
    spans: list[range] = []
    nearest = 0
    waiting = [(0, size)]
    while waiting:
        low, high = waiting.pop()
        if nearest >= len(indices) or indices[nearest] >= high:
            spans.append(range(low, high))
        elif high - low == 1:
            nearest += 1
        else:
            middle = middle_of(low, high)
            waiting += [(middle, high), (low, middle)]
    return spans


def prove_leaves(indices: Sequence[int], size: int, subtrees: Subtrees) -> list[bytes]:
    """Prove that leaves are in the tree of the first `size` leaves.

    Raises:
        EvidenceRefused: the tree has no such leaves, or they are in no ascending order.
    """
    return [span_root(span, subtrees) for span in multiproof_spans(indices, size)]


def root_of_leaves(
    leaves: Sequence[tuple[int, bytes]], proof: Sequence[bytes], *, size: int
) -> bytes:
    """Give the root that leaves lead to, with what stands for all others.

    Args:
        leaves: index and hash of each, in ascending order.
        proof: what `prove_leaves` gave.
        size: how many leaves the tree has.

    Raises:
        EvidenceRefused: the proof does not have as many hashes as it needs.
    """
    spans = multiproof_spans([index for index, _ in leaves], size)
    if len(spans) != len(proof):
        raise EvidenceRefused(
            f"the proof has {len(proof)} hashes instead of {len(spans)}",
            code="IL8502",
            hint="the proof is damaged, or it was made for other leaves or another tree",
        )
    nodes = dict(leaves)
    nodes |= {span.start: hashed for span, hashed in zip(spans, proof, strict=True)}
    ends = {index: index + 1 for index, _ in leaves} | {span.start: span.stop for span in spans}

    def root(low: int, high: int) -> bytes:
        if ends.get(low) == high:
            return nodes[low]
        middle = middle_of(low, high)
        return node_hash(root(low, middle), root(middle, high))

    return root(0, size)


def _require_order(indices: Sequence[int], size: int) -> None:
    ascending = all(one < other for one, other in pairwise(indices))
    inside = bool(indices) and indices[0] >= 0 and indices[-1] < size <= TREE_SIZE_MAX
    if not ascending or not inside:
        raise EvidenceRefused(
            f"{len(indices)} leaves are not one after another in a tree of {size} leaves",
            code="IL8501",
            hint="compare the indices with the size of the checkpoint",
        )
