"""Proposed graphs: compiled under the parent's rules, then executed in a child scope."""

from typing import cast

from interlock.engine.scopes import open_graph, stopped
from interlock.engine.state import At, Turn, locate, order_attempt, settle, share
from interlock.errors import DocumentInvalid, ensure
from interlock.journal import ErrorInfo, ProposalAccepted, ProposalRefused, Value
from interlock.plan import CompiledPropose, Proposal, compile_proposal
from interlock.values import Json, Path, canonical


def consider(at: At, node: CompiledPropose, output: Value) -> None:
    """Compile what was proposed and order the verdict to be recorded."""
    state = at.state
    try:
        proposal = compile_proposal(
            output.json, node=node, limits=at.turn.state.plan.limits, depth=at.scope.depth + 1
        )
    except DocumentInvalid as error:
        state.refused = output
        errors = [diagnostic for diagnostic in error.diagnostics if diagnostic.severity == "error"]
        at.turn.record(
            ProposalRefused(
                path=at.path,
                generation=state.generation,
                attempt=state.attempt,
                codes=tuple(diagnostic.code for diagnostic in errors),
                messages=tuple(
                    f"{d.code} at {d.pointer or '/'}: {d.message} (hint: {d.hint})" for d in errors
                ),
            )
        )
        return
    state.proposal = proposal
    owners, graph = output.subjects, proposal.digest
    at.turn.record(
        ProposalAccepted(
            path=at.path,
            generation=state.generation,
            attempt=state.attempt,
            graph=graph if owners is None else owners.digest("graph", canonical(graph)),
            document=proposal.document.under(owners),
        )
    )


def on_accepted(turn: Turn, event: ProposalAccepted) -> None:
    """Open the scope of an accepted proposal. Its inputs are the arguments of the same name."""
    at = locate(turn, event.path)
    ensure(at.state.proposal is not None, "what is accepted was proposed", path=at.path)
    proposal = cast(Proposal, at.state.proposal)
    turn.state.outcomes[Path(f"{event.path}!proposal")] = ("succeeded", None, event.document.ref)
    turn.state.is_keyed = turn.state.is_keyed or proposal.graph.is_keyed
    share(at, event.document.subjects)
    open_graph(at, proposal.graph, _inputs(at, proposal.inputs))


def _inputs(at: At, names: frozenset[str]) -> dict[str, Json]:
    given = at.state.call.args.json if at.state.call is not None else None
    return (
        {name: value for name, value in given.items() if name in names}
        if isinstance(given, dict)
        else {}
    )


def on_refused(turn: Turn, event: ProposalRefused) -> None:
    """Ask for a repair, with the diagnostics as feedback; or fail when none is left.

    A write that proposed has happened: it is never asked again.
    """
    at = locate(turn, event.path)
    node = cast(CompiledPropose, at.node)
    at.state.repairs += 1
    is_write = node.action.effect == "write"
    if at.state.repairs <= node.repairs_max and not is_write and stopped(at) is None:
        at.state.feedback = event.messages
        order_attempt(at, node)
        return
    why = stopped(at)
    if why is not None and not is_write:
        settle(at, "cancelled", error=why)
        return
    last = event.messages[0] if event.messages else "?"
    told = f"the proposal was refused {at.state.repairs} times; last: {last}"
    error = ErrorInfo(code="IL6014", message=told, permanent=True)
    if is_write:
        settle(at, "violated", output=at.state.refused, error=error)
    else:
        settle(at, "failed", error=error)
