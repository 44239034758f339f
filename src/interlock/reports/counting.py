"""The figures of a report: counted from its lines and runs, so they cannot differ from them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from interlock.reports.actors import Actor
from interlock.reports.model import Line, Report, RunRow
from interlock.values import immutable

Counts: TypeAlias = dict[str, int]


@immutable()
class GraphRow:
    """The figures of one graph; of all, when `graph` is None.

    `standings` counts runs by how they stood, `nodes` by status, and `parts` lines by part.
    """

    graph: str | None
    runs: int
    started: int
    ended: int
    calls: int
    events: int
    standings: Counts
    nodes: Counts
    parts: Counts


@immutable()
class PersonRow:
    """What somebody did: the runs started, and the lines by what was done."""

    actor: Actor
    started: int
    did: Counts


def by_graph(report: Report) -> tuple[GraphRow, ...]:
    """Count by graph, in the order of their names."""
    runs: dict[str, list[RunRow]] = {row.graph: [] for row in report.runs}
    lines: dict[str, list[Line]] = {row.graph: [] for row in report.runs}
    for row in report.runs:
        runs[row.graph].append(row)
    for line in report.lines:
        if line.graph in lines:  # What is of the whole journal is of no graph.
            lines[line.graph].append(line)
    return tuple(_counted(name, runs[name], lines[name]) for name in sorted(runs))


def in_all(report: Report) -> GraphRow:
    """Count over all graphs."""
    return _counted(None, report.runs, report.lines)


def _counted(graph: str | None, runs: Sequence[RunRow], lines: Sequence[Line]) -> GraphRow:
    nodes = Counter[str]()
    for row in runs:
        nodes.update(dict(row.nodes))
    return GraphRow(
        graph=graph,
        runs=len(runs),
        started=sum(row.started_here for row in runs),
        ended=sum(row.ended_here for row in runs),
        calls=sum(row.calls for row in runs),
        events=sum(row.events for row in runs),
        standings=_tally(row.standing for row in runs),
        nodes=dict(sorted(nodes.items())),
        parts=_tally(line.part for line in lines),
    )


def by_person(report: Report) -> tuple[PersonRow, ...]:
    """Count what each person or program did, in the order of their names."""
    started = Counter(row.principal for row in report.runs if row.started_here)
    did: dict[Actor, Counter[str]] = {actor: Counter() for actor in started if actor is not None}
    for line in report.lines:
        if line.actor.kind == "principal":
            did.setdefault(line.actor, Counter())[line.what] += 1
    return tuple(
        PersonRow(actor=actor, started=started[actor], did=dict(sorted(did[actor].items())))
        for actor in sorted(did, key=lambda one: (one.name, one.authenticated_by or ""))
    )


def _tally(words: Iterable[str]) -> Counts:
    return dict(sorted(Counter(words).items()))
