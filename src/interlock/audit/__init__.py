"""Audit: the log of all events as a Merkle tree, and what proves it to outsiders.

Pure: bytes in, bytes out. Where hashes, keys and times come from is the caller's affair.
"""

from interlock.audit.multiproofs import (
    multiproof_spans as multiproof_spans,
    prove_leaves as prove_leaves,
    root_of_leaves as root_of_leaves,
)
from interlock.audit.proofs import (
    Subtrees as Subtrees,
    TreeHead as TreeHead,
    consistency_spans as consistency_spans,
    inclusion_spans as inclusion_spans,
    prove_consistency as prove_consistency,
    prove_inclusion as prove_inclusion,
    span_root as span_root,
    verify_consistency as verify_consistency,
    verify_inclusion as verify_inclusion,
)
from interlock.audit.tree import (
    EMPTY_ROOT as EMPTY_ROOT,
    HASH_BYTES as HASH_BYTES,
    TILE_HEIGHT as TILE_HEIGHT,
    TILE_WIDTH as TILE_WIDTH,
    TREE_SIZE_MAX as TREE_SIZE_MAX,
    Frontier as Frontier,
    TileRoot as TileRoot,
    leaf_hash as leaf_hash,
    node_hash as node_hash,
)

__all__ = [
    "consistency_spans",
    "EMPTY_ROOT",
    "Frontier",
    "HASH_BYTES",
    "inclusion_spans",
    "leaf_hash",
    "multiproof_spans",
    "node_hash",
    "prove_consistency",
    "prove_inclusion",
    "prove_leaves",
    "root_of_leaves",
    "span_root",
    "Subtrees",
    "TILE_HEIGHT",
    "TILE_WIDTH",
    "TileRoot",
    "TREE_SIZE_MAX",
    "TreeHead",
    "verify_consistency",
    "verify_inclusion",
]
