"""Runs of any events in any order, with any text, as the events of a report."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from interlock.journal import Entry
from interlock.reports import KnownCheckpoint, Making, Period, Report, Reporter, Told
from interlock.values import RunId
from unit.journal.events import EVENTS, TEXT

END_MS = 100
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]>&lt;&#0;&amp;",
    "</td></tr></table></body>",
    "javascript:alert(1)",
    "\u202egnp.exe\u2066\u2069\u200f",
    "\x1b]0;title\x07\x00\x08\x7f\x9b31m",
    "a\nb\r\nc\u2028d\u2029e\x0bf",
    "\ufeff\ufffe\U0001ffff\U000e0041\u200d",
    "<!-- -->",
    "<?xml version='1.0'?>",
    "]]]]><![CDATA[>",
    "x" * 10_000,
)
ANY_TEXT = TEXT | st.sampled_from(HOSTILE)
ACTORS = ANY_TEXT | st.sampled_from(
    ["engine", "runtime:host-1-ab", "unauthenticated:ada", "authenticated:oidc:ada"]
)
SEALED = KnownCheckpoint(origin="<log>", size=4, root="<root>", signed_by=("<key>",))
MAKING = Making(made_at_ms=END_MS, program="1", journal="<journal>", checkpoint=SEALED)


@dataclass(frozen=True, kw_only=True)
class MadeRun:
    """A run with its events."""

    run: RunId
    graph: str
    events: list[Told]


def _run(graph: str, entries: list[Entry], actors: list[str]) -> MadeRun:
    told = [
        Told(entry=replace(entry, seq=seq, actor=actor), leaf=seq + 1)
        for seq, (entry, actor) in enumerate(zip(entries, actors, strict=False), start=1)
    ]
    return MadeRun(run=RunId("<run>"), graph=graph, events=told)


ENTRIES = st.builds(Entry, EVENTS, at_ms=st.integers(0, END_MS - 1))
RUNS = st.builds(
    _run,
    ANY_TEXT,
    st.lists(ENTRIES, max_size=6),
    st.lists(ACTORS, min_size=6, max_size=6),
)
MANY = st.lists(RUNS, max_size=3).map(
    lambda runs: [replace(run, run=RunId(f"{run.run}{number}")) for number, run in enumerate(runs)]
)
PERIODS = st.tuples(st.integers(0, END_MS - 1), st.integers(1, END_MS)).map(
    lambda ends: Period(since_ms=min(ends), until_ms=max(ends) + (ends[0] == ends[1]))
)
ALL_OF_IT = Period(since_ms=0, until_ms=END_MS)


def report_on(runs: list[MadeRun], period: Period = ALL_OF_IT) -> Report:
    """Report on all events of some runs that are of a period."""
    reporter = Reporter(period)
    for run in runs:
        reporter.add(run.run, run.graph, run.events)
    return reporter.report()
