"""`step`: one event in, commands out.

The state is a fold over events; nothing here waits, calls or reads a clock.

The cost of a step is O(degree of the node). Ready nodes start in canonical order. Live runs,
recovery, replay and the simulator use this one function. It checks as it goes: an event that the
engine had not ordered, or an attempt that is not due, raises `IllegalTransition`.
"""

from typing import cast

from interlock.engine.attempts import (
    on_failed,
    on_in_doubt,
    on_probed,
    on_resolved,
    on_returned,
    on_started,
)
from interlock.engine.commands import Command
from interlock.engine.judging import seen
from interlock.engine.orders import take_order
from interlock.engine.proposals import on_accepted, on_refused
from interlock.engine.recovery import on_recovered
from interlock.engine.scopes import close_scope, inputs_problem, open_scope
from interlock.engine.starting import activate
from interlock.engine.state import Outcome, State
from interlock.engine.turn import ROOT, IllegalTransition, Turn, expect, locate
from interlock.journal import (
    SETTLED,
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    Event,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    ProbeAnswered,
    ProposalAccepted,
    ProposalRefused,
    RunRecovered,
    RunSettled,
    RunStarted,
)
from interlock.plan import Plan
from interlock.values import Json, RunId

SEMANTICS = 1
"""Raised when the meaning of events changes; `step` keeps every old meaning."""


def initial(plan: Plan, run: RunId) -> State:
    """Return the state of a run before its first event."""
    return State(run=run, plan=plan)


def step(state: State, entry: Entry) -> list[Command]:
    """Apply an event to the state, in place, and return what to do next.

    Raises:
        IllegalTransition: the engine could not have ordered this event here. The state is spoiled.
    """
    if entry.seq:
        if entry.seq != state.last_seq + 1:
            raise IllegalTransition(f"event {entry.seq} follows event {state.last_seq}")
        state.last_seq = entry.seq
    if state.status is not None:
        raise IllegalTransition(f"`{entry.event.type}` after the run had settled")
    state.causes = ()
    turn = Turn.of(state, entry.event, at_ms=entry.at_ms, seq=entry.seq)
    _apply(turn, entry.event)
    while turn.ready or turn.ended:
        if turn.ready:
            activate(turn, *turn.ready.popleft())
        else:
            close_scope(turn, turn.ended.popleft())
    return turn.commands


def _apply(turn: Turn, event: Event) -> None:
    match event:
        # These two come first: of a node that runs ahead there are no others.
        case AttemptReturned():
            on_returned(turn, event)
        case NodeSettled():
            _on_settled(turn, event)
        case RunStarted():
            _on_run_started(turn, event)
        case RunRecovered():
            on_recovered(turn, event)
        case AttemptStarted():
            on_started(turn, event)
        case AttemptFailed():
            _on_attempt_failed(turn, event)
        case ProbeAnswered():
            on_probed(turn, event)
        case NodeResolved():
            on_resolved(turn, event)
        case NodeInDoubt():
            take_order(turn, event, event.path)
            on_in_doubt(turn, event)
        case ProposalAccepted():
            take_order(turn, event, event.path)
            on_accepted(turn, event)
        case ProposalRefused():
            take_order(turn, event, event.path)
            on_refused(turn, event)
        case RunSettled():
            take_order(turn, event, ROOT)
            _on_run_settled(turn, event)
        case _:
            raise IllegalTransition(f"`{event.type}` is not built")


def _on_run_started(turn: Turn, event: RunStarted) -> None:
    state = turn.state
    if state.root is not None:
        raise IllegalTransition("the run has started already")
    if event.plan != state.plan.digest or event.semantics != SEMANTICS:
        raise IllegalTransition(
            f"the run was started with plan {event.plan}, semantics {event.semantics}"
        )
    inputs = event.inputs.json
    problem = inputs_problem(state.plan.root, inputs)
    if problem is not None:
        raise IllegalTransition(problem.message)
    state.inputs = event.inputs
    state.root = open_scope(turn, state.plan.root, cast(dict[str, Json], inputs), path=ROOT)


def _on_attempt_failed(turn: Turn, event: AttemptFailed) -> None:
    if event.ahead and event.output is not None and event.path not in turn.state.ordered:
        _live_ahead(turn, event)
    judged = event.path in turn.state.ordered
    if judged:
        take_order(turn, event, event.path)
    on_failed(turn, event, judged=judged)


def _on_settled(turn: Turn, event: NodeSettled) -> None:
    if event.ahead and event.path not in turn.state.ordered:
        _live_ahead(turn, event)
    take_order(turn, event, event.path)
    at = locate(turn, event.path)
    now = at.state
    expect(now.status not in SETTLED, at, "it has settled already")
    if now.status == "running" and now.opened is None:
        turn.state.running -= 1
    now.status = event.status
    now.output, now.error = event.output, event.error
    now.json = (
        seen(at, event.output) if event.output is not None and event.status == "succeeded" else None
    )
    now.cause = turn.seq
    now.opened = now.proposal = None
    turn.state.outcomes[event.path] = _outcome(event)
    at.scope.unsettled -= 1
    for index in at.node.dependents:
        dependent = at.scope.nodes[index]
        dependent.waiting -= 1
        if dependent.waiting == 0:
            turn.ready.append((at.scope, index))
    if at.scope.unsettled == 0:
        turn.ended.append(at.scope)


def _live_ahead(turn: Turn, event: NodeSettled | AttemptFailed) -> None:
    """Live again, from the one event that was kept of it, what ran ahead of the journal."""
    if event.output is None:
        return
    at = locate(turn, event.path)
    now = at.state
    # A settled node tells the sum of its attempts, a failed attempt its own share.
    earlier = (now.tokens, now.cost_usd_micros) if isinstance(event, NodeSettled) else (0, 0)
    returned = AttemptReturned(
        path=event.path,
        generation=event.generation,
        attempt=event.attempt,
        output=event.output,
        tokens=event.tokens - earlier[0],
        cost_usd_micros=event.cost_usd_micros - earlier[1],
    )
    on_returned(Turn.of(turn.state, returned, at_ms=turn.at_ms), returned)


def _outcome(event: NodeSettled) -> Outcome:
    output = event.output.ref if event.output is not None else None
    code = event.error.code if event.error is not None else None
    return (event.status, event.call_key, output if event.status == "succeeded" else code)


def _on_run_settled(turn: Turn, event: RunSettled) -> None:
    state = turn.state
    state.status, state.output, state.error, state.execution = (
        event.status,
        event.output,
        event.error,
        event.execution,
    )
