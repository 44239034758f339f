"""Replay: a journal through the engine again, without calling anything."""

from interlock.replay.arguments import call_of_node as call_of_node
from interlock.replay.heads import (
    HEADING_TYPES as HEADING_TYPES,
    Heading as Heading,
    as_told as as_told,
)
from interlock.replay.remains import Remaining as Remaining, verify_remains as verify_remains
from interlock.replay.verification import (
    Verified as Verified,
    current_plan as current_plan,
    fold as fold,
    pinned_plan as pinned_plan,
    verify as verify,
)

__all__ = [
    "as_told",
    "call_of_node",
    "current_plan",
    "fold",
    "Heading",
    "HEADING_TYPES",
    "pinned_plan",
    "Remaining",
    "Verified",
    "verify",
    "verify_remains",
]
