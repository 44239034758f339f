"""Who may have a lease: one decision for every backend."""

from dataclasses import dataclass

from interlock.errors import LeaseHeld
from interlock.journal import Lease, OwnerId
from interlock.values import RunId


@dataclass(frozen=True, slots=True, kw_only=True)
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
        raise LeaseHeld(
            f"run {run} is driven by {held.owner}, whose lease lasts for another "
            f"{(held.expires_ms - now_ms) / 1000:.0f} s unless it is renewed",
            owner=held.owner,
            expires_ms=held.expires_ms,
            hint="let that owner go on; or end its process (an owner is HOST-PID-…), then resume",
        )
    epoch = max(held.epoch, epoch_seen) + 1
    orderly = held.owner is None and held.epoch == epoch_seen
    return Lease(run=run, owner=owner, epoch=epoch, expires_ms=expires_ms, orderly=orderly)
