"""Owning: which process has a run, when one is needed, and with which code it goes on."""

from interlock.runtime.owning.leases import (
    LEASE_MS as LEASE_MS,
    Leases as Leases,
    sets_within as sets_within,
)
from interlock.runtime.owning.sleeping import (
    needs_owner as needs_owner,
    resting as resting,
    sleeps_long as sleeps_long,
)
from interlock.runtime.owning.upgrades import (
    Change as Change,
    OnChange as OnChange,
    RunChanged as RunChanged,
    Upgrade as Upgrade,
    examine as examine,
    migration as migration,
)

__all__ = [
    "Change",
    "examine",
    "LEASE_MS",
    "Leases",
    "migration",
    "needs_owner",
    "OnChange",
    "resting",
    "RunChanged",
    "sets_within",
    "sleeps_long",
    "Upgrade",
]
