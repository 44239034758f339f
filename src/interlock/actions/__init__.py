"""Actions: registered, typed, versioned units of work, with their effects and guarantees."""

from interlock.actions.action import TRACER as TRACER
from interlock.actions.action import Action as Action
from interlock.actions.action import Bounds as Bounds
from interlock.actions.action import Safety as Safety
from interlock.actions.action import Tracer as Tracer
from interlock.actions.action import action as action
from interlock.actions.action import declare as declare
from interlock.actions.context import Context as Context
from interlock.actions.context import Usage as Usage
from interlock.actions.manifest import EFFECTS as EFFECTS
from interlock.actions.manifest import Effect as Effect
from interlock.actions.manifest import Guarantee as Guarantee
from interlock.actions.manifest import Manifest as Manifest
from interlock.actions.manifest import Manifests as Manifests
from interlock.actions.registry import AnyAction as AnyAction
from interlock.actions.registry import Registry as Registry

__all__ = [
    "Action",
    "action",
    "AnyAction",
    "Bounds",
    "Context",
    "declare",
    "Effect",
    "EFFECTS",
    "Guarantee",
    "Manifest",
    "Manifests",
    "Registry",
    "Safety",
    "Tracer",
    "TRACER",
    "Usage",
]
