"""Deciding: what persons and programs outside say about a run, from their hands to its journal."""

from interlock.runtime.deciding.checks import (
    check as check,
    check_first as check_first,
    gate_decided as gate_decided,
    node_cancelled as node_cancelled,
    node_resolved as node_resolved,
)
from interlock.runtime.deciding.mail import Mail as Mail
from interlock.runtime.deciding.messages import Decision as Decision, message_of as message_of
from interlock.runtime.deciding.notices import (
    Notices as Notices,
    Notify as Notify,
    OpenGate as OpenGate,
    untold as untold,
)
from interlock.runtime.deciding.owning import Owning as Owning
from interlock.runtime.deciding.roles import (
    Roles as Roles,
    check_role as check_role,
    deciders as deciders,
    roles_of as roles_of,
)

__all__ = [
    "check",
    "check_first",
    "check_role",
    "deciders",
    "Decision",
    "gate_decided",
    "Mail",
    "message_of",
    "node_cancelled",
    "node_resolved",
    "Notices",
    "Notify",
    "OpenGate",
    "Owning",
    "Roles",
    "roles_of",
    "untold",
]
