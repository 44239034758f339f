"""Who may have a lease: one decision for every backend."""

import math
from datetime import UTC, datetime

from interlock.errors import LeaseHeld
from interlock.journal import Lease, OwnerId, RunHead, process_of
from interlock.values import RunId, immutable

YEAR_9999_MS = 253_370_764_800_000
"""No later time has a date."""


@immutable()
class Holding:
    """The lease row of a run as it stands. No owner: it was released."""

    owner: OwnerId | None
    epoch: int
    expires_ms: int


def grant(
    run: RunId,
    owner: OwnerId,
    *,
    held: Holding | None,
    epoch_seen: int,
    owner_died: bool,
    now_ms: int,
    life_ms: int,
) -> Lease:
    """Decide on a lease: renewal keeps the epoch, everything else is above all epochs seen.

    It is orderly when the lease under which the last event was written was let go.

    Args:
        run: the run.
        owner: who asks.
        held: the lease as it stands.
        epoch_seen: the epoch of the run's last event; 0 when it has none.
        owner_died: the holder's process is known to be gone.
        now_ms: the time, as the caller's clock has it.
        life_ms: how long the lease lives unless it is renewed.

    Raises:
        LeaseHeld: another owner that may be alive holds it.
    """
    expires_ms = now_ms + life_ms
    if held is None:
        return Lease(run=run, owner=owner, epoch=epoch_seen + 1, expires_ms=expires_ms)
    if held.owner == owner:
        return Lease(run=run, owner=owner, epoch=held.epoch, expires_ms=expires_ms)
    if held.owner is not None and not owner_died and now_ms < held.expires_ms:
        raise _is_held(run, held.owner, expires_ms=held.expires_ms, now_ms=now_ms)
    epoch = max(held.epoch, epoch_seen) + 1
    orderly = held.owner is None and held.epoch == epoch_seen
    return Lease(run=run, owner=owner, epoch=epoch, expires_ms=expires_ms, orderly=orderly)


def turn(head: RunHead) -> tuple[bool, int, RunId]:
    """Where a run stands among those that need an owner: what was begun comes first."""
    if head.status == "queued":
        return True, -head.priority, head.run
    return False, 0, head.run


def turn_by_age(head: RunHead) -> tuple[bool, RunId]:
    """Where a run stands when priorities do not count."""
    return head.status == "queued", head.run


def _is_held(run: RunId, owner: OwnerId, *, expires_ms: int, now_ms: int) -> LeaseHeld:
    """Say who drives a run, until when, and how to take it over."""
    left_s = math.ceil((expires_ms - now_ms) / 1000)
    until = datetime.fromtimestamp(min(expires_ms, YEAR_9999_MS) / 1000, UTC)
    process = process_of(owner)
    who = f"process {process[1]} on {process[0]}" if process else f"owner {owner}"
    end = (
        f"end that process (`kill {process[1]}` on {process[0]})" if process else "end its process"
    )
    return LeaseHeld(
        f"run {run} is driven by {who}, whose lease lasts until {until:%Y-%m-%d %H:%M:%S} UTC, for "
        f"another {left_s} s, and is renewed as long as it is at work",
        owner=owner,
        expires_ms=expires_ms,
        hint=f"let it go on: `interlock show {run}` tells how far it is; "
        f"to take the run over, {end}, then `interlock resume {run}`",
    )
