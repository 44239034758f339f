"""The passes over one graph: bind, order, type, assemble."""

from collections.abc import Mapping

from interlock.graph import without_subject
from interlock.plan.arranging import arrange
from interlock.plan.binding import Surroundings, bind
from interlock.plan.claims import check_claim
from interlock.plan.defaults import check_defaults
from interlock.plan.gates import cover
from interlock.plan.model import (
    AnyCompiledNode,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledOutput,
    CompiledRepeat,
)
from interlock.plan.nodes import compile_node
from interlock.plan.notices import notice
from interlock.plan.outputs import Outputs
from interlock.plan.parts import check_attempts
from interlock.plan.plaintexts import warn_of_texts
from interlock.plan.reading import Source
from interlock.plan.recoverable import warn_of_undo
from interlock.plan.schemas import graph_inputs_schema, has_default, record
from interlock.plan.site import Around, Site
from interlock.plan.subjects import input_subjects
from interlock.values import Checker, NodeId, Schema, numbers, resolve

INNER = (CompiledGraphNode, CompiledMap, CompiledRepeat)


def assemble(around: Around, where: Surroundings) -> CompiledGraph:
    """Compile one graph.

    With errors, which are reported, it is of use only for checking what takes part in it: what is
    not known of its inputs and outputs is open.
    """
    site = Site(around, where)
    graph = site.graph
    types = around.types()
    inputs = {name: resolve(without_subject(one), types) for name, one in graph.inputs.items()}
    inputs_schema = graph_inputs_schema(inputs)
    site.schemas["inputs"] = _inputs_seen(site, inputs)
    if site.problems.is_lost("/inputs"):
        inputs_schema = True
    site.sources["inputs"] = _inputs_source(where)
    if graph.defaults.retry is not None:
        words = f"each node of `{graph.name}`"
        check_attempts(site, graph.defaults.retry, words=words, at="/defaults/retry/attempts")
    _order(site)
    compiled = [compile_node(site, site.bound[id_]) for id_ in site.positions]
    nodes = cover(site, [node for node in compiled if node is not None])
    outputs, outputs_schema = _outputs(site)
    inner = [one for one in nodes if isinstance(one, INNER)]
    subjects = input_subjects(site)
    undoable = any(one.undo for one in nodes) or any(one.body.undoable for one in inner)
    if around.is_checked:
        check_defaults(site, inputs)
        check_claim(site, outputs, outputs_schema)
        warn_of_texts(site)
        notice(site)
        warn_of_undo(site, nodes, undoable=undoable)
    return CompiledGraph(
        name=graph.name,
        nodes=tuple(nodes),
        positions=site.positions,
        inputs_schema=inputs_schema,
        accepts=Checker(inputs_schema),
        defaults={
            name: one["default"]
            for name, one in inputs.items()
            if isinstance(one, dict) and has_default(one)
        },
        decode=numbers(inputs_schema),
        outputs=outputs,
        outputs_schema=outputs_schema,
        undoable=undoable,
        subjects=subjects,
        is_keyed=bool(subjects) or any(map(_is_keyed, nodes)),
        depth=max((one.body.depth + 1 for one in inner), default=0),
    )


def is_undoable(node: AnyCompiledNode) -> bool:
    """Say whether something takes back what a node does, or something in its graph."""
    return node.undo is not None or (isinstance(node, INNER) and node.body.undoable)


def _is_keyed(node: AnyCompiledNode) -> bool:
    if node.subject is not None or (node.undo is not None and node.undo.subject is not None):
        return True
    return isinstance(node, INNER) and node.body.is_keyed


def _inputs_seen(site: Site, inputs: Mapping[str, Schema]) -> Schema:
    """The schema of `inputs` as expressions see them; what could not be read may be there."""
    if site.problems.is_lost("/inputs"):
        return True
    unread = dict.fromkeys(site.problems.damaged_below("/inputs"), True)
    return graph_inputs_schema({**unread, **inputs}, filled_in=True)


def _inputs_source(where: Surroundings) -> Source:
    elsewhere = {name for outer in where.outer for name in (*outer.inputs, *outer.nodes)}
    return Source(name=f"`{where.graph.name}`", verb="declares", elsewhere=frozenset(elsewhere))


def _order(site: Site) -> None:
    """Bind the nodes, and put them into the canonical order."""
    where, catalog = site.where, site.around.catalog
    bound = {node.id: bind(where, node, catalog) for node in where.graph.nodes.values()}
    site.bound, site.positions = bound, arrange(bound, site.problems)
    dependents = site.dependents = {id_: [] for id_ in bound}
    for id_, index in site.positions.items():
        for other in bound[id_].waits:
            dependents[other].append(index)


def _outputs(site: Site) -> tuple[tuple[CompiledOutput, ...], Schema]:
    compiler = Outputs(around=site.where, positions=site.positions, absent=site.absent)
    compiled: list[CompiledOutput] = []
    schemas: dict[str, Schema] = {}
    for name, tree in site.graph.outputs.items():
        found = compiler.compile(name, tree)
        schemas[name] = True
        if found is not None:
            compiled.append(found)
            site.told |= {id_ for id_, _ in (*found.roots, *found.status_roots)}
            lenient = [NodeId(id_) for id_, _ in found.status_roots]
            lens = site.lens(f"output `{name}`", lenient=lenient)
            schemas[name] = compiler.schema(found, lens)
    if site.problems.is_lost("/outputs"):
        return tuple(compiled), True
    required = [name for name in schemas if name not in site.graph.optional]
    return tuple(compiled), record(schemas, required=required)
