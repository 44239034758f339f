"""Graphs inside graphs: each body is compiled once, where it is defined."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from interlock.graph import Graph
from interlock.plan.assembly import GraphCompiler
from interlock.plan.catalog import Catalog
from interlock.plan.model import CompiledGraph, Limits
from interlock.plan.problems import Problems, nearest, pointer
from interlock.values import Schema


@dataclass(slots=True, kw_only=True)
class Compiler:
    """Compiles a graph and the bodies in it.

    `bodies` are the graphs that may be named here, with the places where they stand; `within` are
    the names being compiled.
    """

    catalog: Catalog
    limits: Limits
    problems: Problems
    bodies: Mapping[str, tuple[Graph, Problems]] = field(
        default_factory=dict[str, tuple[Graph, Problems]]
    )
    types: Mapping[str, Schema] = field(default_factory=dict[str, Schema])
    done: dict[int, CompiledGraph | None] = field(default_factory=dict[int, CompiledGraph | None])
    within: tuple[str, ...] = ()

    def graph(self, graph: Graph) -> CompiledGraph | None:
        """Compile one graph; None when it has errors, which are reported."""
        local = {
            name: (body, self.problems.inside(pointer("graphs", name)))
            for name, body in graph.graphs.items()
        }
        inner = replace(self, bodies={**self.bodies, **local}, types={**self.types, **graph.types})
        for name in local:
            inner.body(name, at="")
        return GraphCompiler(inner, graph).compile()

    def body(self, name: str, *, at: str) -> CompiledGraph | None:
        """Compile the body of a name, once."""
        found = self.bodies.get(name)
        if found is None:
            self.problems.error(
                "IL1117", f"there is no graph `{name}`", at=at, hint=nearest(name, self.bodies)
            )
            return None
        body, problems = found
        if name in self.within:
            told = " -> ".join((*self.within, name))
            self.problems.error(
                "IL1118",
                f"graph `{name}` contains itself: {told}",
                at=at,
                hint="use `repeat` for a loop",
            )
            return None
        if id(body) not in self.done:
            self.done[id(body)] = replace(
                self, problems=problems, within=(*self.within, name)
            ).graph(body)
        return self.done[id(body)]
