"""A report as JSON data: `docs/reference/report.md` says what each field means."""

from interlock.reports.actors import Actor
from interlock.reports.counting import GraphRow, PersonRow, by_graph, by_person, in_all
from interlock.reports.model import (
    VERSION,
    KnownCheckpoint,
    Line,
    Making,
    PartName,
    Proof,
    Report,
    RunRow,
)
from interlock.reports.words import MEANINGS, TITLES, moment_text
from interlock.values import Json

KIND = "interlock audit report"


def report_json(report: Report, making: Making) -> dict[str, Json]:
    """Return all of a report as JSON data."""
    period = report.period
    return {
        "v": VERSION,
        "kind": KIND,
        "period": {
            "since_ms": period.since_ms,
            "until_ms": period.until_ms,
            "since": moment_text(period.since_ms),
            "until": moment_text(period.until_ms),
        },
        "graphs": [*report.graphs] if report.graphs is not None else None,
        "making": {
            "made_at_ms": making.made_at_ms,
            "program": making.program,
            "journal": making.journal,
            "checkpoint": _checkpoint_json(making.checkpoint),
        },
        "totals": _graph_json(in_all(report)),
        "by_graph": [_graph_json(row) for row in by_graph(report)],
        "persons": [_person_json(row) for row in by_person(report)],
        "runs": [_run_json(row, making) for row in report.runs],
        "parts": {name: _part_json(report, name, making) for name in report.parts},
        "unreadable": [
            {"run": each.run, "graph": each.graph, "code": each.code, "message": each.message}
            for each in report.unreadable
        ],
    }


def _actor_json(actor: Actor) -> dict[str, Json]:
    return {"kind": actor.kind, "name": actor.name, "authenticated_by": actor.authenticated_by}


def _graph_json(row: GraphRow) -> dict[str, Json]:
    return {
        "graph": row.graph,
        "runs": row.runs,
        "started": row.started,
        "ended": row.ended,
        "calls": row.calls,
        "events": row.events,
        "standings": {**row.standings},
        "nodes": {**row.nodes},
        "parts": {**row.parts},
    }


def _person_json(row: PersonRow) -> dict[str, Json]:
    return {"actor": _actor_json(row.actor), "started": row.started, "did": {**row.did}}


def _run_json(row: RunRow, making: Making) -> dict[str, Json]:
    return {
        "run": row.run,
        "graph": row.graph,
        "plan": row.plan,
        "started_ms": row.started_ms,
        "principal": _actor_json(row.principal) if row.principal is not None else None,
        "start": _proof_json(row.start, making),
        "standing": row.standing,
        "ended_ms": row.ended_ms,
        "execution": row.execution,
        "end": _proof_json(row.end, making) if row.end is not None else None,
        "calls": row.calls,
        "nodes": dict(row.nodes),
        "events": row.events,
        "started_here": row.started_here,
        "ended_here": row.ended_here,
    }


def _part_json(report: Report, name: PartName, making: Making) -> dict[str, Json]:
    return {
        "title": TITLES[name],
        "meaning": MEANINGS[name],
        "lines": [_line_json(line, making) for line in report.parts[name]],
    }


def _line_json(line: Line, making: Making) -> dict[str, Json]:
    return {
        "what": line.what,
        "at_ms": line.at_ms,
        "graph": line.graph,
        "path": line.path,
        "generation": line.generation,
        "actor": _actor_json(line.actor),
        "why": line.why,
        "code": line.code,
        "binding": line.binding,
        "facts": dict(line.facts),
        "proof": _proof_json(line.proof, making),
    }


def _proof_json(proof: Proof, making: Making) -> dict[str, Json]:
    known = making.checkpoint if making.covers(proof) else None
    size = known.size if known is not None else None
    return {"run": proof.run, "seq": proof.seq, "leaf": proof.leaf, "checkpoint": size}


def _checkpoint_json(known: KnownCheckpoint | None) -> Json:
    if known is None:
        return None
    return {
        "origin": known.origin,
        "size": known.size,
        "root": known.root,
        "signed_by": [*known.signed_by],
    }
