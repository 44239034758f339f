"""From the events of a run to the lines of a report: a fold that keeps no event.

What is told of a run is what stood when the period ended: events after it are not looked at, so a
report of the same period says the same later.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never, final

from interlock.journal import (
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    ErrorInfo,
    Event,
    GateDecided,
    GateOpened,
    NodeCancelled,
    NodeEvent,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    PartsErased,
    ProbeAnswered,
    ProposalAccepted,
    ProposalRefused,
    RunCancelled,
    RunEvent,
    RunMigrated,
    RunPaused,
    RunRecovered,
    RunReopened,
    RunSettled,
    RunStarted,
    RunUnpaused,
    SignalReceived,
    StoreEntry,
    TimerFired,
    WaitOpened,
)
from interlock.reports.actors import actor_of
from interlock.reports.asking import OpenGates
from interlock.reports.keeping import kept_line
from interlock.reports.model import (
    PARTS,
    Line,
    PartName,
    Period,
    Proof,
    Report,
    RunRow,
    Standing,
    Unreadable,
)
from interlock.values import Digest, Json, Path, RunId, immutable

TEXT_CHARS_MAX = 2_000
"""A longer text is cut: the event that the line names has all of it."""
TEXTS_MAX = 20
UNDO = "!undo"


@immutable()
class Told:
    """An event and its leaf; of its values only the text of a gate is needed."""

    entry: Entry
    leaf: int | None = None


@immutable()
class Words:
    """What a line says of its event."""

    part: PartName
    what: str
    why: str = ""
    code: str | None = None
    binding: Digest | None = None
    facts: tuple[tuple[str, Json], ...] = ()


@final
class Reporter:
    """Takes runs one by one and makes the report of them.

    Its memory is that of the lines and of a row a run, however many events there are.
    """

    def __init__(self, period: Period, *, graphs: Iterable[str] | None = None) -> None:
        self._period = period
        self._graphs = tuple(sorted(set(graphs))) if graphs is not None else None
        self._rows: list[RunRow] = []
        self._lines: dict[PartName, list[Line]] = {part: [] for part in PARTS}
        self._unreadable: list[Unreadable] = []

    def add(self, run: RunId, graph: str, events: Iterable[Told]) -> None:
        """Add a run; when its events raise, nothing of it is added."""
        fold = RunFold(run, cut(graph), self._period)
        for told in events:
            fold.apply(told)
        if fold.events:
            self._rows.append(fold.row())
            for line in fold.lines:
                self._lines[line.part].append(line)

    def add_unreadable(self, unreadable: Unreadable) -> None:
        """Add a run whose events cannot be read."""
        short = replace(unreadable, graph=cut(unreadable.graph), message=cut(unreadable.message))
        self._unreadable.append(short)

    def add_kept(self, entry: StoreEntry, leaf: int) -> None:
        """Add what the journal of the store itself says, if it is of the period."""
        if entry.at_ms in self._period:
            line = kept_line(entry, leaf)
            self._lines[line.part].append(replace(line, why=cut(line.why)))

    def report(self) -> Report:
        """Return the report of what was added."""
        return Report(
            period=self._period,
            graphs=self._graphs,
            runs=tuple(sorted(self._rows, key=lambda row: (row.started_ms, row.run))),
            parts={part: tuple(sorted(found, key=_place)) for part, found in self._lines.items()},
            unreadable=tuple(sorted(self._unreadable, key=lambda each: each.run)),
        )


def _place(line: Line) -> tuple[int, RunId, int]:
    return line.at_ms, line.proof.run, line.proof.seq


@final
class RunFold:
    """The events of one run, in their order."""

    def __init__(self, run: RunId, graph: str, period: Period) -> None:
        self.run, self.graph = run, graph
        self.lines: list[Line] = []
        self.events = 0
        self._period = period
        self._started: tuple[Told, RunStarted] | None = None
        self._ended: tuple[Told, RunSettled] | None = None
        self._plan: Digest | None = None
        self._calls = 0
        self._nodes = Counter[str]()
        self._in_doubt: set[Path] = set()
        self._gates = OpenGates()
        self._paused = False

    def apply(self, told: Told) -> None:
        """Take the next event; one that is after the period counts for nothing."""
        entry = told.entry
        # In the order of the journal, whatever the clock said: so two periods say what one does.
        void = self._gates.follow(entry)
        if entry.at_ms >= self._period.until_ms:
            return
        self._follow(told, entry.event)
        if entry.at_ms in self._period:
            self.events += 1
            self._count(entry.event)
            words = words_of(entry.event)
            if words is not None and void is not None:
                facts = (*words.facts, ("voids", [*void]))
                words = replace(words, what="asked anew", facts=facts)
            if words is not None:
                self.lines.append(self._line(told, words))

    def _follow(self, told: Told, event: Event) -> None:
        """Follow how the run stands."""
        match event:
            case RunStarted() if told.entry.seq == 1:
                self._started, self._plan = (told, event), event.plan
            case RunMigrated():
                self._plan = event.plan
            case RunSettled():
                self._ended = (told, event)
                self._in_doubt.clear()
                self._paused = False
            case RunReopened():
                self._ended = None
            case RunPaused():
                self._paused = True
            case RunUnpaused():
                self._paused = False
            case NodeInDoubt():
                self._in_doubt.add(event.path)
            case NodeResolved():
                self._in_doubt.discard(event.path)
            case _:
                pass

    def _count(self, event: Event) -> None:
        match event:
            case AttemptStarted():
                self._calls += 1
            case AttemptFailed():
                self._calls += event.ahead
            case NodeSettled():
                self._calls += event.ahead
                if not event.path.endswith(UNDO):
                    self._nodes[event.status] += 1
            case _:
                pass

    def _line(self, told: Told, words: Words) -> Line:
        entry = told.entry
        return Line(
            part=words.part,
            what=words.what,
            at_ms=entry.at_ms,
            graph=self.graph,
            proof=self._proof(told),
            actor=actor_of(cut(entry.actor)),
            path=Path(cut(getattr(entry.event, "path", ""))) or None,
            generation=getattr(entry.event, "generation", None),
            why=cut(words.why),
            code=words.code,
            binding=words.binding,
            facts=words.facts,
        )

    def _proof(self, told: Told) -> Proof:
        return Proof(run=self.run, seq=told.entry.seq, leaf=told.leaf)

    def row(self) -> RunRow:
        """Return how the run stood when the period ended."""
        started = self._started
        ended = self._ended
        return RunRow(
            run=self.run,
            graph=self.graph,
            plan=self._plan,
            started_ms=started[0].entry.at_ms if started else 0,
            principal=actor_of(cut(started[1].principal)) if started else None,
            start=self._proof(started[0]) if started else Proof(run=self.run, seq=0),
            standing=self._standing(),
            ended_ms=ended[0].entry.at_ms if ended else None,
            execution=ended[1].execution if ended else None,
            end=self._proof(ended[0]) if ended else None,
            calls=self._calls,
            nodes=tuple(sorted(self._nodes.items())),
            events=self.events,
            started_here=started is not None and started[0].entry.at_ms in self._period,
            ended_here=ended is not None and ended[0].entry.at_ms in self._period,
        )

    def _standing(self) -> Standing:
        if self._started is None:
            return "unknown"
        if self._ended is not None:
            return self._ended[1].status
        if self._in_doubt:
            return "in_doubt"
        return "paused" if self._paused else "open"


def words_of(event: Event) -> Words | None:
    """Say in which part an event belongs, and what it says there; None: in none."""
    return _of_run(event) if isinstance(event, RunEvent) else _of_node(event)


def _of_node(event: NodeEvent) -> Words | None:
    match event:
        case GateOpened():
            return _asked(event)
        case GateDecided():
            return Words(part="gates", what=event.verdict, why=event.reason, binding=event.binding)
        case AttemptStarted() if event.approval is not None:
            return Words(part="gates", what="approval used", binding=event.approval)
        case ProposalRefused():
            codes = ", ".join(event.codes[:TEXTS_MAX])
            told = "; ".join(event.messages[:TEXTS_MAX])
            return Words(part="refused", what="proposal refused", why=told, code=cut(codes) or None)
        case ProposalAccepted():
            return Words(
                part="proposals", what="proposal accepted", facts=(("graph", event.graph),)
            )
        case NodeInDoubt():
            return _with_error("in_doubt", "in doubt", event.error)
        case NodeResolved(verdict="ask"):
            return Words(part="resolved", what="receiver asked again", why=event.reason)
        case NodeResolved():
            return Words(part="resolved", what=f"resolved as {event.verdict}", why=event.reason)
        case NodeSettled():
            return _of_end(event)
        case SignalReceived():
            return Words(part="signals", what="signal", facts=(("name", cut(event.name)),))
        case NodeCancelled():
            return Words(part="cancelled", what="node cancelled", why=event.reason)
        case TimerFired() if not event.path:
            return Words(part="cancelled", what="deadline passed")
        case AttemptStarted() | AttemptReturned() | AttemptFailed() | ProbeAnswered():
            return None
        case WaitOpened() | TimerFired():
            return None
        case _:
            assert_never(event)


def _of_run(event: RunEvent) -> Words | None:
    match event:
        case RunStarted():
            return None
        case RunCancelled():
            facts = (("undo", event.undo),)
            return Words(part="cancelled", what="run cancelled", why=event.reason, facts=facts)
        case RunSettled():
            return _of_run_end(event)
        case RunPaused():
            return Words(part="continued", what="paused", why=event.reason)
        case RunUnpaused():
            return Words(part="continued", what="let go on")
        case RunReopened():
            return Words(part="continued", what="reopened", why=event.reason)
        case RunRecovered():
            what = "taken up" if event.orderly else "taken up after a crash"
            return Words(part="continued", what=what, facts=(("owner", cut(event.owner)),))
        case RunMigrated():
            accepted: Json = [cut(path) for path in event.accepted[:TEXTS_MAX]]
            facts = (("plan", event.plan), ("accepted", accepted))
            return Words(part="continued", what="migrated", facts=facts)
        case PartsErased():
            parts: Json = [cut(part) for part in event.parts[:TEXTS_MAX]]
            erased = (("rule", cut(event.rule)), ("parts", parts))
            return Words(part="erased", what="erased", why=event.reason, facts=erased)
        case _:
            assert_never(event)


def _asked(event: GateOpened) -> Words:
    ask = event.ask.json
    to: Json = [cut(name) for name in event.to[:TEXTS_MAX]]
    return Words(
        part="gates",
        what="asked",
        why=ask if isinstance(ask, str) else "",
        binding=event.binding,
        facts=(("to", to), ("quorum", event.quorum), ("expires_at_ms", event.expires_at_ms)),
    )


def _of_end(event: NodeSettled) -> Words | None:
    """Undos of every end; of other nodes those that did not end well."""
    if event.path.endswith(UNDO):
        what = "undone" if event.status == "succeeded" else f"not undone: {event.status}"
        return _with_error("undone", what, event.error)
    match event.status:
        case "succeeded" | "skipped":
            return None
        case "undone":
            return _with_error("undone", "undone", event.error)
        case "failed" | "refused" | "cancelled" | "violated":
            return _with_error(event.status, event.status, event.error)


def _of_run_end(event: RunSettled) -> Words | None:
    if event.status == "succeeded":
        return None
    return _with_error(event.status, f"run {event.status}", event.error)


def _with_error(part: PartName, what: str, error: ErrorInfo | None) -> Words:
    if error is None:
        return Words(part=part, what=what)
    return Words(part=part, what=what, why=error.message, code=cut(error.code))


def cut(text: str) -> str:
    """Keep the beginning of a text that is too long, and say how much is left out."""
    if len(text) <= TEXT_CHARS_MAX:
        return text
    return f"{text[:TEXT_CHARS_MAX]} … and {len(text) - TEXT_CHARS_MAX:,} more characters"
