"""Graphs inside graphs: each body is compiled once, where it is defined."""

from collections.abc import Mapping
from dataclasses import field, replace

from interlock.errors import ensure
from interlock.graph import Claim, Graph, WithBody, find_body, visible_types
from interlock.plan.assembly import assemble
from interlock.plan.binding import Surroundings
from interlock.plan.catalog import Catalog
from interlock.plan.memory import Memory
from interlock.plan.model import CompiledGraph, Limits
from interlock.plan.problems import Problems, pointer
from interlock.values import Schema, immutable


@immutable(kw_only=False)
class Level:
    """A graph, and where problems of it are noted."""

    graph: Graph
    problems: Problems


def _may_have(level: Level, name: str) -> bool:
    """Say whether a graph of this name may stand here, though it could not be read."""
    problems = level.problems
    return problems.is_lost("/graphs") or problems.is_damaged(pointer("graphs", name))


@immutable()
class Compiler:
    """Compiles a graph and the bodies in it.

    Attributes:
        is_checked: whether types are checked. They are not when a plan is restored.
        claims: what authors say of the outputs of graphs, by their pointers.
        levels: the graphs around what is compiled, outermost first, and itself.
        within: the bodies being compiled, each by the identities of its levels.
        done: what was compiled.
    """

    catalog: Catalog
    limits: Limits
    is_checked: bool = True
    claims: Mapping[str, Claim] = field(default_factory=dict[str, Claim])
    memory: Memory = field(default_factory=Memory)
    levels: tuple[Level, ...] = ()
    within: frozenset[tuple[int, ...]] = frozenset()
    done: dict[tuple[int, ...], CompiledGraph] = field(
        default_factory=dict[tuple[int, ...], CompiledGraph]
    )

    def graph(self, graph: Graph, problems: Problems) -> CompiledGraph:
        """Compile the outermost graph; it is fit for use when there are no errors."""
        return replace(self, levels=(Level(graph, problems),)).compiled()

    def compiled(self) -> CompiledGraph:
        """Compile the innermost level, its bodies first."""
        *outer, level = self.levels
        for name in level.graph.graphs:
            self._named(name, len(self.levels), at=pointer("graphs", name))
        where = Surroundings(level.graph, [each.graph for each in outer], level.problems)
        return assemble(self, where)

    def types(self) -> Mapping[str, Schema]:
        """Give the types that schemas may refer to."""
        return visible_types([level.graph for level in self.levels])

    def body(self, node: WithBody, *, at: str) -> CompiledGraph | None:
        """Give the compiled body that a node names; None when it could not be read.

        Whether there is one, the reader has checked.
        """
        found = find_body(node.graph, [level.graph for level in self.levels])
        nearer = self.levels[len(found) - 1 if found else 0 :]
        if any(_may_have(level, node.graph) for level in nearer):
            return None
        if found is None:
            ensure(self._problems.broken is not None, "a node names a graph that is there", at=at)
            return None
        body = self._named(node.graph, len(found) - 1, at=at)
        if body is not None and body.depth + 1 > self.limits.depth_max:
            self._too_deep(node.graph, at)
            return None
        return body

    @property
    def _problems(self) -> Problems:
        return self.levels[-1].problems

    def _named(self, name: str, depth: int, *, at: str) -> CompiledGraph | None:
        """Compile what a name means at a level, once."""
        home = self.levels[depth - 1]
        inner = Level(home.graph.graphs[name], home.problems.inside(pointer("graphs", name)))
        levels = (*self.levels[:depth], inner)
        key = tuple(id(level.graph) for level in levels)
        if key in self.done:
            return self.done[key]
        if key in self.within:
            ensure(self._problems.broken is not None, "no graph contains itself", name=name)
            return None
        if len(self.within) >= self.limits.depth_max:
            self._too_deep(name, at)
            return None
        within = self.within | {key}
        self.done[key] = replace(self, levels=levels, within=within).compiled()
        return self.done[key]

    def _too_deep(self, name: str, at: str) -> None:
        self._problems.error(
            "IL5101",
            f"graph `{name}` is nested too deep; `depth_max` is {self.limits.depth_max}",
            at=at,
            hint="let graphs call actions directly, or raise `depth_max` of Limits",
        )
