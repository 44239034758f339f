"""Commits: one queue a process, and which of what all runs share is durable."""

from interlock.runtime.commits.queue import CommitQueue as CommitQueue, Position as Position
from interlock.runtime.commits.sealing import (
    Draft as Draft,
    Sealer as Sealer,
)

__all__ = [
    "CommitQueue",
    "Draft",
    "Position",
    "Sealer",
]
