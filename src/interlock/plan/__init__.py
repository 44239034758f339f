"""The plan.

A graph compiled against a registry. Nothing runs before it is well-formed and typed.
"""

from interlock.plan.compiler import compile as compile  # noqa: A004 - the word for it
from interlock.plan.given import expect_graph as expect_graph
from interlock.plan.model import (
    AnyCompiledNode as AnyCompiledNode,
    CompiledCall as CompiledCall,
    CompiledFirstOf as CompiledFirstOf,
    CompiledGate as CompiledGate,
    CompiledGraph as CompiledGraph,
    CompiledGraphNode as CompiledGraphNode,
    CompiledMap as CompiledMap,
    CompiledNode as CompiledNode,
    CompiledOutput as CompiledOutput,
    CompiledPropose as CompiledPropose,
    CompiledRepeat as CompiledRepeat,
    CompiledWait as CompiledWait,
    Covered as Covered,
    Limits as Limits,
    Plan as Plan,
    Proposal as Proposal,
    RunTimeCheck as RunTimeCheck,
)
from interlock.plan.pinning import restore as restore
from interlock.plan.proposals import compile_proposal as compile_proposal
from interlock.plan.subjects import names_in as names_in

__all__ = [
    "AnyCompiledNode",
    "compile",
    "compile_proposal",
    "CompiledCall",
    "CompiledFirstOf",
    "CompiledGate",
    "CompiledGraph",
    "CompiledGraphNode",
    "CompiledMap",
    "CompiledNode",
    "CompiledOutput",
    "CompiledPropose",
    "CompiledRepeat",
    "CompiledWait",
    "Covered",
    "expect_graph",
    "Limits",
    "names_in",
    "Plan",
    "Proposal",
    "restore",
    "RunTimeCheck",
]
