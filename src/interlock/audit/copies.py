"""Where else a run holds what is to be erased.

A value that a run took in goes on: into arguments, into texts that are made of it, into outputs and
error messages, into paths of items; and a digest that was computed from it is as good as the value,
to anybody who can guess it. So what was chosen is followed:

- by its reference, or as the same name, path or digest, through the whole run;
- by its texts and numbers, through all that could have read it later, and all that was told from
  outside later: each value, message, reason or path that contains one of them is a copy;
- digests of what came after a value go, and the execution digest, which is computed from them all.

What an action has made of it under another form (encrypted, translated, counted) is not found:
nobody but the action knows. It has to be chosen as well. Plan and manifests of a run were there
before any value of it, and are no copies, unless they are chosen.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast, final

from interlock.audit.erasing import read_erased
from interlock.audit.leaves import VALUES, open_leaf
from interlock.journal import StoredEvent, open_envelope
from interlock.values import Json, Path, ValueRef, canonical, decode, paths

TEXT_CHARS_MIN = 3
"""A shorter text or number is everywhere: it is followed by its reference alone."""

DIGESTS = frozenset(("approval", "binding", "call_key", "execution"))
"""Parts that are computed from values of the run."""

ENDS = frozenset(("execution",))
NOTHING: frozenset[str] = frozenset()

NAMES = frozenset(("actor", "owner", "path", "principal")) | DIGESTS
"""Parts that are the same thing wherever they are the same text."""

RUNTIME = b'"runtime:'
"""Before the id of an owner, where it is an actor."""

OF_THE_PLAN = frozenset(("document", "graph", "key", "manifests", "plan", "principal"))
"""Parts that no value of the run has come into."""

PLANS = frozenset(("RunStarted", "RunMigrated"))

Place = tuple[int, str]
"""A part: the seq of its event, and its name."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """All that has to go with what was chosen.

    Attributes:
        parts: by seq, the names of parts. What was chosen is among them.
        refs: references that no event of the run has when these parts are gone.
        mentions: by seq, parts that hold a text of what was chosen and are no copies: they were
            there before. They stay, unless they are chosen as well.
        texts: what was looked for: texts and numbers of what was chosen, as JSON has them inside.
    """

    parts: Mapping[int, frozenset[str]]
    refs: frozenset[ValueRef]
    mentions: Mapping[int, frozenset[str]] = field(default_factory=dict[int, frozenset[str]])
    texts: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    kind: str
    path: str | None
    is_caused: bool
    values: Mapping[str, ValueRef]
    words: Mapping[str, bytes]


class _Needles:
    """Texts that are looked for, however many: a long list of persons is one value."""

    def __init__(self, texts: Collection[bytes]) -> None:
        self._texts = sorted(texts)
        self._by_length: dict[int, set[bytes]] = {}
        for text in texts:
            self._by_length.setdefault(len(text), set()).add(text)

    def are_in(self, data: bytes) -> bool:
        """Say whether one of them is in some data: looked at in the cheaper of two ways."""
        if len(data) * len(self._by_length) < len(self._texts):
            for length, texts in self._by_length.items():
                for at in range(len(data) - length + 1):
                    if data[at : at + length] in texts:
                        return True
            return False
        for text in self._texts:  # noqa: SIM110 - ten times faster than a generator
            if text in data:
                return True
        return False


@dataclass(slots=True)
class _Reached:
    """The scopes of a run that a value can have come to, as it goes on.

    What is in a scope can be read by all that comes later in it, or deeper inside; and when the
    node that the scope belongs to has settled, by all that comes later beside that node. A turn
    reaches the turns after it; items of a map do not reach each other. Which of the nodes of a
    scope do read it is not known here: causes only say what an event waited for last.
    """

    scopes: set[str] = field(default_factory=set[str])
    nodes: set[str] = field(default_factory=set[str])

    def __contains__(self, path: str | None) -> bool:
        if not self.scopes:
            return False
        if path is None or path in self.nodes or paths.ROOT in self.scopes:
            return True
        outer = path
        while outer:
            outer = paths.parent(Path(outer))
            if outer in self.scopes:
                return True
        return False

    def add(self, path: str | None) -> None:
        if paths.ROOT in self.scopes:
            return  # All that comes later is reached.
        scope = paths.parent(Path(path)) if path else paths.ROOT
        self.scopes.add(scope)
        if not scope:
            return
        last = paths.parse(scope)[-1]
        is_part = last.item is not None or last.turn is not None
        self.nodes.add(paths.parent(scope) if is_part else scope)
        if last.turn is not None:
            self.scopes.add(paths.parent(scope))


@dataclass(slots=True)
class _Search:
    events: Mapping[int, _Opened]
    values: Mapping[ValueRef, bytes]
    needles: "_Needles"
    chosen: set[Place]
    refs: set[ValueRef] = field(default_factory=set[ValueRef])
    held: dict[Place, bool] = field(default_factory=dict[Place, bool])
    """Whether a part holds one of the texts, as far as it was looked at."""

    def run(self) -> None:
        """Follow references and causes until nothing more is found."""
        known = -1
        while known != len(self.chosen):
            known = len(self.chosen)
            self._follow_refs()
            self._follow_names()
            for seq in self._after(texts=True):
                self._follow_texts(seq)
            self._follow_digests(self._after(texts=False))

    def _follow_refs(self) -> None:
        for seq, event in self.events.items():
            self.refs |= {ref for name, ref in event.values.items() if (seq, name) in self.chosen}
        for seq, event in self.events.items():
            self.chosen |= {(seq, name) for name, ref in event.values.items() if ref in self.refs}

    def _follow_names(self) -> None:
        named = {
            (seq, name): event.words[name].replace(RUNTIME, b'"', 1)
            for seq, event in self.events.items()
            for name in NAMES & event.words.keys()
        }
        gone = {named[place] for place in self.chosen if place in named}
        self.chosen |= {place for place, text in named.items() if text in gone}

    def _after(self, *, texts: bool) -> set[int]:
        """Find the events that hold a value that goes, or a text, and those that it can reach."""
        found: set[int] = set()
        reached = _Reached()
        for seq, event in self.events.items():
            held = {*event.values, *(set(event.words) - DIGESTS if texts else ())}
            holds = any((seq, name) in self.chosen for name in held)
            # Persons may write what they have read, wherever it was.
            is_told = texts and bool(found) and not event.is_caused
            if holds or event.path in reached:
                reached.add(event.path)
                found.add(seq)
            elif is_told:
                found.add(seq)
        return found

    def mentions(self) -> Iterator[Place]:
        """List the parts that hold a text of what was chosen, and stay."""
        for seq, event in self.events.items():
            yield from ((seq, name) for name in self._holders(seq, event))

    def _follow_texts(self, seq: int) -> None:
        event = self.events[seq]
        held = [*self._holders(seq, event)]
        self.chosen |= {(seq, name) for name in held if not _is_older(event, name)}

    def _holders(self, seq: int, event: _Opened) -> Iterator[str]:
        """Name the parts of an event that hold one of the texts, and are not chosen yet."""
        for name in (*event.values, *event.words):
            place = (seq, name)
            if place in self.chosen:
                continue
            if place not in self.held:
                ref = event.values.get(name)
                text = event.words[name] if ref is None else self.values.get(ref, b"")
                self.held[place] = name not in DIGESTS and self.needles.are_in(text)
            if self.held[place]:
                yield name

    def _follow_digests(self, after: Collection[int]) -> None:
        is_changed = bool(self.refs) or any(name == "path" for _, name in self.chosen)
        for seq, event in self.events.items():
            gone = DIGESTS if seq in after else ENDS if is_changed else NOTHING
            self.chosen |= {(seq, name) for name in gone & event.words.keys()}


def find_copies(
    events: Sequence[StoredEvent],
    values: Mapping[ValueRef, bytes],
    chosen: Mapping[int, Collection[str]],
    *,
    known: bytes = b"",
) -> Copies:
    """Find what has to be erased with chosen parts of a run.

    Args:
        events: all events of the run, in order.
        values: the values that they name, as far as they are still there.
        chosen: by seq, names of parts. What an event does not have is left out of account.
        known: a text that stays: what stands in it is not looked for elsewhere.

    Raises:
        JournalCorrupt: an event is not as it was written.
    """
    opened = {event.seq: _open(event) for event in events}
    wanted = {
        (seq, name)
        for seq, names in chosen.items()
        for name in names
        if seq in opened and name in {**opened[seq].values, **opened[seq].words}
    }
    needles = {each for place in wanted for each in _needles(opened[place[0]], place[1], values)}
    needles = {each for each in needles if each not in known} if known else needles
    search = _Search(opened, values, _Needles(needles), wanted)
    search.run()
    return Copies(
        parts=_by_seq(search.chosen),
        refs=frozenset(search.refs),
        mentions=_by_seq(search.mentions()),
        texts=frozenset(needles),
    )


def _by_seq(places: Iterable[Place]) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for seq, name in sorted(places):
        found.setdefault(seq, set()).add(name)
    return {seq: frozenset(names) for seq, names in found.items()}


def _is_older(event: _Opened, name: str) -> bool:
    return event.kind in PLANS and name in OF_THE_PLAN


def _open(event: StoredEvent) -> _Opened:
    envelope = cast(Mapping[str, Any], open_envelope(event.body))
    parts = open_leaf(event.body, event.salts, read_erased(event.erased)).parts
    refs = VALUES.get(envelope["type"], ())
    return _Opened(
        kind=envelope["type"],
        path=_path_of(envelope),
        is_caused=bool(envelope["causes"]),
        values={name: ValueRef(str(part.value)) for name, part in parts.items() if name in refs},
        words={name: canonical(part.value) for name, part in parts.items() if name not in refs},
    )


def _path_of(envelope: Mapping[str, Any]) -> str | None:
    """Give the path of an event, empty for the run as a whole; None: it was erased."""
    return envelope.get("path", None if "generation" in envelope else "")


def _needles(event: _Opened, name: str, values: Mapping[ValueRef, bytes]) -> Iterator[bytes]:
    """List the texts and numbers of a chosen part, as they are written inside of others."""
    if name in event.values:
        data = values.get(event.values[name])
    else:
        data = None if name in DIGESTS or name == "usage" else event.words[name]
    if data is None:
        return
    left: list[Json] = [decode(data)]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left += each.values()
        elif isinstance(each, list):
            left += each
        elif each is not None and not isinstance(each, bool):
            text = canonical(each)
            text = text[1:-1] if isinstance(each, str) else text
            if len(text) >= TEXT_CHARS_MIN:
                yield text
