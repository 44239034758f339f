"""Times that others vouch for: none of them can be still to come.

A witness or a server of time stamps whose clock is wrong, or who lies, proves nothing about when.
What they date after now is refused, but for what two clocks may differ by.
"""

from collections.abc import Sequence

from interlock.audit.notes import Note, Verified, verified_signatures
from interlock.audit.signatures import VerifierKey
from interlock.audit.verdicts import hint_for, time_text
from interlock.errors import EvidenceRefused

CLOCK_SLACK_MS = 5 * 60 * 1000
"""By how much two clocks may differ."""


def require_past(at_ms: int, *, now_ms: int, what: str) -> None:
    """Refuse a time that is still to come.

    Args:
        at_ms: the time, in milliseconds since 1970.
        now_ms: what the clock says of whoever checks.
        what: what has the time.

    Raises:
        EvidenceRefused: it lies more than `CLOCK_SLACK_MS` after now.
    """
    if at_ms > now_ms + CLOCK_SLACK_MS:
        raise EvidenceRefused(
            f"{what} is dated {time_text(at_ms)}, which is still to come",
            code="IL8549",
            hint=hint_for("IL8549"),
        )


def require_cosigned_before(cosigned: Sequence[Verified], *, now_ms: int) -> None:
    """Refuse cosignatures that are dated after now.

    Raises:
        EvidenceRefused: one is; it is named.
    """
    for each in cosigned:
        if each.time_s is not None:
            what = f"the cosignature by `{each.key.name}`"
            require_past(each.time_s * 1000, now_ms=now_ms, what=what)


def cosignatures(
    note: Note, witnesses: Sequence[VerifierKey], *, now_ms: int
) -> tuple[Verified, ...]:
    """Find out which witnesses cosigned a note; it may be none.

    Raises:
        EvidenceRefused: a cosignature by one of them does not hold, or is dated after now.
    """
    found = verified_signatures(note, witnesses)
    require_cosigned_before(found, now_ms=now_ms)
    return found
