"""A report in a few lines, for a terminal."""

from collections import Counter
from collections.abc import Iterator

from interlock.cli.console import aligned, counted, one_line
from interlock.reports import TITLES, Report, by_graph, in_all, moment_text, standings_text

GRAPH_CHARS = 40
HEADINGS = ("graph", "runs", "started", "ended", "calls", "how they stood")


def report_lines(report: Report) -> Iterator[str]:
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
    for each in report.unreadable:
        yield one_line(f"  {each.run} cannot be read: {each.code} {each.message}")
    if report.unreadable:
        yield f"  {counted(len(report.unreadable), 'run')} missing"


def _kinds(words: Iterator[str]) -> str:
    counts = Counter(words)
    return ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
