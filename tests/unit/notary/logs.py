"""Logs in memory, honest and not, and what they ask of a witness."""

from collections.abc import Sequence

from interlock.audit import (
    Checkpoint,
    Frontier,
    Note,
    Signer,
    TreeHead,
    WitnessRequest,
    leaf_hash,
    prove_consistency,
    sign_checkpoint,
    signer_from_seed,
)

ORIGIN = "example.com/log"
LOG = signer_from_seed(ORIGIN, bytes(range(32)))
WITNESS = signer_from_seed("witness.example/w1", bytes(range(1, 33)))

Leaves = Sequence[bytes]


def leaves(count: int, name: str = "event") -> list[bytes]:
    return [leaf_hash(f"{name} {number}".encode()) for number in range(count)]


def head(log: Leaves, size: int) -> TreeHead:
    frontier = Frontier()
    frontier.extend(log[:size])
    return TreeHead(size=size, root=frontier.root())


def proof(log: Leaves, old: int, new: int) -> tuple[bytes, ...]:
    """From `old` to `new` leaves; empty where there is nothing to prove from."""

    def subtree(height: int, index: int) -> bytes:
        part = Frontier()
        part.extend(log[index << height : (index + 1) << height])
        return part.root()

    return tuple(prove_consistency(old, new, subtree)) if 0 < old <= new else ()


def checkpoint(log: Leaves, size: int, *, signer: Signer = LOG, origin: str = ORIGIN) -> Note:
    return sign_checkpoint(Checkpoint(origin=origin, tree=head(log, size)), [signer])


def asking(log: Leaves, old: int, new: int) -> WitnessRequest:
    return WitnessRequest(old_size=old, proof=proof(log, old, new), note=checkpoint(log, new))
