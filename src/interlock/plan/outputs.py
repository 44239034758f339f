"""The outputs of a graph, and the arguments that have a default."""

from collections.abc import Mapping, Set as AbstractSet
from typing import cast

from interlock.graph import Graph, Template, parse_template
from interlock.plan.binding import check_read, reads_of
from interlock.plan.model import CompiledOutput
from interlock.plan.problems import pointer
from interlock.plan.reading import Lens, lenient_view
from interlock.plan.typing import Target, template_schema
from interlock.values import Json, NodeId, Schema


def compile_outputs(
    graph: Graph,
    lens: Lens,
    *,
    positions: Mapping[NodeId, int],
    absent: Mapping[NodeId, str],
) -> tuple[tuple[CompiledOutput, ...], Schema]:
    """Compile the outputs; one that may be absent must be declared optional."""
    problems = lens.problems
    compiled: list[CompiledOutput] = []
    properties: dict[str, Json] = {}
    for name, tree in graph.outputs.items():
        at = pointer("outputs", name)
        template = parse_template(tree)
        if not isinstance(template, Template):
            problems.take(template, at=at)
            continue
        optional = name in graph.optional
        strict: set[NodeId] = set()
        lenient: set[NodeId] = set()
        for read in reads_of(template, at):
            check_read(graph, read, problems)
            node = read.reference.node
            if node is None or node not in positions:
                continue
            (strict if read.reference.root == "node" else lenient).add(node)
            if read.reference.root == "node" and not optional and node in absent:
                problems.error(
                    "IL2013",
                    f"output `{name}` needs `{node}`, which may be absent: {absent[node]}",
                    at=read.at,
                    span=read.span,
                    hint=f"declare it optional: {name}: {{value: …, optional: true}},"
                    f" or read `nodes.{node}.status`",
                )
        properties[name] = template_schema(template, _seeing(lens, lenient), at=at)
        compiled.append(
            CompiledOutput(
                name=name,
                template=template,
                strict=tuple(sorted(positions[node] for node in strict)),
                roots=tuple(sorted((str(node), positions[node]) for node in strict)),
                status_roots=tuple(sorted((str(node), positions[node]) for node in lenient)),
                optional=optional,
            )
        )
    required: list[Json] = [name for name in properties if name not in graph.optional]
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return tuple(compiled), schema


def _seeing(lens: Lens, lenient: AbstractSet[NodeId]) -> Lens:
    views: dict[str, Json] = {node: lenient_view(lens.schemas.get(node, True)) for node in lenient}
    return lens.naming(nodes={"type": "object", "properties": views, "required": list(views)})


def with_defaults(arguments: Template, target: Target) -> Template:
    """Fill in the defaults of what is not given: a call key covers what is really called."""
    given = arguments.tree if isinstance(arguments.tree, dict) else {}
    missing: dict[str, Json] = {
        name: _escaped(schema["default"])
        for name, schema in target.properties.items()
        if name not in given and isinstance(schema, dict) and "default" in schema
    }
    if not missing:
        return arguments
    names = frozenset(
        r.name for _, r in arguments.references if r.root in ("item", "args", "result")
    )
    return cast(Template, parse_template({**given, **missing}, names=names))


def _escaped(value: Json) -> Json:
    """Keep `${{` in a default as it is."""
    match value:
        case str():
            return value.replace("${{", "$${{")
        case list():
            return [_escaped(part) for part in value]
        case dict():
            return {key: _escaped(part) for key, part in value.items()}
        case _:
            return value
