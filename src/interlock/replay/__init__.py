"""Replay: a journal through the engine again, without calling anything."""

from interlock.replay.verification import (
    Verified as Verified,
    fold as fold,
    pinned_plan as pinned_plan,
    verify as verify,
)

__all__ = ["fold", "pinned_plan", "verify", "Verified"]
