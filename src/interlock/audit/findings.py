"""What is found when a log is verified, and what it is compared with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from interlock.audit.proofs import TreeHead
from interlock.values import RunId

Tampering: TypeAlias = Literal[
    "edited",
    "deleted",
    "inserted",
    "moved",
    "cut",
    "rolled_back",
    "forked",
    "misdated",
    "relogged",
    "value_changed",
    "value_missing",
    "falsely_pruned",
    "falsely_erased",
    "misreported",
    "mispublished",
    "misnamed",
    "altered",
]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTree:
    """A tree of the log that somebody outside knows.

    Attributes:
        tree: its size and root.
        at_ms: when somebody else saw it: the first time that a witness or a time stamp says.
        told: what it is called in findings.
    """

    tree: TreeHead
    at_ms: int | None = None
    told: str = "a checkpoint"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLog:
    """What a store keeps of its log: its size, its peaks, and the hashes of tiles.

    Hashes after those leaves do not count: the log may grow while it is verified. `peaks` are what
    the next leaves are appended to, as `Frontier.to_bytes` gives them.
    """

    size: int
    peaks: bytes
    tile: Callable[[int, int], bytes]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was logged, and the first event that it is about.

    `run` and `seq` name it when it is still there. From `index` on; in the events before it,
    nothing of this kind is wrong. `until` is given when it cannot be told where in the range. What
    is about the file as a whole (`altered`) is about no event: its `index` is 0.
    """

    kind: Tampering
    index: int
    message: str
    run: RunId | None = None
    seq: int | None = None
    until: int | None = None
