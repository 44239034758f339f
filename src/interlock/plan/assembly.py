"""The passes over one graph: bind, order, type, assemble."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol, assert_never

from interlock.actions import Manifest
from interlock.graph import (
    AnyNode,
    CallNode,
    Graph,
    GraphNode,
    MapNode,
    ProposeNode,
    Retry,
    Template,
)
from interlock.plan.binding import Bound, bind
from interlock.plan.catalog import Catalog
from interlock.plan.model import (
    AnyCompiledNode,
    CompiledCall,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledNode,
    CompiledPropose,
    Limits,
    specialised,
)
from interlock.plan.order import canonical_order
from interlock.plan.outputs import compile_outputs, with_defaults
from interlock.plan.problems import Problems, pointer
from interlock.plan.reading import Lens, lenient_view
from interlock.plan.typing import (
    Target,
    check_arguments,
    check_condition,
    check_edge,
    graph_inputs_schema,
)
from interlock.values import Checker, Json, NodeId, Schema, numbers, resolve, select

ARRAY: Schema = {"type": "array"}


class Around(Protocol):
    """What a graph needs of what is around it (see `bodies.Compiler`)."""

    catalog: Catalog
    limits: Limits
    problems: Problems
    types: Mapping[str, Schema]

    def body(self, name: str, *, at: str) -> CompiledGraph | None:
        """Compile the body of a name."""
        ...


class GraphCompiler:
    """Compiles one graph.

    `schemas` grows in canonical order: a producer is typed before its consumers.
    """

    def __init__(self, around: Around, graph: Graph) -> None:
        self.around = around
        self.graph = graph
        self.problems = around.problems
        self.bound: dict[NodeId, Bound] = {}
        self.positions: dict[NodeId, int] = {}
        self.dependents: dict[NodeId, list[int]] = {}
        self.schemas: dict[str, Schema] = {}
        self.sources: dict[str, str] = {}
        self.absent: dict[NodeId, str] = {}

    def compile(self) -> CompiledGraph | None:
        """Run the passes; None when there are errors, which are reported."""
        errors_before = self.problems.errors
        inputs = {
            name: resolve(schema, self.around.types) for name, schema in self.graph.inputs.items()
        }
        inputs_schema = graph_inputs_schema(inputs)
        self.schemas = {"inputs": graph_inputs_schema(inputs, filled_in=True)}
        self.sources = {"inputs": f"`{self.graph.name}` declares"}
        self._order()
        nodes = [self._node(self.bound[id_]) for id_ in self.positions]
        lens = self._lens("an output", self.schemas)
        outputs, outputs_schema = compile_outputs(
            self.graph, lens, positions=self.positions, absent=self.absent
        )
        if self.problems.errors > errors_before:
            return None
        return CompiledGraph(
            name=self.graph.name,
            nodes=tuple(node for node in nodes if node is not None),
            positions=self.positions,
            inputs_schema=inputs_schema,
            accepts=Checker(inputs_schema),
            defaults={
                n: s["default"] for n, s in inputs.items() if isinstance(s, dict) and "default" in s
            },
            decode=numbers(inputs_schema),
            outputs=outputs,
            outputs_schema=outputs_schema,
        )

    def _order(self) -> None:
        self.bound = {
            node.id: bind(self.graph, node, self.problems) for node in self.graph.nodes.values()
        }
        waits = {id_: bound.strict | bound.lenient for id_, bound in self.bound.items()}
        self.positions = {
            id_: index for index, id_ in enumerate(canonical_order(waits, self.problems))
        }
        self.dependents = {id_: [] for id_ in self.bound}
        for id_, index in self.positions.items():
            for other in waits[id_]:
                self.dependents[other].append(index)

    def _node(self, bound: Bound) -> AnyCompiledNode | None:
        node = bound.node
        self._note_absence(bound)
        # Until it is compiled, whatever reads this node is not blamed for what is wrong with it.
        self.schemas[node.id] = True
        match node:
            case CallNode():
                return self._call(bound, node)
            case ProposeNode():
                return self._propose(bound, node)
            case GraphNode():
                return self._subgraph(bound, node)
            case MapNode():
                return self._map(bound, node)
            case _:
                assert_never(node)

    def _note_absence(self, bound: Bound) -> None:
        """Remember why a node may not succeed in a run that succeeds."""
        node = bound.node
        inherited = (self.absent[other] for other in sorted(bound.strict) if other in self.absent)
        if node.when is not None:
            self.absent[node.id] = f"`{node.id}` may be skipped: it has `when`"
        elif node.on_error == "continue":
            self.absent[node.id] = f"`{node.id}` may fail: it has `on_error: continue`"
        elif (why := next(inherited, None)) is not None:
            self.absent[node.id] = why

    # --- kinds

    def _call(self, bound: Bound, node: CallNode) -> AnyCompiledNode | None:
        manifest = self._manifest(node, "call")
        if manifest is None:
            return None
        returns = self._returned(node, manifest.returns)
        common, accepts = self._calling(bound, manifest, returns)
        return specialised(
            CompiledCall, common, action=manifest, accepts=accepts, ahead=manifest.runs_ahead
        )

    def _propose(self, bound: Bound, node: ProposeNode) -> AnyCompiledNode | None:
        manifest = self._manifest(node, "propose")
        if manifest is None:
            return None
        common, accepts = self._calling(bound, manifest, self._returned(node, True))
        at = pointer("nodes", node.id, "actions")
        allowed = self.around.catalog.narrowed(node.actions, at=at, problems=self.problems)
        self.around.catalog.use_all(allowed)
        return specialised(
            CompiledPropose,
            common,
            action=manifest,
            accepts=accepts,
            ahead=False,
            allowed=allowed,
            repairs_max=node.repairs_max,
        )

    def _manifest(self, node: CallNode | ProposeNode, kind: str) -> Manifest | None:
        return self.around.catalog.find(
            node.action, at=pointer("nodes", node.id, kind), problems=self.problems
        )

    def _calling(
        self, bound: Bound, manifest: Manifest, returns: Schema
    ) -> tuple[CompiledNode, Checker | None]:
        schema = manifest.arguments
        self.sources[bound.node.id] = f"`{manifest.name}` returns"
        target = Target(words=f"`{manifest.name}`", schema=schema)
        proven = self._check_with(target, bound)
        arguments = with_defaults(bound.arguments, target)
        common = self._common(bound, arguments=arguments, returns=returns, manifest=manifest)
        return common, None if proven else Checker(schema)

    def _check_with(self, target: Target, bound: Bound, **names: Schema) -> bool:
        lens = self._lens_of(bound).naming(**names)
        at = pointer("nodes", bound.node.id)
        return check_arguments(target, bound.arguments, lens, at=at) == "proven"

    def _returned(self, node: AnyNode, declared: Schema) -> Schema:
        """`returns` narrows what is declared."""
        if node.returns is None:
            return declared
        narrowed = resolve(node.returns, self.around.types)
        return narrowed if declared in (True, {}) else {"allOf": [declared, narrowed]}

    def _subgraph(self, bound: Bound, node: GraphNode) -> AnyCompiledNode | None:
        body = self._body_of(node, "graph")
        if body is None:
            return None
        self._check_with(Target(words=f"graph `{node.graph}`", schema=body.inputs_schema), bound)
        self.sources[node.id] = f"graph `{node.graph}` yields"
        returns = self._returned(node, body.outputs_schema)
        return specialised(
            CompiledGraphNode,
            self._common(bound, arguments=bound.arguments, returns=returns),
            body=body,
        )

    def _map(self, bound: Bound, node: MapNode) -> AnyCompiledNode | None:
        body = self._body_of(node, "map")
        if body is None or bound.over is None:
            return None
        target = Target(words=f"graph `{node.graph}`", schema=body.inputs_schema)
        self._check_with(target, bound, **{node.as_: self._item_schema(bound)})
        self.sources[node.id] = "a `map` yields"
        returns = self._returned(node, _map_yields(body.outputs_schema))
        return specialised(
            CompiledMap,
            self._common(bound, arguments=bound.arguments, returns=returns),
            body=body,
            over=bound.over,
            item_name=node.as_,
            key=bound.key,
            limit=node.limit or self.around.limits.items_max,
            failures_max=node.failures_max,
        )

    def _item_schema(self, bound: Bound) -> Schema:
        at = pointer("nodes", bound.node.id, "over")
        over = bound.over
        lens = self._lens_of(bound)
        produced = lens.infer(over, at=at) if over is not None else None
        if over is None or produced is None:
            return True
        check_edge(ARRAY, produced, lens, at=at, placed=(0, over), consumer="`over`")
        return select(produced, (0,)).schema

    def _body_of(self, node: GraphNode | MapNode, kind: str) -> CompiledGraph | None:
        for name, value in (
            ("retry", node.retry),
            ("timeout", node.timeout_ms),
            ("deadline", node.deadline_ms),
        ):
            if value is not None:
                self.problems.error(
                    "IL1131",
                    f"`{name}` has no meaning for a node of kind `{kind}`",
                    at=pointer("nodes", node.id, name),
                    on_key=True,
                    hint=f"put `{name}` on the nodes inside `{node.graph}`",
                )
        return self.around.body(node.graph, at=pointer("nodes", node.id, kind))

    # --- what all kinds share

    def _common(
        self,
        bound: Bound,
        *,
        arguments: Template,
        returns: Schema,
        manifest: Manifest | None = None,
    ) -> CompiledNode:
        node = bound.node
        self._check_guards(bound, returns, manifest.arguments if manifest is not None else True)
        self.schemas[node.id] = returns
        defaults = self.graph.defaults
        declared = manifest.timeout_ms_max if manifest is not None else None
        return CompiledNode(
            id=node.id,
            index=self.positions[node.id],
            strict=self._places(bound.strict),
            lenient=self._places(bound.lenient),
            dependents=tuple(self.dependents[node.id]),
            roots=self._roots(bound, "node"),
            status_roots=self._roots(bound, "nodes"),
            arguments=arguments,
            when=bound.when,
            require=bound.require,
            ensure=bound.ensure,
            retry=node.retry or defaults.retry or Retry(),
            timeout_ms=node.timeout_ms
            or defaults.timeout_ms
            or declared
            or self.around.limits.timeout_ms_default,
            deadline_ms=node.deadline_ms,
            on_error=node.on_error,
            returns_schema=returns,
            returns=None if returns in (True, {}) else Checker(returns),
            decode=numbers(returns),
        )

    def _check_guards(self, bound: Bound, returns: Schema, arguments: Schema) -> None:
        home = pointer("nodes", bound.node.id)
        lens = self._lens_of(bound)
        if bound.when is not None:
            check_condition(bound.when, replace(lens, tested=()), at=f"{home}/when")
        before = lens.naming(args=arguments)
        for expression in bound.require:
            check_condition(expression, before, at=f"{home}/require")
        after = before.naming(result=returns)
        for expression in bound.ensure:
            check_condition(expression, after, at=f"{home}/ensure")

    def _lens_of(self, bound: Bound) -> Lens:
        """What the expressions of a node may read; its guard has been tested before the others."""
        tested = bound.when.references if bound.when is not None else ()
        lenient = {each.reference.node for each in bound.reads if each.reference.root == "nodes"}
        schemas = self.schemas if not lenient else {**self.schemas, "nodes": self._views(lenient)}
        return replace(self._lens(f"`{bound.node.id}`", schemas), tested=tested)

    def _lens(self, owner: str, schemas: Mapping[str, Schema]) -> Lens:
        return Lens(owner=owner, schemas=schemas, sources=self.sources, problems=self.problems)

    def _views(self, ids: Iterable[NodeId | None]) -> Schema:
        views: dict[str, Json] = {
            str(id_): lenient_view(self.schemas.get(str(id_), True))
            for id_ in ids
            if id_ is not None
        }
        return {"type": "object", "properties": views, "required": list(views)}

    def _places(self, ids: set[NodeId]) -> tuple[int, ...]:
        return tuple(sorted(self.positions[other] for other in ids))

    def _roots(self, bound: Bound, root: str) -> tuple[tuple[str, int], ...]:
        read = {each.reference.node for each in bound.reads if each.reference.root == root}
        return tuple(
            sorted(
                (id_, self.positions[id_])
                for id_ in read
                if id_ is not None and id_ in self.positions
            )
        )


def _map_yields(outputs: Schema) -> Schema:
    count: Json = {"type": "integer", "minimum": 0}
    return {
        "type": "object",
        "properties": {
            "results": {"type": "array", "items": outputs},
            "failed": count,
            "count": count,
        },
        "required": ["results", "failed", "count"],
        "additionalProperties": False,
    }
