"""Retention: how long classes of what is stored have to be kept, and what is on hold.

All of it is pure: settings, what the journal of a store says, and a time go in. Who prunes and who
verifies ask the same functions, so that what is pruned honestly raises no alarm.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import final

from interlock.errors import UsageError
from interlock.journal import (
    HoldPlaced,
    HoldReleased,
    Pruned,
    PrunedClass,
    RunsPruned,
    StoreEntry,
)
from interlock.values import KeyId, RunId

DAY_MS = 24 * 60 * 60 * 1000
UNITS_MS = {"h": DAY_MS // 24, "d": DAY_MS, "w": 7 * DAY_MS, "y": 366 * DAY_MS}
"""A year has 366 days here: no year is longer, so nothing goes too early."""

PERIOD = re.compile(r"([0-9]{1,6})([hdwy])")
PERIOD_MS_MAX = 100 * UNITS_MS["y"]
CLASSES: tuple[PrunedClass, ...] = ("values", "events")
"""In the order in which they go."""

SETTINGS = ("profile", *CLASSES)
NOT_YET = {"cache": "there is no cache in this version; its class comes with it"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A rule from outside: for how long at least everything is kept."""

    name: str
    floor_ms: int
    source: str


PROFILES = {
    "eu-ai-act": Profile(
        name="eu-ai-act",
        floor_ms=183 * DAY_MS,
        source="Regulation (EU) 2024/1689, Articles 19(1) and 26(6): at least six months",
    ),
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how long after the end of a run each class of it is kept; None: for ever."""

    values_ms: int | None = None
    events_ms: int | None = None
    profile: Profile | None = None

    def period_ms(self, what: PrunedClass) -> int | None:
        """Return the period of a class. Values go with their events at the latest."""
        if what == "events":
            return self.events_ms
        return self.events_ms if self.values_ms is None else self.values_ms

    def rule(self, what: PrunedClass) -> str:
        """Say what the period of a class is, and where it comes from."""
        period = self.period_ms(what)
        told = "for ever" if period is None else period_text(period)
        return f"{what} = {told}" + (f", profile {self.profile.name}" if self.profile else "")


def retention_of(settings: Mapping[str, object]) -> Retention:
    """Read the table of settings.

    Raises:
        UsageError: IL8600 when it cannot be read, IL8601 when a period is below the floor of the
            profile, IL8602 when values would outlive the events that name them.
    """
    for name in settings:
        if name not in SETTINGS:
            hint = NOT_YET.get(name, f"there are: {', '.join(SETTINGS)}")
            raise _wrong(f"there is no setting `{name}`", hint)
    profile = _profile(settings.get("profile"))
    found = Retention(
        values_ms=_period("values", settings),
        events_ms=_period("events", settings),
        profile=profile,
    )
    for what, period in (("values", found.values_ms), ("events", found.events_ms)):
        if profile is not None and period is not None and period < profile.floor_ms:
            floor = period_text(profile.floor_ms)
            raise UsageError(
                f"`{what}` is {period_text(period)}, and profile {profile.name} keeps everything"
                f" for {floor} at least ({profile.source})",
                hint=f"write {floor} or more, or leave the profile out if it is not your rule",
                code="IL8601",
            )
    _check_order(found.values_ms, found.events_ms)
    return found


def _check_order(values_ms: int | None, events_ms: int | None) -> None:
    if values_ms is not None and events_ms is not None and values_ms > events_ms:
        raise UsageError(
            f"`values` is {period_text(values_ms)}, and `events` only {period_text(events_ms)}: a"
            " value means nothing without its event",
            hint="keep events at least as long as values",
            code="IL8602",
        )


def period_of(text: str) -> int:
    """Read a period such as `12h`, `183d`, `26w` or `2y` as milliseconds.

    Raises:
        UsageError: it is none (IL8600).
    """
    match = PERIOD.fullmatch(text)
    found = int(match[1]) * UNITS_MS[match[2]] if match is not None else 0
    if not 0 < found <= PERIOD_MS_MAX:
        raise _wrong(
            f"`{text:.50}` is no period",
            "write a number and a unit, up to 100y: 183d, 26w, 2y, 12h",
        )
    return found


def period_text(period_ms: int) -> str:
    """Write a period in the largest unit that keeps it a whole number."""
    for unit in ("y", "d", "h"):
        if period_ms >= UNITS_MS[unit] and period_ms % UNITS_MS[unit] == 0:
            return f"{period_ms // UNITS_MS[unit]}{unit}"
    return f"{period_ms}ms"


def _profile(given: object) -> Profile | None:
    if given is None:
        return None
    if not isinstance(given, str) or given not in PROFILES:
        raise _wrong(f"there is no profile {given!r:.50}", f"there are: {', '.join(PROFILES)}")
    return PROFILES[given]


def _period(name: str, settings: Mapping[str, object]) -> int | None:
    given = settings.get(name)
    if given is None:
        return None
    if not isinstance(given, str):
        raise _wrong(f"`{name}` is {given!r:.50}", f'write a period in quotes: {name} = "400d"')
    return period_of(given)


def _wrong(message: str, hint: str) -> UsageError:
    return UsageError(message, hint=hint, code="IL8600")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What decides whether a run is held, and whether its time is over.

    Attributes:
        graph: None: it is not known any more.
        ended_ms: None: it has not ended.
        subjects: the keys of those whose values it has; None: they are not known.
    """

    run: RunId
    graph: str | None
    started_ms: int
    ended_ms: int | None
    subjects: frozenset[KeyId] | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold: the event that placed it, and the one that released it, if any."""

    placed: StoreEntry
    event: HoldPlaced
    released: StoreEntry | None = None

    @property
    def number(self) -> int:
        """The number that people name it by."""
        return self.placed.seq

    def in_force(self, seq: int) -> bool:
        """Whether it was in force when event `seq` of the journal of the store was written."""
        if self.placed.seq >= seq:
            return False
        return self.released is None or self.released.seq > seq

    def covers(self, facts: RunFacts, *, in_doubt: bool) -> bool:
        """Whether it is on a run. What cannot be known any more counts as `in_doubt` says."""
        held = self.event
        if held.held is not None and held.held != facts.run:
            return False
        if held.before_ms is not None and facts.started_ms >= held.before_ms:
            return False
        is_over = held.after_ms is not None and facts.ended_ms is not None
        if is_over and (facts.ended_ms or 0) < (held.after_ms or 0):
            return False
        if held.graph is not None:
            fits = in_doubt if facts.graph is None else held.graph == facts.graph
            if not fits:
                return False
        if held.subject is None or facts.run in held.runs:
            return True
        return in_doubt if facts.subjects is None else held.subject in facts.subjects


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedNote:
    """What the journal of a store says of what was pruned of a run."""

    entry: StoreEntry
    event: RunsPruned
    pruned: Pruned


@final
@dataclass(slots=True)
class Keeping:
    """The journal of a store, folded: holds, and what was pruned of which run."""

    size: int = 0
    holds: dict[int, Hold] = field(default_factory=dict[int, Hold])
    pruned: dict[PrunedClass, dict[RunId, PrunedNote]] = field(
        default_factory=lambda: {what: {} for what in CLASSES}
    )

    @classmethod
    def of(cls, entries: Iterable[StoreEntry]) -> "Keeping":
        """Fold the entries of a journal of a store."""
        keeping = cls()
        for entry in entries:
            keeping.take(entry)
        return keeping

    def take(self, entry: StoreEntry) -> None:
        """Take the next entry. What makes no sense changes nothing."""
        self.size = entry.seq
        match entry.event:
            case HoldPlaced():
                self.holds[entry.seq] = Hold(placed=entry, event=entry.event)
            case HoldReleased():
                hold = self.holds.get(entry.event.hold)
                if hold is not None and hold.released is None:
                    self.holds[hold.number] = Hold(
                        placed=hold.placed, event=hold.event, released=entry
                    )
            case RunsPruned():
                for each in entry.event.runs:
                    note = PrunedNote(entry=entry, event=entry.event, pruned=each)
                    self.pruned[entry.event.what].setdefault(each.run, note)

    def held(self, facts: RunFacts) -> Hold | None:
        """Return the first hold that is on a run now."""
        return next(iter(self.holds_on(facts)), None)

    def holds_on(self, facts: RunFacts, *, in_doubt: bool = True) -> list[Hold]:
        """List the holds that are on a run now."""
        active = self.active()
        return [hold for hold in active if hold.covers(facts, in_doubt=in_doubt)]

    def held_subject(self, key_id: KeyId) -> Hold | None:
        """Return the first hold that is on the key of a data subject now."""
        return next((hold for hold in self.active() if hold.event.subject == key_id), None)

    @property
    def asks_for_subjects(self) -> bool:
        """Whether it has to be known of a run whose values it has."""
        return any(hold.event.subject is not None for hold in self.active())

    def active(self) -> Collection[Hold]:
        """List the holds that are not released."""
        return [hold for hold in self.holds.values() if hold.released is None]


def note_of(keeping: Keeping, run: RunId) -> PrunedNote | None:
    """Find what was pruned of a run last: its events, or else its values."""
    return keeping.pruned["events"].get(run) or keeping.pruned["values"].get(run)
