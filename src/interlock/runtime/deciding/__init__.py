"""Deciding: what persons and programs outside say about a run, from their hands to its journal."""

from interlock.runtime.deciding.checks import (
    gate_decided as gate_decided,
    node_cancelled as node_cancelled,
    node_resolved as node_resolved,
)
from interlock.runtime.deciding.mail import Mail as Mail
from interlock.runtime.deciding.messages import Decision as Decision
from interlock.runtime.deciding.notices import (
    Notices as Notices,
    Notify as Notify,
    OpenGate as OpenGate,
    untold as untold,
)
from interlock.runtime.deciding.owning import Owning as Owning
from interlock.runtime.deciding.posting import post as post
from interlock.runtime.deciding.roles import (
    Roles as Roles,
    deciders as deciders,
    roles_of as roles_of,
)

__all__ = [
    "deciders",
    "Decision",
    "gate_decided",
    "Mail",
    "node_cancelled",
    "node_resolved",
    "Notices",
    "Notify",
    "OpenGate",
    "Owning",
    "post",
    "Roles",
    "roles_of",
    "untold",
]
