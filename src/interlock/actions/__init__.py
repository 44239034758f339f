"""Actions: registered, typed, versioned units of work, with their effects and guarantees."""

from interlock.actions.action import (
    TRACER as TRACER,
    Action as Action,
    Bounds as Bounds,
    Safety as Safety,
    Tracer as Tracer,
    action as action,
    declare as declare,
)
from interlock.actions.annotations import Annotation as Annotation
from interlock.actions.context import (
    Context as Context,
    Database as Database,
    LiveKind as LiveKind,
    ProposalRules as ProposalRules,
    Usage as Usage,
)
from interlock.actions.manifest import (
    EFFECTS as EFFECTS,
    Effect as Effect,
    Guarantee as Guarantee,
    Manifest as Manifest,
    Manifests as Manifests,
)
from interlock.actions.options import (
    CommonOptions as CommonOptions,
    Condition as Condition,
    NodeOptions as NodeOptions,
)
from interlock.actions.registry import AnyAction as AnyAction, Registry as Registry

__all__ = [
    "Action",
    "action",
    "Annotation",
    "AnyAction",
    "Bounds",
    "CommonOptions",
    "Condition",
    "Context",
    "Database",
    "declare",
    "Effect",
    "EFFECTS",
    "Guarantee",
    "LiveKind",
    "Manifest",
    "Manifests",
    "NodeOptions",
    "ProposalRules",
    "Registry",
    "Safety",
    "Tracer",
    "TRACER",
    "Usage",
]
