"""One graph while it is compiled: what its nodes know of each other, and what is around it."""

from collections.abc import Iterable, Mapping, Set as AbstractSet
from dataclasses import field
from typing import Protocol

from interlock.graph import Claim, Graph, WithBody
from interlock.plan.binding import Bound, Surroundings
from interlock.plan.catalog import Catalog
from interlock.plan.memory import Memory
from interlock.plan.model import CompiledGraph, Limits
from interlock.plan.problems import Problems
from interlock.plan.reading import Lens, Source
from interlock.plan.schemas import lenient_views
from interlock.values import NodeId, Schema, mutable


class Around(Protocol):
    """What a graph needs of what is around it (see `bodies.Compiler`)."""

    @property
    def catalog(self) -> Catalog:
        """The actions."""
        ...

    @property
    def limits(self) -> Limits:
        """What bounds a run."""
        ...

    @property
    def memory(self) -> Memory:
        """What was worked out before."""
        ...

    @property
    def claims(self) -> Mapping[str, Claim]:
        """What authors say of the outputs of graphs, by their pointers."""
        ...

    @property
    def is_checked(self) -> bool:
        """Whether types are checked."""
        ...

    def body(self, node: WithBody, *, at: str) -> CompiledGraph | None:
        """Compile the body that a node names."""
        ...

    def types(self) -> Mapping[str, Schema]:
        """Give the types that schemas may refer to."""
        ...


@mutable()
class Site:
    """The graph being compiled.

    Attributes:
        bound: the nodes after the first pass.
        positions: their places in the canonical order.
        dependents: positions of those who wait for a node.
        schemas: what each root yields. Grows in canonical order: a producer is typed before its
            consumers.
        sources: who yields it, in words.
        absent: why a node may not succeed in a run that succeeds.
        skippable: nodes that may be skipped in a run that succeeds.
        told: nodes that an output reads.
    """

    around: Around
    where: Surroundings
    bound: dict[NodeId, Bound] = field(default_factory=dict)
    positions: dict[NodeId, int] = field(default_factory=dict)
    dependents: dict[NodeId, list[int]] = field(default_factory=dict)
    schemas: dict[str, Schema] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    absent: dict[NodeId, str] = field(default_factory=dict)
    skippable: set[NodeId] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    @property
    def graph(self) -> Graph:
        """The graph."""
        return self.where.graph

    @property
    def problems(self) -> Problems:
        """Where problems of the graph are noted."""
        return self.where.problems

    def lens(self, owner: str, *, lenient: Iterable[NodeId] = ()) -> Lens:
        """Give what expressions may read. `lenient` are the nodes read as `nodes.x`."""
        schemas: Mapping[str, Schema] = self.schemas
        lens = Lens(
            owner=owner,
            schemas=schemas,
            sources=self.sources,
            problems=self.problems,
            memory=self.around.memory,
        )
        views = {str(id_): self.schemas.get(id_, True) for id_ in lenient}
        return lens.naming(nodes=lenient_views(views)) if views else lens

    def places(self, ids: AbstractSet[NodeId]) -> tuple[int, ...]:
        """Give the positions of nodes, in order."""
        return tuple(sorted([self.positions[id_] for id_ in ids])) if ids else ()
