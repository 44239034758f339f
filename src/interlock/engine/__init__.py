"""The engine: the pure state machine. Events in, commands out."""

from interlock.engine.comparing import Difference as Difference, differences as differences
from interlock.engine.execution import execution_digest as execution_digest
from interlock.engine.invariants import check_state as check_state
from interlock.engine.scopes import CANCELLED as CANCELLED
from interlock.engine.state import (
    Call as Call,
    CancelAttempt as CancelAttempt,
    Command as Command,
    GateState as GateState,
    IllegalTransition as IllegalTransition,
    MapState as MapState,
    NodeState as NodeState,
    Probe as Probe,
    Record as Record,
    ScopeState as ScopeState,
    SetTimer as SetTimer,
    StartAttempt as StartAttempt,
    State as State,
    WaitState as WaitState,
    idempotency_key as idempotency_key,
    problem_with as problem_with,
)
from interlock.engine.step import SEMANTICS as SEMANTICS, initial as initial, step as step
from interlock.engine.story import (
    Doubt as Doubt,
    Moment as Moment,
    doubt_of as doubt_of,
    story as story,
    told as told,
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
