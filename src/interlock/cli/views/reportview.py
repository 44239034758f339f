"""A report in a few lines, for a terminal."""

from collections import Counter
from collections.abc import Iterator

from interlock.cli.terminal.console import aligned, counted, one_line
from interlock.errors import ContentPruned
from interlock.reports import TITLES, Making, Report, by_graph, in_all, moment_text, standings_text

GRAPH_CHARS = 40
HEADINGS = ("graph", "runs", "started", "ended", "calls", "how they stood")


def report_lines(report: Report, making: Making) -> Iterator[str]:
    """Say what is in a report."""
    period = report.period
    yield f"Audit report  {moment_text(period.since_ms)} to {moment_text(period.until_ms)}"
    yield ""
    rows = [*by_graph(report), in_all(report)]
    yield from aligned(
        [
            HEADINGS,
            *(
                (
                    one_line(row.graph, GRAPH_CHARS) if row.graph is not None else "all",
                    *(f"{count:,}" for count in (row.runs, row.started, row.ended, row.calls)),
                    standings_text(row),
                )
                for row in rows
            ),
        ]
    )
    yield ""
    yield from aligned(
        [
            (TITLES[name].lower(), f"{len(lines):,}", _kinds(line.what for line in lines))
            for name, lines in report.parts.items()
        ]
    )
    yield from _checkpoint_lines(report, making)
    for each in report.unreadable:
        told = "pruned" if each.code == ContentPruned.code else "cannot be read"
        yield one_line(f"  {each.run} {told}: {each.code} {each.message}")
    if report.unreadable:
        yield f"  {counted(len(report.unreadable), 'run')} missing"


def _checkpoint_lines(report: Report, making: Making) -> Iterator[str]:
    """Say which checkpoint it goes by, and how many of the events that it names that covers."""
    known = making.checkpoint
    if known is None:
        return
    ends = [each for row in report.runs for each in (row.start, row.end) if each is not None]
    named = {(proof.run, proof.seq): proof for proof in (*ends, *(x.proof for x in report.lines))}
    covered = sum(making.covers(proof) for proof in named.values())
    # NAME+ID of NAME+ID+KEY: what names a key to a reader, and fits a line.
    short = ("+".join(key.split("+")[:2]) for key in known.signed_by)
    keys = ", ".join(short) or "nobody that was checked"
    yield ""
    yield "  " + one_line(f"checkpoint of {known.origin}")
    yield "  " + one_line(f"signed by {keys}")
    yield f"  it covers {counted(known.size, 'event')}, {covered:,} of {len(named):,} named here"


def _kinds(words: Iterator[str]) -> str:
    counts = Counter(words)
    return ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
