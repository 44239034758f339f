"""`step`: one event in, commands out.

The state is a fold over events; nothing here waits, calls or reads a clock.

The cost of a step is O(degree of the node). Ready nodes start in canonical order. Live runs,
recovery, replay and the simulator use this one function. It checks as it goes: an event that the
engine had not ordered, or an attempt that is not due, raises `IllegalTransition`.
"""

from typing import assert_never, cast

from interlock.engine.closing import close_scope
from interlock.engine.kinds import (
    on_accepted,
    on_decided,
    on_gate_opened,
    on_in_doubt,
    on_probed,
    on_refused,
    on_resolved,
    on_returned,
    on_signal,
    on_started,
    on_timer,
    on_wait_opened,
    set_timer,
)
from interlock.engine.migration import adopt_next, on_migrated
from interlock.engine.pausing import on_paused, on_unpaused
from interlock.engine.recovery import on_recovered
from interlock.engine.scopes import (
    inputs_problem,
    on_node_cancelled,
    on_reopened,
    on_run_cancelled,
    open_scope,
)
from interlock.engine.settling import on_attempt_failed, on_settled
from interlock.engine.starting import activate
from interlock.engine.state import ROOT, Command, IllegalTransition, State, Turn, take_order
from interlock.engine.undoing import undo_node
from interlock.journal import (
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    Event,
    GateDecided,
    GateOpened,
    NodeCancelled,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    PartsErased,
    ProbeAnswered,
    ProposalAccepted,
    ProposalRefused,
    RunCancelled,
    RunEvent,
    RunMigrated,
    RunPaused,
    RunRecovered,
    RunReopened,
    RunSettled,
    RunStarted,
    RunUnpaused,
    SignalReceived,
    TimerFired,
    WaitOpened,
)
from interlock.plan import Plan
from interlock.values import Json, RunId, maker

_state = maker(State)
_turn = maker(Turn)

SEMANTICS = 1
"""Raised when the meaning of events changes; `step` keeps every old meaning."""

AFTER_THE_END = (RunReopened, RunMigrated, PartsErased)


def initial(plan: Plan, run: RunId) -> State:
    """Return the state of a run before its first event."""
    return _state(run=run, plan=plan, is_keyed=plan.root.is_keyed)


def step(state: State, entry: Entry) -> list[Command]:
    """Apply an event to the state, in place, and return what to do next.

    Raises:
        IllegalTransition: the engine could not have ordered this event here. The state is spoiled.
    """
    if entry.seq:
        if entry.seq != state.last_seq + 1:
            raise IllegalTransition(f"event {entry.seq} follows event {state.last_seq}")
        state.last_seq = entry.seq
    if state.status is not None and not isinstance(entry.event, AFTER_THE_END):
        raise IllegalTransition(f"`{entry.event.type}` after the run had settled")
    state.causes = ()
    commands: list[Command] = []
    turn = _turn(state, entry.event, entry.at_ms, entry.seq, entry.actor, commands)
    _apply(turn, entry.event)
    while state.ready or state.ended or state.undo:
        if state.ready:
            activate(turn, *state.ready.popleft())
        elif state.undo:
            undo_node(turn, *state.undo.popleft())
        else:
            close_scope(turn, state.ended.popleft())
    return commands


def _apply(turn: Turn, event: Event) -> None:  # noqa: C901 - one line an event
    match event:
        # These two come first: of a node that runs ahead there are no others.
        case AttemptReturned():
            on_returned(turn, event)
        case NodeSettled():
            on_settled(turn, event)
        case AttemptStarted():
            on_started(turn, event)
        case AttemptFailed():
            on_attempt_failed(turn, event)
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
        case GateOpened():
            on_gate_opened(turn, event)
        case GateDecided():
            on_decided(turn, event)
        case WaitOpened():
            on_wait_opened(turn, event)
        case SignalReceived():
            on_signal(turn, event)
        case TimerFired():
            on_timer(turn, event)
        case NodeCancelled():
            on_node_cancelled(turn, event)
        case _:
            _apply_to_run(turn, event)


def _apply_to_run(turn: Turn, event: RunEvent) -> None:
    match event:
        case RunStarted():
            _on_run_started(turn, event)
        case RunRecovered():
            on_recovered(turn, event)
        case RunCancelled():
            on_run_cancelled(turn, event)
        case RunPaused():
            on_paused(turn, event)
        case RunUnpaused():
            on_unpaused(turn)
        case RunReopened():
            adopt_next(turn)
            on_reopened(turn)
        case RunMigrated():
            on_migrated(turn, event)
        case PartsErased():
            _on_erased(turn)
        case RunSettled():
            take_order(turn, event, ROOT)
            _on_run_settled(turn, event)
        case _:
            assert_never(event)


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
    state.root.subjects = event.inputs.subjects
    if event.deadline_at_ms is not None:
        set_timer(turn, ROOT, event.deadline_at_ms)


def _on_erased(turn: Turn) -> None:
    """Go on as before: what was erased may be missing when a run is read again, not while it goes.

    Raises:
        IllegalTransition: the run has not started, so it has nothing to erase.
    """
    if turn.state.root is None:
        raise IllegalTransition("`PartsErased` before the run has started")


def _on_run_settled(turn: Turn, event: RunSettled) -> None:
    state = turn.state
    state.status, state.output, state.error, state.execution = (
        event.status,
        event.output,
        event.error,
        event.execution,
    )
