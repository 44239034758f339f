"""What can still be verified of a run from which parts were erased.

Without a value the engine cannot derive what came of it. But the events are there, in their order,
with what led to each; and for each part that is gone, an event tells who had it erased. Up to the
first event that has lost something needed, the run is derived again as any other.
"""

from collections.abc import Iterable, Mapping

from interlock.errors import Divergence
from interlock.journal import (
    NOBODY,
    Entry,
    PartsErased,
    RunHead,
    RunMigrated,
    RunOutcome,
    RunReopened,
    RunSettled,
    RunStarted,
    parse_actor,
)
from interlock.replay.heads import Heading
from interlock.values import RunId, immutable

AFTER_THE_END = (RunReopened, RunMigrated, PartsErased)
HINT = "the journal was changed after it was written, beyond what was erased"


@immutable()
class Remaining:
    """What was found of a run that cannot be derived again.

    Attributes:
        events: all of them follow each other, and each has what led to it.
        status: how the run ended, as its last end says; None: it has none.
        head: the row in listings that these events give, with words where something was erased.
    """

    events: int
    status: RunOutcome | None
    head: RunHead | None


def verify_remains(
    run: RunId, entries: Iterable[Entry], erased: Mapping[str, int | None]
) -> Remaining:
    """Verify what is left of a run: its order, its causes, and that each loss is told.

    Args:
        run: the run.
        entries: its events, with words in the place of what was erased.
        erased: by the name of each part that was erased, the seq of the event that tells of it.

    Raises:
        Divergence: an event is out of its place, or a part is missing that nobody had erased, or
            is there though it was; names the event.
    """
    heading = Heading(run)
    status: RunOutcome | None = None
    last: Entry | None = None
    for entry in entries:
        _check_place(entry, last)
        if status is not None and not isinstance(entry.event, AFTER_THE_END):
            raise _divergence(entry, "it comes after the end of the run")
        if isinstance(entry.event, RunSettled):
            status = entry.event.status
        elif isinstance(entry.event, RunReopened):
            status = None
        elif isinstance(entry.event, PartsErased):
            _check_told(entry, entry.event, erased)
        heading.take(entry)
        last = entry
    for place, event in erased.items():
        if event is None:
            told = f"`{place}` is missing, and no event tells that it was erased"
            raise Divergence(told, seq=int(place.partition(".")[0]), hint=HINT)
    return Remaining(events=last.seq if last else 0, status=status, head=heading.head)


def _check_place(entry: Entry, last: Entry | None) -> None:
    seq, epoch = (last.seq, last.epoch) if last is not None else (0, entry.epoch)
    causes = list(entry.causes)
    if entry.seq != seq + 1:
        raise _divergence(entry, f"it comes after event {seq}")
    if isinstance(entry.event, RunStarted) != (last is None):
        raise _divergence(entry, "a run begins with `RunStarted`, once")
    if entry.epoch < epoch:
        raise _divergence(entry, f"it is of epoch {entry.epoch}, after one of epoch {epoch}")
    if causes != sorted(set(causes)) or (causes and not 1 <= causes[0] <= causes[-1] < entry.seq):
        raise _divergence(entry, f"its causes are {entry.causes}")
    if entry.actor != NOBODY:
        parse_actor(entry.actor)


def _check_told(entry: Entry, told: PartsErased, erased: Mapping[str, int | None]) -> None:
    """Refuse an event that tells of parts that are there, or that come after it."""
    for part in told.parts:
        seq = part.partition(".")[0]
        if part not in erased or int(seq) >= entry.seq:
            raise _divergence(entry, f"it tells that `{part}` was erased, which is there")


def _divergence(entry: Entry, told: str) -> Divergence:
    return Divergence(f"event {entry.seq} (`{entry.event.type}`): {told}", seq=entry.seq, hint=HINT)
