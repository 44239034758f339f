"""The engine: the pure state machine. Events in, commands out."""

from interlock.engine.commands import (
    Command as Command,
    Probe as Probe,
    Record as Record,
    StartAttempt as StartAttempt,
)
from interlock.engine.execution import execution_digest as execution_digest
from interlock.engine.state import (
    MapState as MapState,
    NodeState as NodeState,
    ScopeState as ScopeState,
    State as State,
)
from interlock.engine.step import SEMANTICS as SEMANTICS, initial as initial, step as step
from interlock.engine.turn import IllegalTransition as IllegalTransition

__all__ = [
    "Command",
    "execution_digest",
    "IllegalTransition",
    "initial",
    "MapState",
    "NodeState",
    "Probe",
    "Record",
    "ScopeState",
    "SEMANTICS",
    "StartAttempt",
    "State",
    "step",
]
