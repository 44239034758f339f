"""Each event that an auditor asks about is one line; how runs stood is as of the period's end."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings

from interlock.journal import (
    AttemptFailed,
    AttemptStarted,
    Entry,
    ErrorInfo,
    Event,
    GateDecided,
    GateOpened,
    NodeCancelled,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    PartsErased,
    Principal,
    ProposalAccepted,
    ProposalRefused,
    RunCancelled,
    RunMigrated,
    RunPaused,
    RunRecovered,
    RunReopened,
    RunSettled,
    RunStarted,
    RunUnpaused,
    SignalReceived,
    TimerFired,
    Value,
)
from interlock.reports import (
    PARTS,
    Actor,
    PartName,
    Period,
    Report,
    RunRow,
    Told,
    actor_of,
    by_graph,
    by_person,
    in_all,
)
from interlock.values import Digest, Path, RunId
from unit.reports.made import ALL_OF_IT, MANY, PERIODS, MadeRun, report_on

A = Digest("sha256:a")
ADA = Principal(name="ada", authenticated_by="oidc")
ERROR = ErrorInfo(code="IL6001", message="no")
BY_TYPE: dict[type[Event], PartName] = {
    GateOpened: "gates",
    GateDecided: "gates",
    ProposalAccepted: "proposals",
    ProposalRefused: "refused",
    NodeInDoubt: "in_doubt",
    NodeResolved: "resolved",
    NodeCancelled: "cancelled",
    SignalReceived: "signals",
    RunCancelled: "cancelled",
    RunPaused: "continued",
    RunUnpaused: "continued",
    RunReopened: "continued",
    RunRecovered: "continued",
    RunMigrated: "continued",
    PartsErased: "erased",
}


def part_of(event: Event) -> str | None:
    """In which part an event belongs; another way to say it than the code's."""
    if isinstance(event, AttemptStarted):
        return "gates" if event.approval is not None else None
    if isinstance(event, TimerFired):
        return "cancelled" if event.path == "" else None
    if isinstance(event, NodeSettled | RunSettled):
        if isinstance(event, NodeSettled) and event.path.endswith("!undo"):
            return "undone"
        return event.status if event.status not in ("succeeded", "skipped") else None
    return BY_TYPE.get(type(event))


def test_a_period_has_its_first_moment_and_not_its_end():
    period = Period(since_ms=10, until_ms=20)
    assert [at_ms for at_ms in (9, 10, 19, 20) if at_ms in period] == [10, 19]


@given(runs=MANY, period=PERIODS)
@settings(max_examples=100)
def test_every_event_of_a_part_is_one_line_and_every_run_one_row(
    runs: list[MadeRun], period: Period
):
    wanted = Counter(
        (part_of(told.entry.event), run.run, told.entry.seq)
        for run in runs
        for told in run.events
        if period.since_ms <= told.entry.at_ms < period.until_ms
        if part_of(told.entry.event) is not None
    )
    report = report_on(runs, period)
    assert wanted == Counter((one.part, one.proof.run, one.proof.seq) for one in report.lines)
    assert all(line.part == name for name, lines in report.parts.items() for line in lines)
    assert list(report.parts) == list(PARTS)
    inside = {run.run: sum(told.entry.at_ms in period for told in run.events) for run in runs}
    rows = {row.run: row.events for row in report.runs}
    assert rows == {run: count for run, count in inside.items() if count}


@given(runs=MANY, period=PERIODS)
@settings(max_examples=100)
def test_reports_of_periods_that_meet_say_together_what_one_of_both_says(
    runs: list[MadeRun], period: Period
):
    cuts = sorted({0, period.since_ms, period.until_ms, ALL_OF_IT.until_ms})
    pieces = [
        report_on(runs, Period(since_ms=one, until_ms=other)) for one, other in pairwise(cuts)
    ]
    whole = report_on(runs)
    check_figures(whole)
    for name in PARTS:
        found = [line for piece in pieces for line in piece.parts[name]]
        assert sorted(found, key=lambda line: (line.at_ms, line.proof.run, line.proof.seq)) == [
            *whole.parts[name]
        ]
    for figure in ("started", "calls", "events"):
        assert sum(getattr(in_all(each), figure) for each in pieces) == getattr(
            in_all(whole), figure
        )


def check_figures(report: Report) -> None:
    """The figures of graphs are, together, those of all."""
    rows, total = by_graph(report), in_all(report)
    for figure in ("runs", "started", "ended", "calls", "events"):
        assert sum(getattr(row, figure) for row in rows) == getattr(total, figure)
    for figure in ("standings", "nodes", "parts"):
        added = Counter[str]()
        for row in rows:
            added.update(getattr(row, figure))
        assert dict(added) == getattr(total, figure)
    assert total.parts == {name: len(lines) for name, lines in report.parts.items() if lines}
    assert sum(row.started for row in by_person(report)) == total.started


def started(at_ms: int = 0) -> Entry:
    event = RunStarted(
        graph="g",
        plan=A,
        document=Value.of(None),
        manifests=Value.of(None),
        inputs=Value.of(None),
        semantics=1,
        expressions="",
        principal=ADA.actor,
    )
    return Entry(event, at_ms=at_ms, actor=ADA.actor)


def run_of(*events: Event) -> Report:
    """Report on a run whose events are a millisecond apart."""
    entries = [started(), *(Entry(each, at_ms=at) for at, each in enumerate(events, start=1))]
    told = [Told(entry=replace(each, seq=seq)) for seq, each in enumerate(entries, start=1)]
    return report_on([MadeRun(run=RunId("R"), graph="g", events=told)])


def row_of(*events: Event) -> RunRow:
    return run_of(*events).runs[0]


IN_DOUBT = NodeInDoubt(path=Path("n"), generation=1, attempt=1, error=ERROR)
RESOLVED = NodeResolved(path=Path("n"), generation=1, verdict="failed", reason="looked")
FAILED = RunSettled(status="failed", execution=A, error=ERROR)
REOPENED = RunReopened(reason="mended")


@pytest.mark.parametrize(
    "events, standing",
    [
        ((), "open"),
        ((IN_DOUBT,), "in_doubt"),
        ((IN_DOUBT, RESOLVED), "open"),
        ((RunPaused(),), "paused"),
        ((RunPaused(), RunUnpaused()), "open"),
        ((RunPaused(), IN_DOUBT), "in_doubt"),
        ((IN_DOUBT, FAILED), "failed"),
        ((FAILED, REOPENED), "open"),
        ((FAILED, REOPENED, RunSettled(status="succeeded", execution=A)), "succeeded"),
    ],
)
def test_how_a_run_stood(events: tuple[Event, ...], standing: str):
    assert row_of(*events).standing == standing


def test_how_a_run_stood_is_as_of_the_end_of_the_period():
    told = [
        Told(entry=replace(entry, seq=seq))
        for seq, entry in enumerate([started(5), Entry(IN_DOUBT, at_ms=6)], start=1)
    ]
    run = MadeRun(run=RunId("R"), graph="g", events=told)
    assert report_on([run], Period(since_ms=0, until_ms=6)).runs[0].standing == "open"
    assert report_on([run], Period(since_ms=0, until_ms=7)).runs[0].standing == "in_doubt"
    later = report_on([run], Period(since_ms=6, until_ms=7)).runs[0]
    assert (later.standing, later.started_here, later.started_ms) == ("in_doubt", False, 5)


def asked(generation: int = 1) -> GateOpened:
    return GateOpened(
        path=Path("ok"),
        generation=generation,
        ask=Value.of("Go?"),
        covers=Value.of([]),
        to=(),
        quorum=2,
        binding=A,
    )


APPROVED = GateDecided(path=Path("ok"), generation=1, verdict="approved", binding=A)
ENDED = NodeSettled(path=Path("ok"), generation=1, status="refused", attempt=0, error=ERROR)


@pytest.mark.parametrize(
    "events, told",
    [
        ((APPROVED, asked()), [("asked", None), ("approved", None), ("asked anew", [3])]),
        ((asked(),), [("asked", None), ("asked anew", [])]),
        (
            (asked(), APPROVED, asked()),
            [("asked anew", []), ("approved", None), ("asked anew", [4])],
        ),
        ((APPROVED, ENDED, asked(2)), [("asked", None), ("approved", None), ("asked", None)]),
    ],
)
def test_a_gate_that_asks_anew_names_the_approvals_that_are_void(
    events: tuple[Event, ...], told: list[tuple[str, list[int] | None]]
):
    lines = run_of(asked(), *events).parts["gates"]
    assert [(line.what, dict(line.facts).get("voids")) for line in lines][-len(told) :] == told


def test_a_run_whose_end_is_of_an_earlier_generation_ends_once():
    report = run_of(FAILED, REOPENED, FAILED)
    assert [row.end and row.end.seq for row in report.runs] == [4]
    assert [line.proof.seq for line in report.parts["failed"]] == [2, 4]


def settled(path: str, *, ahead: bool = False) -> NodeSettled:
    return NodeSettled(path=Path(path), generation=1, status="succeeded", attempt=1, ahead=ahead)


def test_calls_are_counted_once_and_undos_are_no_nodes():
    sent = AttemptStarted(path=Path("n"), generation=1, attempt=1, call_key=A, args=Value.of(None))
    lost = AttemptFailed(path=Path("m"), generation=1, attempt=1, error=ERROR, ahead=True)
    row = row_of(sent, settled("n"), lost, settled("m", ahead=True), sent, settled("n!undo"))
    assert (row.calls, dict(row.nodes)) == (4, {"succeeded": 2})


def test_a_start_that_is_not_there_is_unknown():
    told = [Told(entry=Entry(IN_DOUBT, at_ms=1, seq=2))]
    report = report_on([MadeRun(run=RunId("R"), graph="g", events=told)])
    assert (report.runs[0].standing, report.runs[0].principal) == ("unknown", None)


def test_a_long_text_is_cut_and_says_so():
    line = run_of(NodeCancelled(path=Path("n"), generation=1, reason="x" * 2_007)).lines[0]
    assert line.why == "x" * 2_000 + " … and 7 more characters"


@pytest.mark.parametrize(
    "text, actor",
    [
        ("engine", Actor(kind="engine", name="engine")),
        ("runtime:h-1-ab", Actor(kind="runtime", name="h-1-ab")),
        ("unauthenticated:engine", Actor(kind="principal", name="engine")),
        (
            "authenticated:oidc:a:b",
            Actor(kind="principal", name="a:b", authenticated_by="oidc"),
        ),
        ("ada", Actor(kind="principal", name="ada")),
        ("authenticated:oidc:", Actor(kind="principal", name="authenticated:oidc:")),
    ],
)
def test_who_is_authenticated(text: str, actor: Actor):
    assert actor_of(text) == actor


def test_runtimes_are_no_persons():
    report = run_of(RunRecovered(owner="h-1-ab"))
    assert [row.actor.name for row in by_person(report)] == ["ada"]
