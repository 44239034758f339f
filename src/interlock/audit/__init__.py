"""Audit: the log of all events as a Merkle tree, and what proves it to outsiders.

Pure: bytes in, bytes out. Where hashes, keys and times come from is the caller's affair.
"""

from interlock.audit.checkpoints import (
    Checkpoint as Checkpoint,
    SignedCheckpoint as SignedCheckpoint,
    open_checkpoint as open_checkpoint,
    parse_checkpoint as parse_checkpoint,
    sign_checkpoint as sign_checkpoint,
)
from interlock.audit.multiproofs import (
    multiproof_spans as multiproof_spans,
    prove_leaves as prove_leaves,
    root_of_leaves as root_of_leaves,
)
from interlock.audit.notes import (
    NOTE_BYTES_MAX as NOTE_BYTES_MAX,
    Note as Note,
    Verified as Verified,
    parse_note as parse_note,
    verified_signatures as verified_signatures,
    verify_note as verify_note,
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
from interlock.audit.signatures import (
    Algorithm as Algorithm,
    Signature as Signature,
    Signer as Signer,
    VerifierKey as VerifierKey,
    cosign as cosign,
    parse_key as parse_key,
    sign as sign,
    signer_from_seed as signer_from_seed,
    verify_ed25519 as verify_ed25519,
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
from interlock.audit.witnessing import (
    WitnessRequest as WitnessRequest,
    judge as judge,
    parse_request as parse_request,
)

__all__ = [
    "Algorithm",
    "Checkpoint",
    "consistency_spans",
    "cosign",
    "EMPTY_ROOT",
    "Frontier",
    "HASH_BYTES",
    "inclusion_spans",
    "judge",
    "leaf_hash",
    "multiproof_spans",
    "node_hash",
    "Note",
    "NOTE_BYTES_MAX",
    "open_checkpoint",
    "parse_checkpoint",
    "parse_key",
    "parse_note",
    "parse_request",
    "prove_consistency",
    "prove_inclusion",
    "prove_leaves",
    "root_of_leaves",
    "sign",
    "sign_checkpoint",
    "Signature",
    "SignedCheckpoint",
    "Signer",
    "signer_from_seed",
    "span_root",
    "Subtrees",
    "TILE_HEIGHT",
    "TILE_WIDTH",
    "TileRoot",
    "TREE_SIZE_MAX",
    "TreeHead",
    "Verified",
    "verified_signatures",
    "VerifierKey",
    "verify_consistency",
    "verify_ed25519",
    "verify_inclusion",
    "verify_note",
    "WitnessRequest",
]
