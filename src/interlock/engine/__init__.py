"""The engine: the pure state machine. Events in, commands out."""

from interlock.engine.commands import (
    CancelAttempt as CancelAttempt,
    Command as Command,
    Probe as Probe,
    Record as Record,
    SetTimer as SetTimer,
    StartAttempt as StartAttempt,
)
from interlock.engine.execution import execution_digest as execution_digest
from interlock.engine.invariants import check_state as check_state
from interlock.engine.judging import problem_with as problem_with
from interlock.engine.migration import Difference as Difference, differences as differences
from interlock.engine.state import (
    Call as Call,
    GateState as GateState,
    MapState as MapState,
    NodeState as NodeState,
    ScopeState as ScopeState,
    State as State,
    WaitState as WaitState,
)
from interlock.engine.step import SEMANTICS as SEMANTICS, initial as initial, step as step
from interlock.engine.stopping import CANCELLED as CANCELLED
from interlock.engine.story import (
    Doubt as Doubt,
    Moment as Moment,
    doubt_of as doubt_of,
    story as story,
    told as told,
)
from interlock.engine.turn import (
    IllegalTransition as IllegalTransition,
    idempotency_key as idempotency_key,
)

__all__ = [
    "Call",
    "CancelAttempt",
    "CANCELLED",
    "check_state",
    "Command",
    "Difference",
    "differences",
    "Doubt",
    "doubt_of",
    "execution_digest",
    "GateState",
    "idempotency_key",
    "IllegalTransition",
    "initial",
    "MapState",
    "Moment",
    "NodeState",
    "Probe",
    "problem_with",
    "Record",
    "ScopeState",
    "SEMANTICS",
    "SetTimer",
    "StartAttempt",
    "State",
    "step",
    "story",
    "told",
    "WaitState",
]
