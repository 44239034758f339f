"""Calls: one attempt of one action, and the tasks, threads and transactions that it is made in."""

from interlock.runtime.calls.beginning import Finished as Finished, begin as begin
from interlock.runtime.calls.execution import (
    World as World,
    ask as ask,
    attempt as attempt,
    cancelled as cancelled,
    expired as expired,
)
from interlock.runtime.calls.live import (
    Chunk as Chunk,
    Heartbeat as Heartbeat,
    Live as Live,
    Watcher as Watcher,
)
from interlock.runtime.calls.tasks import Calls as Calls
from interlock.runtime.calls.transactions import Promise as Promise, Transaction as Transaction

__all__ = [
    "ask",
    "attempt",
    "begin",
    "Calls",
    "cancelled",
    "Chunk",
    "expired",
    "Finished",
    "Heartbeat",
    "Live",
    "Promise",
    "Transaction",
    "Watcher",
    "World",
]
