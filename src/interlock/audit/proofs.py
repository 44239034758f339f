"""Proofs of RFC 9162, section 2.1: that a leaf is in a tree, and that a tree extends another.

A proof is a list of hashes, each the root of a span of leaves. Which spans these are follows from
the sizes alone (`inclusion_spans`, `consistency_spans`); their hashes come from a source that
knows the roots of perfect subtrees, such as tiles. Verifying follows the RFC's own algorithms, so
that the two sides share no code that could be wrong in both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from interlock.audit.tree import HASH_BYTES, TREE_SIZE_MAX, fold, node_hash
from interlock.errors import EvidenceRefused

Subtrees = Callable[[int, int], bytes]
"""Gives the root of leaves `index << height` to `(index + 1) << height`: `(height, index)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeHead:
    """A tree: how many leaves it has, and the root over them."""

    size: int
    root: bytes


def inclusion_spans(index: int, size: int) -> list[range]:
    """Say which spans of leaves prove that leaf `index` is in a tree.

    Raises:
        EvidenceRefused: the tree has no such leaf.
    """
    _require_sizes(index + 1, size, what=f"leaf {index}")
    low, high = 0, size
    spans: list[range] = []
    while high - low > 1:
        middle = middle_of(low, high)
        if index < middle:
            spans.append(range(middle, high))
            high = middle
        else:
            spans.append(range(low, middle))
            low = middle
    spans.reverse()
    return spans


def consistency_spans(old: int, new: int) -> list[range]:
    """Say which spans of leaves prove that a tree extends an older one.

    Raises:
        EvidenceRefused: the older tree is empty, or larger than the newer one.
    """
    _require_sizes(old, new, what=f"a tree of {old} leaves")
    low, high = 0, new
    spans: list[range] = []
    while high != old:
        middle = middle_of(low, high)
        if old <= middle:
            spans.append(range(middle, high))
            high = middle
        else:
            spans.append(range(low, middle))
            low = middle
    if low > 0:
        spans.append(range(low, high))
    spans.reverse()
    return spans


def span_root(span: range, subtrees: Subtrees) -> bytes:
    """Give the root over leaves; they start where a subtree of their size may."""
    low, count = span.start, len(span)
    peaks: list[bytes] = []
    while count:
        height = count.bit_length() - 1
        peaks.append(subtrees(height, low >> height))
        low += 1 << height
        count -= 1 << height
    return fold(peaks)


def prove_inclusion(index: int, size: int, subtrees: Subtrees) -> list[bytes]:
    """Prove that leaf `index` is in the tree of the first `size` leaves.

    Raises:
        EvidenceRefused: the tree has no such leaf.
    """
    return [span_root(span, subtrees) for span in inclusion_spans(index, size)]


def prove_consistency(old: int, new: int, subtrees: Subtrees) -> list[bytes]:
    """Prove that the first `new` leaves extend the tree of the first `old` ones.

    Raises:
        EvidenceRefused: the older tree is empty, or larger than the newer one.
    """
    return [span_root(span, subtrees) for span in consistency_spans(old, new)]


def verify_inclusion(leaf: bytes, proof: Sequence[bytes], *, index: int, tree: TreeHead) -> None:
    """Check that the leaf with this hash is leaf `index` of the tree.

    Raises:
        EvidenceRefused: the proof does not show it.
    """
    _require_sizes(index + 1, tree.size, what=f"leaf {index}")
    _require_hashes((leaf, *proof))
    here, last, node = index, tree.size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise _not_included(index, tree, "has hashes to spare")
        if here & 1 or here == last:
            node = node_hash(sibling, node)
            here, last = _climb_to_right_child(here, last)
        else:
            node = node_hash(node, sibling)
        here, last = here >> 1, last >> 1
    if last != 0:
        raise _not_included(index, tree, "ends before the root")
    if node != tree.root:
        raise _not_included(index, tree, "leads to another root")


def verify_consistency(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    """Check that the new tree has all leaves of the old one at their places.

    Nothing is consistent with an empty tree: whoever saw none yet has nothing to compare.

    Raises:
        EvidenceRefused: the proof does not show it.
    """
    _require_sizes(old.size, new.size, what=f"a tree of {old.size} leaves")
    _require_hashes(proof)
    if old.size == new.size:
        if proof:
            raise _not_consistent(old, new, "has hashes to spare")
        if old.root != new.root:
            raise _not_consistent(old, new, "is between trees of one size with different roots")
        return
    path = [old.root, *proof] if old.size.bit_count() == 1 else list(proof)
    if not proof:
        raise _not_consistent(old, new, "is empty")
    old_root, new_root = _roots_of(path, old=old, new=new)
    if old_root != old.root:
        raise _not_consistent(old, new, "leads to another root for the older tree")
    if new_root != new.root:
        raise _not_consistent(old, new, "leads to another root for the newer tree")


def _roots_of(path: list[bytes], *, old: TreeHead, new: TreeHead) -> tuple[bytes, bytes]:
    """Climb from the subtree where the older tree ends; the first hash of the path is its root."""
    here, last = old.size - 1, new.size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old_root = new_root = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise _not_consistent(old, new, "has hashes to spare")
        if here & 1 or here == last:
            old_root = node_hash(sibling, old_root)
            new_root = node_hash(sibling, new_root)
            here, last = _climb_to_right_child(here, last)
        else:
            new_root = node_hash(new_root, sibling)
        here, last = here >> 1, last >> 1
    if last != 0:
        raise _not_consistent(old, new, "ends before the root")
    return old_root, new_root


def _climb_to_right_child(here: int, last: int) -> tuple[int, int]:
    """Pass the levels at which the last node of the tree has no sibling."""
    while here and not here & 1:
        here, last = here >> 1, last >> 1
    return here, last


def middle_of(low: int, high: int) -> int:
    """Say where a tree over these leaves is split: after a power of two of them."""
    return low + (1 << ((high - low - 1).bit_length() - 1))


def _require_sizes(inner: int, size: int, *, what: str) -> None:
    if not 0 < inner <= size <= TREE_SIZE_MAX:
        raise EvidenceRefused(
            f"{what} is not in a tree of {size} leaves",
            code="IL8501",
            hint="compare the sizes in the proof with those of the checkpoints",
        )


def _require_hashes(hashes: Sequence[bytes]) -> None:
    for node in hashes:
        if len(node) != HASH_BYTES:
            raise EvidenceRefused(
                f"a hash has {len(node)} bytes instead of {HASH_BYTES}",
                code="IL8501",
                hint="the proof is damaged: fetch it again",
            )


def _not_included(index: int, tree: TreeHead, why: str) -> EvidenceRefused:
    return EvidenceRefused(
        f"the proof that leaf {index} is in the tree of {tree.size} leaves {why}",
        code="IL8502",
        hint="leaf, index or tree are not those that the proof was made for",
    )


def _not_consistent(old: TreeHead, new: TreeHead, why: str) -> EvidenceRefused:
    return EvidenceRefused(
        f"the proof from {old.size} to {new.size} leaves {why}",
        code="IL8503",
        hint="the log was cut or rewritten between the two trees, or the proof is of other trees",
    )
