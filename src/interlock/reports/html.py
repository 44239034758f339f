"""A report as one HTML file that does nothing: no script, no address, nothing to load.

All that comes out of a journal is data of a model or of a person. It is escaped, what steers a
screen or the direction of text is shown as an escape, and each such text is isolated from what
stands around it. The policy in the head forbids whatever should get through all the same. The file
is XML, too, so that a test can parse all of it.
"""

import base64
import hashlib
import html
from collections.abc import Iterable, Iterator, Sequence

from interlock.reports.actors import Actor
from interlock.reports.counting import GraphRow, by_graph, by_person, in_all
from interlock.reports.model import PARTS, Line, Making, Proof, Report, RunRow
from interlock.reports.words import (
    MEANINGS,
    STANDING_WORDS,
    TITLES,
    moment_text,
    standings_text,
    time_text,
)
from interlock.values import Json, RunId, immutable

STYLE = """
:root { color-scheme: light; --ink: #111; --paper: #fff; --soft: #555; --line: #ddd; }
@media screen and (prefers-color-scheme: dark) { :root { color-scheme: dark;
  --ink: #e8e6e1; --paper: #17181a; --soft: #a6a6a6; --line: #3d4045; } }
* { box-sizing: border-box; }
body { font: 14px/1.45 "Liberation Serif", "Times New Roman", Georgia, serif; color: var(--ink);
  background: var(--paper); margin: 0 auto; padding: 32px 28px 64px; max-width: 1180px; }
h1 { font-size: 26px; font-weight: 600; margin: 0 0 2px; }
h2 { font-size: 17px; font-weight: 600; margin: 34px 0 4px; padding-top: 8px;
  border-top: 1px solid var(--ink); break-after: avoid; }
p { margin: 4px 0 10px; max-width: 110ch; }
p.none { color: var(--soft); font-style: italic; }
p.period { font-size: 16px; margin-bottom: 16px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 12px 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 8px 0 4px; font-size: 12px; }
caption { text-align: left; color: var(--soft); padding-bottom: 4px; }
th, td { text-align: left; vertical-align: top; padding: 3px 10px 3px 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { border-bottom: 1px solid var(--ink); font-weight: 600; white-space: nowrap; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
tfoot td { border-bottom: none; border-top: 1px solid var(--ink); font-weight: 600; }
.number { text-align: right; padding-right: 18px;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.lines, .runs { table-layout: fixed; min-width: 1000px; }
.runs th:nth-child(1) { width: 190px; } .runs th:nth-child(2) { width: 9%; }
.runs th:nth-child(3), .runs th:nth-child(6) { width: 148px; }
.runs th:nth-child(4) { width: 11%; } .runs th:nth-child(5) { width: 82px; }
.runs th:nth-child(7) { width: 60px; }
.lines th:nth-child(1) { width: 148px; } .lines th:nth-child(2) { width: 8%; }
.lines th:nth-child(3) { width: 11%; } .lines th:nth-child(4) { width: 9%; }
.lines th:nth-child(5) { width: 10%; } .lines th:nth-child(7) { width: 190px; }
.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
.id { font: 10.5px/1.5 "Liberation Mono", "Courier New", monospace; }
.unchecked { color: var(--soft); }
.alarm { border: 1.5px solid var(--ink); padding: 8px 12px; margin: 14px 0; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 2px; }
td.id a { text-decoration: none; }
td.id a:hover, td.id a:focus { text-decoration: underline; }
footer { margin-top: 40px; padding-top: 8px; border-top: 1px solid var(--ink); color: var(--soft); }
@page { size: A4 landscape; margin: 14mm; }
@media print { body { padding: 0; max-width: none; font-size: 11px; } table { font-size: 9.5px; }
  .id { font-size: 8.5px; } .wide { overflow: visible; } .lines, .runs { min-width: 0; }
  a { text-decoration: none; } }
@media (max-width: 600px) { body { padding: 16px 16px 40px; } }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"


@immutable(kw_only=False)
class Places:
    """What proofs refer to: the runs by their numbers in the file, and the checkpoint."""

    making: Making
    numbers: dict[RunId, int]


def report_html(report: Report, making: Making) -> Iterator[str]:
    """Write the file, piece by piece."""
    period = f"{moment_text(report.period.since_ms)} to {moment_text(report.period.until_ms)}"
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"/>\n'
    yield '<meta name="viewport" content="width=device-width"/>\n'
    yield '<meta name="referrer" content="no-referrer"/>\n'
    yield f"<title>Audit report, {period}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    yield f'<h1>Audit report</h1>\n<p class="period">{period}</p>\n'
    yield from _scope(report, making)
    yield from _unreadable(report)
    yield from _summary(report)
    yield from _graphs(report)
    yield from _persons(report)
    places = Places(making, {row.run: n for n, row in enumerate(report.runs, start=1)})
    yield from _runs(report, places)
    for name in PARTS:
        lines = report.parts[name]
        yield _heading(f"{TITLES[name]}: {len(lines):,}", name)
        yield f"<p>{_ours(MEANINGS[name])}</p>\n"
        if lines:
            rows = (_line_cells(line, places) for line in lines)
            yield from _table(LINE_HEADINGS, rows, kind="lines")
        else:
            yield NONE
    yield from _reading()
    yield "</body>\n</html>\n"


# --- what stands at the top


def _scope(report: Report, making: Making) -> Iterator[str]:
    graphs = ", ".join(map(_text, report.graphs)) if report.graphs is not None else "all"
    total = in_all(report)
    rows = {
        "Graphs": graphs,
        "Journal": _text(making.journal),
        "Made": f"{moment_text(making.made_at_ms)} by {_text(making.program)}",
        "Runs": f"{total.runs:,} ({_ours(standings_text(total)) or 'none'})",
    }
    known = making.checkpoint
    if known is not None:
        keys = ", ".join(map(_text, known.signed_by)) or "nobody that was checked"
        rows["Log"] = _text(known.origin)
        rows["Checkpoint"] = f"{known.size:,} leaves, signed by {keys}"
        rows["Root"] = f'<span class="id">{_text(known.root)}</span>'
    yield "<dl>\n"
    for word, told in rows.items():
        yield f"<dt>{word}</dt><dd>{told}</dd>\n"
    yield "</dl>\n"
    if report.period.until_ms > making.made_at_ms:
        yield '<p class="alarm">The period had not ended when this report was made.</p>\n'


def _unreadable(report: Report) -> Iterator[str]:
    if not report.unreadable:
        return
    count = len(report.unreadable)
    yield _heading(f"Not in this report: {count:,}", "unreadable")
    yield '<p class="alarm">The events of these runs cannot be read, are not those that were'
    yield " logged, or were pruned. What they held is missing below.</p>\n"
    yield from _table(
        ("Run", "Graph", "Code", "What is wrong"),
        (
            (_cell(_text(each.run), "id"), *map(_plain_cell, (each.graph, each.code, each.message)))
            for each in report.unreadable
        ),
    )


def _summary(report: Report) -> Iterator[str]:
    yield _heading("Summary", "summary")
    rows = (
        (
            f'<td><a href="#{name}">{_ours(TITLES[name])}</a></td>',
            _number(len(lines)),
            _cell(_ours(_kinds(lines))),
        )
        for name, lines in report.parts.items()
    )
    yield from _table(("Part", "Lines", "Of these"), rows, numbers=(1,))


def _kinds(lines: Sequence[Line]) -> str:
    counts: dict[str, int] = {}
    for line in lines:
        counts[line.what] = counts.get(line.what, 0) + 1
    return ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))


GRAPH_HEADINGS = (
    *("Graph", "Runs", "Started", "Ended", "How they stood", "Calls", "Nodes settled", "Events"),
)


def _graphs(report: Report) -> Iterator[str]:
    yield _heading("By graph", "graphs")
    yield "<p>Started, ended, calls, nodes and events are counted within the period. How runs stood"
    yield " is as of its end.</p>\n"
    rows = [_graph_cells(row) for row in by_graph(report)]
    if not rows:
        yield NONE
        return
    foot = _graph_cells(in_all(report))
    yield from _table(GRAPH_HEADINGS, rows, numbers=(1, 2, 3, 5, 7), foot=foot)


def _graph_cells(row: GraphRow) -> tuple[str, ...]:
    nodes = ", ".join(f"{count:,} {status}" for status, count in row.nodes.items())
    return (
        _plain_cell(row.graph) if row.graph is not None else _cell("all"),
        *map(_number, (row.runs, row.started, row.ended)),
        _cell(_ours(standings_text(row))),
        _number(row.calls),
        _cell(_ours(nodes)),
        _number(row.events),
    )


def _persons(report: Report) -> Iterator[str]:
    yield _heading("On whose authority", "persons")
    yield "<p>Who started runs, and who decided about them. A name that is not authenticated is"
    yield " what somebody said; nobody has checked it.</p>\n"
    rows = [
        (
            _plain_cell(person.actor.name),
            _cell(_checked(person.actor)),
            _number(person.started),
            _cell(_ours(", ".join(f"{count:,} {what}" for what, count in person.did.items()))),
        )
        for person in by_person(report)
    ]
    headings = ("Who", "Authenticated", "Runs started", "Did")
    yield from _table(headings, rows, numbers=(2,)) if rows else NONE


RUN_HEADINGS = (
    *("Run", "Graph", "Started (UTC)", "By", "Stood", "Ended (UTC)", "Calls", "Proof of the start"),
    "Proof of the end",
)


def _runs(report: Report, places: Places) -> Iterator[str]:
    yield _heading(f"What ran: {len(report.runs):,}", "runs")
    yield "<p>Every run that has an event in the period, in the order of their start.</p>\n"
    rows = (_run_cells(row, places) for row in report.runs)
    yield from _table(RUN_HEADINGS, rows, numbers=(6,), kind="runs") if report.runs else NONE


def _run_cells(row: RunRow, places: Places) -> tuple[str, ...]:
    known = row.principal is not None
    return (
        f'<td class="id" id="run-{places.numbers[row.run]}">{_text(row.run)}</td>',
        _plain_cell(row.graph),
        _time(row.started_ms) if known else _cell("unknown"),
        _cell(_actor(row.principal)) if row.principal is not None else _cell("unknown"),
        _cell(STANDING_WORDS[row.standing]),
        _time(row.ended_ms) if row.ended_ms is not None else _cell(""),
        _number(row.calls),
        _cell(_seq(row.start, places), "id"),
        _cell(_seq(row.end, places) if row.end is not None else "", "id"),
    )


# --- lines

LINE_HEADINGS = ("Time (UTC)", "Graph", "Node", "What", "By", "Why and what else", "Proof")


def _line_cells(line: Line, places: Places) -> tuple[str, ...]:
    whole = "the journal" if line.part == "kept" else "the run"
    node = f"{_text(line.path)}" if line.path is not None else whole
    if line.generation is not None and line.generation > 1:
        node += f" (generation {line.generation:,})"
    return (
        _time(line.at_ms),
        _plain_cell(line.graph),
        _cell(node),
        _cell(_ours(line.what)),
        _cell(_actor(line.actor)),
        _cell("<br/>".join(_whys(line))),
        _cell(_proof(line.proof, places), "id"),
    )


def _whys(line: Line) -> Iterator[str]:
    if line.code is not None:
        yield f"{_text(line.code)} {_text(line.why)}"
    elif line.why:
        yield _text(line.why)
    if line.binding is not None:
        yield f'binding: <span class="id">{_text(line.binding)}</span>'
    for name, value in line.facts:
        told = _fact(name, value)
        if told:
            yield f"{_ours(name.replace('_', ' ').removesuffix(' at ms'))}: {told}"


def _fact(name: str, value: Json) -> str:
    """Say what else an event says; empty where that is nothing."""
    match value:
        case None | False | [] | "":
            return ""
        case True:
            return "yes"
        case int() if name.endswith("_ms"):
            return moment_text(value)
        case list():
            return ", ".join(_text(f"{each}") for each in value)
        case _:
            return _text(f"{value}")


def _proof(proof: Proof, places: Places) -> str:
    number = places.numbers.get(proof.run)
    link = _text(proof.run)
    if number is not None:
        link = f'<a href="#run-{number}">{link}</a>'
    return f"{link} {_seq(proof, places)}"


def _seq(proof: Proof, places: Places) -> str:
    """Say which event, and which leaf: `#12, leaf 47 of 100` when a checkpoint covers it."""
    if proof.leaf is None:
        return f"#{proof.seq}"
    known = places.making.checkpoint
    if known is None:
        return f"#{proof.seq}, leaf {proof.leaf}"
    covered = f"of {known.size}" if places.making.covers(proof) else "after the checkpoint"
    return f"#{proof.seq}, leaf {proof.leaf} {covered}"


READING = """\
A proof names an event: the run, and its place in the journal of that run. `interlock show RUN
--events` prints it, and `interlock replay RUN` derives the run again from all of its events. A leaf
is the place of the event in the log of all runs; a checkpoint vouches for all leaves below its
size. Every event that has a leaf here was held against it. That none is missing is what `interlock
audit verify` says, and `interlock audit receipt RUN --event N` proves one to others.

Characters that cannot be seen, or that steer how text is shown, are written as escapes."""


def _reading() -> Iterator[str]:
    """Say at the end how a report is read; what stands in backticks can be typed."""
    yield "<footer>"
    for paragraph in READING.split("\n\n"):
        words = _ours(paragraph).split("`")
        typed = (
            f'<span class="id">{word}</span>' if n % 2 else word for n, word in enumerate(words)
        )
        yield f"<p>{''.join(typed)}</p>\n"
    yield "</footer>\n"


# --- pieces

NONE = '<p class="none">None.</p>\n'


def _heading(text: str, name: str) -> str:
    return f'<h2 id="{name}">{_ours(text)}</h2>\n'


def _table(
    headings: Sequence[str],
    rows: Iterable[Iterable[str]],
    *,
    numbers: Sequence[int] = (),
    foot: Iterable[str] | None = None,
    kind: str = "",
) -> Iterator[str]:
    yield f'<div class="wide"><table class="{kind}">' if kind else '<div class="wide"><table>'
    yield "\n<thead><tr>"
    for index, heading in enumerate(headings):
        kind_of = ' class="number"' if index in numbers else ""
        yield f'<th scope="col"{kind_of}>{_ours(heading)}</th>'
    yield "</tr></thead>\n"
    if foot is not None:
        yield f"<tfoot><tr>{''.join(foot)}</tr></tfoot>\n"
    yield "<tbody>\n"
    for row in rows:
        yield f"<tr>{''.join(row)}</tr>\n"
    yield "</tbody>\n</table></div>\n"


def _cell(markup: str, kind: str = "") -> str:
    return f'<td class="{kind}">{markup}</td>' if kind else f"<td>{markup}</td>"


def _plain_cell(text: str) -> str:
    return _cell(_text(text))


def _number(count: int) -> str:
    return _cell(f"{count:,}", "number")


def _time(at_ms: int) -> str:
    return _cell(time_text(at_ms), "time")


def _actor(actor: Actor) -> str:
    match actor.kind:
        case "engine" | "erased":
            return _text(actor.name)
        case "runtime":
            return f'{_text(actor.name)}<br/><span class="unchecked">runtime</span>'
        case "principal":
            return f"{_text(actor.name)}<br/>{_checked(actor)}"


def _checked(actor: Actor) -> str:
    """Say how it was checked who somebody is."""
    if actor.authenticated_by is None:
        return '<span class="unchecked">not authenticated</span>'
    return f"by {_text(actor.authenticated_by)}"


def _ours(text: str) -> str:
    return html.escape(text)


def _text(text: str) -> str:
    """Show a text that is not ours: escaped, without what steers, and apart from its neighbours."""
    lines = (html.escape(visible(line)) for line in text.split("\n"))
    return f"<bdi>{'<br/>'.join(lines)}</bdi>"


def visible(text: str) -> str:
    """Write what cannot be seen, or steers how text is shown, as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
