"""Audit: the log of all events as a Merkle tree, and what proves it to outsiders.

Pure: bytes in, bytes out. Where hashes, keys and times come from is the caller's affair. Names are
imported when they are used first: a run that is logged needs neither proofs nor receipts.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.audit.checking import (
        Trust as Trust,
        check_receipt as check_receipt,
    )
    from interlock.audit.checkpoints import (
        Checkpoint as Checkpoint,
        SignedCheckpoint as SignedCheckpoint,
        open_checkpoint as open_checkpoint,
        parse_checkpoint as parse_checkpoint,
        sign_checkpoint as sign_checkpoint,
    )
    from interlock.audit.copies import (
        Copies as Copies,
        find_copies as find_copies,
    )
    from interlock.audit.cosigning import (
        Prove as Prove,
        WitnessAnswer as WitnessAnswer,
        ask_witness as ask_witness,
        count_witnesses as count_witnesses,
        not_cosigned as not_cosigned,
        require_independence as require_independence,
    )
    from interlock.audit.erasing import (
        ErasedEvent as ErasedEvent,
        erase_parts as erase_parts,
        read_erased as read_erased,
    )
    from interlock.audit.leaves import (
        COMMITMENT_TAG as COMMITMENT_TAG,
        LEAF_VERSION as LEAF_VERSION,
        SALT_BYTES as SALT_BYTES,
        SALTS_BYTES_MAX as SALTS_BYTES_MAX,
        Erased as Erased,
        OpenLeaf as OpenLeaf,
        OpenPart as OpenPart,
        commitment as commitment,
        leaf_of as leaf_of,
        open_leaf as open_leaf,
        seal as seal,
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
    from interlock.audit.points import (
        is_public_key as is_public_key,
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
    from interlock.audit.receipts import (
        DISCLOSED as DISCLOSED,
        Disclosure as Disclosure,
        Evidence as Evidence,
        LoggedEvent as LoggedEvent,
        build_receipt as build_receipt,
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
    from interlock.audit.statements import (
        open_statement as open_statement,
        pae as pae,
        receipt_statement as receipt_statement,
        sign_statement as sign_statement,
    )
    from interlock.audit.strict import (
        read_strict as read_strict,
    )
    from interlock.audit.tiles import (
        ReadTile as ReadTile,
        TileName as TileName,
        TileTree as TileTree,
        entries_between as entries_between,
        parse_entries as parse_entries,
        parse_tile as parse_tile,
        parse_tile_path as parse_tile_path,
        render_entries as render_entries,
        tile_at as tile_at,
        tiles_between as tiles_between,
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
    from interlock.audit.verdicts import (
        verdict_lines as verdict_lines,
    )
    from interlock.audit.verification import (
        CLOCK_SLACK_MS as CLOCK_SLACK_MS,
        Finding as Finding,
        KeptLog as KeptLog,
        KnownTree as KnownTree,
        LogVerdict as LogVerdict,
        Tampering as Tampering,
        verify_log as verify_log,
    )
    from interlock.audit.witnessing import (
        REQUEST_BYTES_MAX as REQUEST_BYTES_MAX,
        WitnessRequest as WitnessRequest,
        judge as judge,
        parse_request as parse_request,
    )

_LATER = {
    "checking": ("Trust", "check_receipt"),
    "checkpoints": (
        "Checkpoint",
        "SignedCheckpoint",
        "open_checkpoint",
        "parse_checkpoint",
        "sign_checkpoint",
    ),
    "copies": ("Copies", "find_copies"),
    "cosigning": (
        "Prove",
        "WitnessAnswer",
        "ask_witness",
        "count_witnesses",
        "not_cosigned",
        "require_independence",
    ),
    "erasing": ("ErasedEvent", "erase_parts", "read_erased"),
    "leaves": (
        "COMMITMENT_TAG",
        "LEAF_VERSION",
        "SALT_BYTES",
        "SALTS_BYTES_MAX",
        "Erased",
        "OpenLeaf",
        "OpenPart",
        "commitment",
        "leaf_of",
        "open_leaf",
        "seal",
    ),
    "multiproofs": ("multiproof_spans", "prove_leaves", "root_of_leaves"),
    "notes": (
        "NOTE_BYTES_MAX",
        "Note",
        "Verified",
        "parse_note",
        "verified_signatures",
        "verify_note",
    ),
    "points": ("is_public_key",),
    "proofs": (
        "Subtrees",
        "TreeHead",
        "consistency_spans",
        "inclusion_spans",
        "prove_consistency",
        "prove_inclusion",
        "span_root",
        "verify_consistency",
        "verify_inclusion",
    ),
    "receipts": ("DISCLOSED", "Disclosure", "Evidence", "LoggedEvent", "build_receipt"),
    "signatures": (
        "Algorithm",
        "Signature",
        "Signer",
        "VerifierKey",
        "cosign",
        "parse_key",
        "sign",
        "signer_from_seed",
        "verify_ed25519",
    ),
    "statements": ("open_statement", "pae", "receipt_statement", "sign_statement"),
    "strict": ("read_strict",),
    "tiles": (
        "ReadTile",
        "TileName",
        "TileTree",
        "entries_between",
        "parse_entries",
        "parse_tile",
        "parse_tile_path",
        "render_entries",
        "tile_at",
        "tiles_between",
    ),
    "tree": (
        "EMPTY_ROOT",
        "HASH_BYTES",
        "TILE_HEIGHT",
        "TILE_WIDTH",
        "TREE_SIZE_MAX",
        "Frontier",
        "TileRoot",
        "leaf_hash",
        "node_hash",
    ),
    "verdicts": ("verdict_lines",),
    "verification": (
        "CLOCK_SLACK_MS",
        "Finding",
        "KeptLog",
        "KnownTree",
        "LogVerdict",
        "Tampering",
        "verify_log",
    ),
    "witnessing": ("REQUEST_BYTES_MAX", "WitnessRequest", "judge", "parse_request"),
}
_HOMES = {name: home for home, names in _LATER.items() for name in names}

__all__ = [
    "Algorithm",
    "ask_witness",
    "build_receipt",
    "check_receipt",
    "Checkpoint",
    "CLOCK_SLACK_MS",
    "commitment",
    "COMMITMENT_TAG",
    "consistency_spans",
    "Copies",
    "cosign",
    "count_witnesses",
    "DISCLOSED",
    "Disclosure",
    "EMPTY_ROOT",
    "entries_between",
    "erase_parts",
    "Erased",
    "ErasedEvent",
    "Evidence",
    "find_copies",
    "Finding",
    "Frontier",
    "HASH_BYTES",
    "inclusion_spans",
    "is_public_key",
    "judge",
    "KeptLog",
    "KnownTree",
    "leaf_hash",
    "leaf_of",
    "LEAF_VERSION",
    "LoggedEvent",
    "LogVerdict",
    "multiproof_spans",
    "node_hash",
    "not_cosigned",
    "Note",
    "NOTE_BYTES_MAX",
    "open_checkpoint",
    "open_leaf",
    "open_statement",
    "OpenLeaf",
    "OpenPart",
    "pae",
    "parse_checkpoint",
    "parse_entries",
    "parse_key",
    "parse_note",
    "parse_request",
    "parse_tile",
    "parse_tile_path",
    "Prove",
    "prove_consistency",
    "prove_inclusion",
    "prove_leaves",
    "read_erased",
    "read_strict",
    "ReadTile",
    "receipt_statement",
    "render_entries",
    "REQUEST_BYTES_MAX",
    "require_independence",
    "root_of_leaves",
    "SALT_BYTES",
    "SALTS_BYTES_MAX",
    "seal",
    "sign",
    "sign_checkpoint",
    "sign_statement",
    "Signature",
    "SignedCheckpoint",
    "Signer",
    "signer_from_seed",
    "span_root",
    "Subtrees",
    "Tampering",
    "tile_at",
    "TILE_HEIGHT",
    "TILE_WIDTH",
    "TileName",
    "TileRoot",
    "tiles_between",
    "TileTree",
    "TREE_SIZE_MAX",
    "TreeHead",
    "Trust",
    "verdict_lines",
    "Verified",
    "verified_signatures",
    "VerifierKey",
    "verify_consistency",
    "verify_ed25519",
    "verify_inclusion",
    "verify_log",
    "verify_note",
    "WitnessAnswer",
    "WitnessRequest",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module `interlock.audit` has no attribute `{name}`")
    return getattr(import_module(f"interlock.audit.{home}"), name)
