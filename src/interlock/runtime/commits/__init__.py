"""Commits: one queue a process, and which of what all runs share is durable."""

from interlock.runtime.commits.pinning import Pinned as Pinned
from interlock.runtime.commits.queue import CommitQueue as CommitQueue, Position as Position
from interlock.runtime.commits.sealing import (
    Sealer as Sealer,
)

__all__ = [
    "CommitQueue",
    "Pinned",
    "Position",
    "Sealer",
]
