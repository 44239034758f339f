"""The engine: the pure state machine. Events in, commands out."""

from interlock.engine.commands import Command as Command
from interlock.engine.commands import Probe as Probe
from interlock.engine.commands import Record as Record
from interlock.engine.commands import StartAttempt as StartAttempt
from interlock.engine.execution import execution_digest as execution_digest
from interlock.engine.state import MapState as MapState
from interlock.engine.state import NodeState as NodeState
from interlock.engine.state import ScopeState as ScopeState
from interlock.engine.state import State as State
from interlock.engine.step import SEMANTICS as SEMANTICS
from interlock.engine.step import initial as initial
from interlock.engine.step import step as step
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
