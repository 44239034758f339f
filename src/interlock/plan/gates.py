"""What gates cover: the nodes that they allow, with the arguments these have when a gate opens."""

from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import replace

from interlock.graph import (
    CallNode,
    FirstOfNode,
    GateNode,
    MapNode,
    ProposeNode,
    WaitNode,
    WithBody,
)
from interlock.plan.binding import Bound, Guard, listed
from interlock.plan.model import (
    AnyCompiledNode,
    CompiledGate,
    CompiledGraphNode,
    CompiledRepeat,
    Covered,
)
from interlock.plan.parts import args_of
from interlock.plan.problems import nearest
from interlock.plan.site import Site
from interlock.values import NodeId, Schema, mutable

WITHOUT_EFFECT = (WaitNode, GateNode, FirstOfNode)


def cover(site: Site, nodes: Sequence[AnyCompiledNode]) -> list[AnyCompiledNode]:
    """Give each gate what it covers, and each covered node its gates."""
    by_id = {node.id: node for node in nodes}
    covers: dict[int, tuple[Covered, ...]] = {}
    gates: dict[int, tuple[int, ...]] = {}
    for id_, bound in site.bound.items():
        if isinstance(bound.node, GateNode):
            index = site.positions[id_]
            covers[index] = _Gate(site, bound, bound.node).covers(by_id)
            for covered in covers[index]:
                gates[covered.index] = tuple(sorted((*gates.get(covered.index, ()), index)))
    return [_with_gates(node, covers, gates) for node in nodes] if covers else list(nodes)


def _with_gates(
    node: AnyCompiledNode,
    covers: Mapping[int, tuple[Covered, ...]],
    gates: Mapping[int, tuple[int, ...]],
) -> AnyCompiledNode:
    if isinstance(node, CompiledGate):
        return replace(node, covers=covers[node.index])
    return replace(node, gates=gates[node.index]) if node.index in gates else node


@mutable()
class _Gate:
    """One gate, and what it may cover."""

    site: Site
    bound: Bound
    node: GateNode

    def covers(self, nodes: Mapping[NodeId, AnyCompiledNode]) -> tuple[Covered, ...]:
        if self.site.problems.is_damaged(f"{self.bound.home}/gate"):
            return ()
        behind = self._behind()
        chosen = self._named(behind) if self.node.covers else self._usual()
        self._check_bounds_name(chosen)
        known = self._known()
        found: list[Covered] = []
        for id_ in sorted(chosen, key=self.site.positions.__getitem__):
            guard = self.bound.bounds.get(id_)
            if guard is not None:
                self._check_bound(guard, self.site.bound[id_], nodes.get(id_))
            elif id_ not in self.node.bounds:
                self._check_known(self.site.bound[id_], known, behind)
            bound = guard.expression if guard is not None else None
            found.append(Covered(index=self.site.positions[id_], bound=bound))
        return tuple(found)

    # --- which nodes

    def _behind(self) -> set[NodeId]:
        """Find the nodes that run only if the gate has succeeded."""
        found = {self.node.id}
        for id_ in self.site.positions:
            if not found.isdisjoint(self.site.bound[id_].strict):
                found.add(id_)
        return found - {self.node.id}

    def _known(self) -> set[NodeId]:
        """Find the nodes that have settled for sure when the gate opens.

        They are what it waits for; and what those wait for that must have succeeded, so have begun.
        """
        found: set[NodeId] = set()
        waiting = [self.node.id]
        while waiting:
            bound = self.site.bound[waiting.pop()]
            waiting += bound.strict - found
            found |= bound.waits
        return found

    def _usual(self) -> list[NodeId]:
        """Choose the writes and the nodes with scopes that need the gate directly."""
        return [
            id_
            for id_, bound in self.site.bound.items()
            if self.node.id in bound.strict and _acts(bound)
        ]

    def _named(self, behind: AbstractSet[NodeId]) -> list[NodeId]:
        where = self.site.where
        return [
            id_
            for id_ in listed(where, self.bound, self.node.covers, name="gate/for")
            if self._may_cover(id_, behind)
        ]

    def _may_cover(self, id_: NodeId, behind: AbstractSet[NodeId]) -> bool:
        at = f"{self.bound.home}/gate/for/{self.node.covers.index(id_)}"
        if isinstance(self.site.bound[id_].node, WITHOUT_EFFECT):
            self.site.problems.error(
                "IL4104",
                f"`{self.node.id}` covers `{id_}`, which does nothing that could be allowed",
                at=at,
                hint="name the nodes that act: calls, graphs, maps, proposals",
            )
        elif id_ not in behind:
            self.site.problems.error(
                "IL4102",
                f"`{self.node.id}` covers `{id_}`, which runs whatever is decided",
                at=at,
                hint=f"let it need the gate: `needs: [{self.node.id}]` in `{id_}`",
            )
        else:
            return True
        return False

    # --- arguments

    def _check_known(
        self, covered: Bound, known: AbstractSet[NodeId], behind: AbstractSet[NodeId]
    ) -> None:
        for text, id_ in _argument_reads(covered):
            if id_ in known:
                continue
            self.site.problems.error(
                "IL4101",
                f"`{self.node.id}` covers `{covered.node.id}`, whose arguments read `{text}`:"
                " that is not known when the gate opens",
                at=f"{self.bound.home}/gate",
                on_key=True,
                hint=self._hint(covered, id_, behind),
            )
            return

    def _hint(self, covered: Bound, read: NodeId, behind: AbstractSet[NodeId]) -> str:
        waiting = f"let the gate wait for it: `needs: [{read}]`"
        if isinstance(covered.node, MapNode):
            bounding = "put the gate inside of the graph of the `map`"
        else:
            bounding = f"say what is allowed: `bounds: {{{covered.node.id}: 'args.x < 100'}}`"
        if read in behind or read == self.node.id:
            return bounding
        return f"{waiting}; or {bounding}"

    def _check_bounds_name(self, chosen: Sequence[NodeId]) -> None:
        for id_ in self.node.bounds:
            if id_ not in chosen:
                self.site.problems.error(
                    "IL4103",
                    f"`bounds` of `{self.node.id}` names `{id_}`, which the gate does not cover",
                    at=f"{self.bound.home}/gate/bounds/{id_}",
                    on_key=True,
                    hint=nearest(id_, chosen, none="the gate covers nothing"),
                )

    def _check_bound(self, guard: Guard, covered: Bound, compiled: AnyCompiledNode | None) -> None:
        if isinstance(covered.node, MapNode):
            self.site.problems.error(
                "IL4104",
                f"`{covered.node.id}` is a `map`, whose items have arguments of their own",
                at=guard.at,
                hint="put the gate inside of its graph, or let it wait for what the `map` reads",
            )
            return
        for reference in guard.expression.references:
            if reference.root not in ("args", "inputs"):
                self.site.problems.error(
                    "IL4105",
                    f"a bound of `{self.node.id}` reads `{reference.name}`;"
                    " only `args` and `inputs` are known for sure when it is tested",
                    at=guard.at,
                    span=reference.span,
                    hint="compare `args` with constants and `inputs`",
                )
                return
        if self.site.around.is_checked and compiled is not None:
            lens = self.site.lens(f"`{self.node.id}`")
            lens.naming(args=_arguments_schema(covered, compiled)).test(guard)


def _acts(bound: Bound) -> bool:
    node, manifest = bound.node, bound.manifest
    if isinstance(node, CallNode):
        return manifest is not None and manifest.effect == "write"
    return isinstance(node, WithBody | ProposeNode)


def _argument_reads(bound: Bound) -> Iterator[tuple[str, NodeId]]:
    """List the nodes that the arguments of a node read."""
    fields = tuple(f"{bound.home}/{name}" for name in ("with", "over", "key"))
    for read in bound.reads():
        id_ = read.reference.node
        if id_ is not None and read.at.startswith(fields):
            yield read.text, id_


def _arguments_schema(bound: Bound, compiled: AnyCompiledNode) -> Schema:
    if isinstance(compiled, CompiledGraphNode | CompiledRepeat):
        return compiled.body.inputs_schema
    return args_of(bound)
