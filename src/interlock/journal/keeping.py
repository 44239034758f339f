"""The journal of a store itself: what was put on hold, and what retention has taken away.

A hold may be on runs that do not exist yet, and what is pruned has no journal left to say so. So
these events are in a journal of the store's own, under a run id that no run has. They are leaves of
the log as all others are, and are never pruned.

A hold and a pruning that meet are decided by `seq`: whoever writes says which event it has seen
last, and a store refuses a number that is taken.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeAlias, cast, final

from interlock.errors import JournalCorrupt
from interlock.journal.actors import Actor
from interlock.journal.codec import VERSION, open_envelope
from interlock.journal.records import STORE_EPOCH, STORE_JOURNAL
from interlock.values import Json, KeyId, RunId, immutable

HINT = "`interlock audit verify` says whether it is as it was logged"

PrunedClass: TypeAlias = Literal["values", "events"]


@final
@immutable()
class HoldPlaced:
    """Nothing of certain runs may be erased or pruned from now on.

    Those that fit all that is given; with nothing given, all of them. The seq of this event is the
    number of the hold.

    Attributes:
        reason: why, in words.
        held: a run.
        graph: the name of a graph.
        before_ms, after_ms: runs that had begun before the one, and had not ended before the other.
        subject: runs with values of a data subject, by the id of its key: the name stands nowhere.
            This key is held whatever else is given.
        runs: those that had such values when the hold was placed.
    """

    type: ClassVar[str] = "HoldPlaced"
    reason: str
    held: RunId | None = None
    graph: str | None = None
    before_ms: int | None = None
    after_ms: int | None = None
    subject: KeyId | None = None
    runs: frozenset[RunId] = frozenset()


@final
@immutable()
class HoldReleased:
    """A hold is over; `hold` is its number."""

    type: ClassVar[str] = "HoldReleased"
    hold: int
    reason: str


@final
@immutable()
class Pruned:
    """What was pruned of one run.

    Attributes:
        run: its id.
        ended_ms: when it ended: the time of its last `RunSettled`.
        events: how many of its events have no content any more; 0 when values were pruned.
        hashes: SHA-256, in hex, over what is left of these: of one after the other seq and epoch,
            as 8 bytes each, and the hash of its leaf.
    """

    run: RunId
    ended_ms: int
    events: int = 0
    hashes: str = ""


@final
@immutable()
class RunsPruned:
    """A class of what is stored of some runs was destroyed, since its time was over.

    Attributes:
        what: the class.
        period_ms: for how long after the end of a run it had to be kept.
        rule: what said so.
        runs: of which runs, and what exactly.
    """

    type: ClassVar[str] = "RunsPruned"
    what: PrunedClass
    period_ms: int
    rule: str
    runs: tuple[Pruned, ...]


StoreEvent: TypeAlias = HoldPlaced | HoldReleased | RunsPruned


@final
@immutable()
class StoreEntry:
    """An event in its place in the journal of a store."""

    event: StoreEvent
    seq: int
    at_ms: int
    actor: Actor


def store_envelope(entry: StoreEntry) -> dict[str, object]:
    """Make what is written of an entry: for its bytes, and for its leaf."""
    return {
        "v": VERSION,
        "run": STORE_JOURNAL,
        "seq": entry.seq,
        "type": entry.event.type,
        "at_ms": entry.at_ms,
        "epoch": STORE_EPOCH,
        "actor": entry.actor,
        "causes": [],
        "data": _data(entry.event),
    }


def read_store_entry(body: bytes) -> StoreEntry:
    """Read an event of the journal of a store.

    Raises:
        JournalCorrupt: it is none.
    """
    if not body:
        raise JournalCorrupt(
            "an event of the journal of the store has no content, and nobody prunes these",
            hint=HINT,
        )
    envelope = cast(Mapping[str, Any], open_envelope(body))
    try:
        read = _READERS[envelope["type"]]
        entry = StoreEntry(
            event=read(dict(envelope["data"])),
            seq=_whole(envelope["seq"]),
            at_ms=_whole(envelope["at_ms"]),
            actor=Actor(_text(envelope["actor"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise JournalCorrupt(
            f"an event of the journal of the store cannot be read: {error!r:.200}",
            hint=HINT,
        ) from error
    return entry


def _data(event: StoreEvent) -> dict[str, Json]:
    match event:
        case HoldPlaced():
            found: dict[str, Json] = {
                "reason": event.reason,
                "held": event.held,
                "graph": event.graph,
                "before_ms": event.before_ms,
                "after_ms": event.after_ms,
                "subject": event.subject,
                "runs": [*sorted(event.runs)] or None,
            }
            return {name: value for name, value in found.items() if value is not None}
        case HoldReleased():
            return {"hold": event.hold, "reason": event.reason}
        case RunsPruned():
            return {
                "what": event.what,
                "period_ms": event.period_ms,
                "rule": event.rule,
                "runs": [_pruned_data(each) for each in event.runs],
            }


def _pruned_data(each: Pruned) -> Json:
    data: dict[str, Json] = {"run": each.run, "ended_ms": each.ended_ms}
    return {**data, "events": each.events, "hashes": each.hashes} if each.events else data


def _hold_placed(data: dict[str, Any]) -> HoldPlaced:
    held, subject, runs = data.pop("held", None), data.pop("subject", None), data.pop("runs", ())
    return HoldPlaced(
        reason=_text(data.pop("reason")),
        held=None if held is None else RunId(_text(held)),
        subject=None if subject is None else KeyId(_text(subject)),
        runs=frozenset(RunId(_text(each)) for each in runs),
        **_each(data, {"graph": _text, "before_ms": _whole, "after_ms": _whole}),
    )


def _hold_released(data: dict[str, Any]) -> HoldReleased:
    return HoldReleased(**_each(data, {"hold": _whole, "reason": _text}))


def _runs_pruned(data: dict[str, Any]) -> RunsPruned:
    what, runs = data.pop("what"), data.pop("runs")
    if what not in ("values", "events"):
        raise ValueError(what)
    return RunsPruned(
        what=what,
        runs=tuple(_pruned(dict(each)) for each in runs),
        **_each(data, {"period_ms": _whole, "rule": _text}),
    )


def _pruned(data: dict[str, Any]) -> Pruned:
    run = RunId(_text(data.pop("run")))
    return Pruned(run=run, **_each(data, {"ended_ms": _whole, "events": _whole, "hashes": _text}))


_READERS = {
    "HoldPlaced": _hold_placed,
    "HoldReleased": _hold_released,
    "RunsPruned": _runs_pruned,
}


def _each(data: Mapping[str, Any], readers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: readers[name](value) for name, value in data.items()}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(value)
    return value
