"""Reports of stores: every run that may concern the period is read, page by page, once."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from interlock.audit import SALTS_BYTES_MAX, seal
from interlock.cli.trail.reporting import CLOCK_SLACK_MS, Seen, report_of
from interlock.cli.views.reportview import report_lines
from interlock.errors import UsageError
from interlock.journal import (
    Entry,
    GateOpened,
    NodeCancelled,
    Record,
    RunHead,
    RunStatus,
    StoredValue,
    Value,
    encode_entry,
    envelope_of,
)
from interlock.reports import Period, Report, report_json
from interlock.store import EVENTS_READ_DEFAULT, MemoryStore
from interlock.values import Digest, Path, RunId
from unit.reports.made import MAKING, MANY, MadeRun, report_on

PLAN = Digest("sha256:" + "0" * 64)
DAY_MS = 86_400_000
PERIOD = Period(since_ms=10 * DAY_MS, until_ms=20 * DAY_MS)
ASK = Value.of("Ship it?")


def head_of(run: str, *, graph: str = "g", status: RunStatus = "running") -> RunHead:
    return RunHead(
        run=RunId(run), graph=graph, plan=PLAN, status=status, created_ms=0, updated_ms=0
    )


def sealed(run: RunId, entry: Entry, *, values: tuple[StoredValue, ...] = ()) -> Record:
    """Make the record of an entry, with its leaf."""
    leaf, salts = seal(envelope_of(run, entry), bytes(SALTS_BYTES_MAX))
    return Record(
        run=run,
        seq=entry.seq,
        epoch=entry.epoch,
        body=encode_entry(run, entry),
        leaf=leaf,
        salts=salts,
        values=values,
    )


def kept(store: MemoryStore, head: RunHead, *entries: Entry, values: tuple[Value, ...] = ()):
    """Keep a run whose last record carries its head."""
    stored = tuple(StoredValue(ref=value.ref, data=value.data) for value in values)
    records = [
        sealed(head.run, replace(entry, seq=seq, epoch=1), values=stored if seq == 1 else ())
        for seq, entry in enumerate(entries, start=1)
    ]
    records[-1] = replace(records[-1], head=head)
    store.write(records)


def cancelled(at_ms: int, reason: str = "") -> Entry:
    return Entry(NodeCancelled(path=Path("n"), generation=1, reason=reason), at_ms=at_ms)


def asked(at_ms: int) -> Entry:
    event = GateOpened(
        path=Path("n"),
        generation=1,
        ask=ASK,
        covers=Value.of([]),
        to=("a",),
        quorum=1,
        binding=PLAN,
    )
    return Entry(event, at_ms=at_ms)


def reported(store: MemoryStore, *graphs: str) -> Report:
    return report_of(store, PERIOD, graphs=frozenset(graphs) or None, progress=lambda _: None)


def test_all_pages_of_a_run_are_read():
    store = MemoryStore()
    count = 2 * EVENTS_READ_DEFAULT
    kept(store, head_of("A"), *(cancelled(PERIOD.since_ms, f"{n}") for n in range(count)))
    found = [line.why for line in reported(store).parts["cancelled"]]
    assert found == [f"{n}" for n in range(count)]


def test_what_a_gate_asks_is_shown_as_long_as_it_is_there():
    store = MemoryStore()
    kept(store, head_of("A"), asked(PERIOD.since_ms), values=(ASK, Value.of([])))
    kept(store, head_of("B"), asked(PERIOD.since_ms))
    lines = {line.proof.run: line for line in reported(store).parts["gates"]}
    assert (lines[RunId("A")].why, lines[RunId("B")].why) == ("Ship it?", "")
    assert lines[RunId("B")].binding == PLAN


@pytest.mark.parametrize(
    "status, created, updated, read",
    [
        ("succeeded", PERIOD.since_ms, PERIOD.since_ms, 1),
        ("succeeded", 0, PERIOD.since_ms - CLOCK_SLACK_MS, 1),
        ("succeeded", 0, PERIOD.since_ms - CLOCK_SLACK_MS - 1, 0),
        ("running", 0, 0, 1),
        ("in_doubt", 0, 0, 1),
        ("running", PERIOD.until_ms + CLOCK_SLACK_MS - 1, 0, 1),
        ("running", PERIOD.until_ms + CLOCK_SLACK_MS, 0, 0),
    ],
)
def test_only_runs_that_may_concern_the_period_are_read(
    status: RunStatus, created: int, updated: int, read: int
):
    store, seen = MemoryStore(), list[Seen]()
    head = replace(head_of("A", status=status), created_ms=created, updated_ms=updated)
    kept(store, head, cancelled(PERIOD.since_ms))
    report = report_of(store, PERIOD, progress=seen.append)
    assert seen == [Seen(looked_at=1, read=read)]
    assert len(report.runs) == read


def test_only_the_graphs_that_were_asked_for():
    store = MemoryStore()
    for name in ("one", "two", "three"):
        kept(store, head_of(name, graph=name), cancelled(PERIOD.since_ms))
    assert [row.graph for row in reported(store, "one", "two").runs] == ["one", "two"]
    with pytest.raises(UsageError, match="no run of a graph `four`"):
        reported(store, "four")


def unreadable(store: MemoryStore) -> list[str]:
    report = reported(store)
    assert report.runs == ()
    return [f"{each.run}: {each.message}" for each in report.unreadable]


def test_an_event_of_another_run_is_no_event_of_this():
    store = MemoryStore()
    moved = sealed(RunId("B"), replace(cancelled(PERIOD.since_ms), seq=1, epoch=1))
    store.write([replace(moved, run=RunId("A"), head=head_of("A"))])
    assert unreadable(store) == ["A: event 1 of run A is of another place"]


def test_an_event_that_is_not_the_logged_one_is_not_reported():
    """Its bytes were changed, those of the log were not."""
    store = MemoryStore()
    was, now = (
        sealed(RunId("A"), replace(cancelled(PERIOD.since_ms, why), seq=1, epoch=1))
        for why in ("was", "now")
    )
    store.write([replace(now, leaf=was.leaf, head=head_of("A"))])
    assert unreadable(store) == ["A: event 1 of run A is not the one that was logged as leaf 0"]


@given(MANY)
@settings(max_examples=60)
def test_the_text_is_safe_and_has_the_figures_of_the_data(runs: list[MadeRun]):
    report = report_on(runs)
    text = [*report_lines(report, MAKING)]
    assert "".join(text).isprintable()
    data = report_json(report, MAKING)
    match data:
        case {"parts": dict(parts), "totals": {"runs": int(count)}}:
            pass
        case _:
            raise AssertionError(data)
    for part in parts.values():
        match part:
            case {"title": str(title), "lines": list(lines)}:
                told = next(line for line in text if line.strip().startswith(title.lower()))
                assert told.strip().removeprefix(title.lower()).split()[0] == f"{len(lines):,}"
            case _:
                raise AssertionError(part)
    assert [line.split()[1] for line in text if line.startswith("  all  ")][-1] == f"{count:,}"
