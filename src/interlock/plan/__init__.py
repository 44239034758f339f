"""The plan: a graph compiled against a registry. Nothing runs before it is well-formed and typed."""

from interlock.plan.compiler import compile as compile
from interlock.plan.model import AnyCompiledNode as AnyCompiledNode
from interlock.plan.model import CompiledCall as CompiledCall
from interlock.plan.model import CompiledGraph as CompiledGraph
from interlock.plan.model import CompiledGraphNode as CompiledGraphNode
from interlock.plan.model import CompiledMap as CompiledMap
from interlock.plan.model import CompiledNode as CompiledNode
from interlock.plan.model import CompiledOutput as CompiledOutput
from interlock.plan.model import CompiledPropose as CompiledPropose
from interlock.plan.model import Limits as Limits
from interlock.plan.model import Plan as Plan
from interlock.plan.model import Proposal as Proposal
from interlock.plan.pinning import restore as restore
from interlock.plan.proposals import compile_proposal as compile_proposal

__all__ = [
    "AnyCompiledNode",
    "compile",
    "compile_proposal",
    "CompiledCall",
    "CompiledGraph",
    "CompiledGraphNode",
    "CompiledMap",
    "CompiledNode",
    "CompiledOutput",
    "CompiledPropose",
    "Limits",
    "Plan",
    "Proposal",
    "restore",
]
