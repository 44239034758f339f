"""From the tree of a document to a Graph, with all problems at once."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field, replace
from typing import TypeGuard

from interlock.errors import Diagnostic
from interlock.graph.bodies import WithBody, body_kind, find_cycle, uses
from interlock.graph.drafts import Broken, Draft
from interlock.graph.durations import read_duration
from interlock.graph.fields import Problems, Section, TooManyProblems, refuse_secrets
from interlock.graph.files import Files, is_path
from interlock.graph.identifiers import FIELD, NAME, did_you_mean, free_id, id_problem, name_problem
from interlock.graph.limits import DocumentLimits, over
from interlock.graph.model import AnyNode, CallNode, Defaults, Graph
from interlock.graph.nodes import outdented, read_node, read_retry
from interlock.graph.schemas import read_schema
from interlock.graph.showing import bare, kind_of, show
from interlock.values import Json, NodeId, Schema, immutable

VERSION = 1
DOCUMENT = (
    "interlock",
    "name",
    "description",
    "types",
    "inputs",
    "defaults",
    "graphs",
    "nodes",
    "outputs",
)
DEFAULTS = ("timeout", "retry")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@immutable()
class Names:
    """What the graphs around a body lend to it: the names of types and of graphs."""

    types: frozenset[str] = frozenset()
    graphs: frozenset[str] = frozenset()


def read_graph(
    tree: Json, *, files: Files | None = None, limits: DocumentLimits | None = None
) -> tuple[Graph | None, tuple[Diagnostic, ...]]:
    """Read a graph from the tree of a document.

    Returns:
        The graph, or None when there is an error; and all problems, warnings included.
    """
    draft = read_draft(tree, files=files, limits=limits)
    return draft.graph if draft.is_valid else None, draft.diagnostics


def read_draft(
    tree: Json, *, files: Files | None = None, limits: DocumentLimits | None = None
) -> Draft:
    """Read what can be read of the tree of a document."""
    problems = Problems(limits or DocumentLimits())
    graph = read_with(tree, files=files or Files(), problems=problems)
    return Draft(
        graph=graph, diagnostics=tuple(problems.found), broken=Broken(problems.lost), tree=tree
    )


def read_with(tree: Json, *, files: Files, problems: Problems) -> Graph | None:
    """Read what can be read of a graph, noting problems in `problems`; None when it is nothing."""
    try:
        graph = _document(tree, files, problems)
    except TooManyProblems:
        graph = None
        most = problems.limits.problems_max
        if len(problems.found) >= most:
            told = f"there may be more problems; {most:,} are shown"
            problems.found.append(
                Diagnostic(code="IL5006", message=told, hint="correct these first")
            )
    if problems.lost:
        problems.found[:] = _without_echoes(problems)
    return graph


def _without_echoes(problems: Problems) -> Iterator[Diagnostic]:
    """Leave out that a name is not declared where the declarations could not be read."""
    declared = {"IL1117": "graphs", "IL1122": "types"}
    for one in problems.found:
        field = declared.get(one.code)
        around = one.pointer.split("/")
        homes = ("/".join(around[:count]) for count in range(1, len(around), 2))
        if field is None or not any(f"{home}/{field}" in problems.lost for home in homes):
            yield one


def _document(tree: Json, files: Files, problems: Problems) -> Graph | None:
    if not isinstance(tree, dict):
        hint = "begin with `interlock: 1`, `name: ...` and `nodes:`"
        message = f"the document is {kind_of(tree)}, but must be a mapping"
        problems.add(Diagnostic(code="IL1101", message=message, hint=hint))
        return None
    section = Section(tree, "", name="the document", problems=problems)
    if not _version(section):
        return None
    graph = _graph(section, name=None, outer=Names(), files=files)
    _check_bodies(graph, problems)
    return graph


def _version(section: Section) -> bool:
    given = section.data.get("interlock")
    if given == VERSION and not isinstance(given, bool):
        return True
    if "interlock" in section:
        message = f"the document is of version {show(given)}; this Interlock reads version 1"
        section.problem("IL1102", message, hint="write `interlock: 1`", at=section.at("interlock"))
        return False
    hint = "begin the document with `interlock: 1`"
    section.problem("IL1102", "the document does not say its version", hint=hint)
    return "nodes" in section


# --- a graph: the document itself, or a local body


def _graph(section: Section, *, name: str | None, outer: Names, files: Files) -> Graph:
    section.refuse_unknown(DOCUMENT)
    if name is None and "name" not in section:
        section.missing("name", "the document has no `name`", hint="add `name: ...`")
    if name is not None and "interlock" in section:
        _version(section)
    types = _types(section, outer)
    names = Names(types=outer.types | types.keys(), graphs=outer.graphs | _graph_names(section))
    locals_ = _Locals(files=files, names=names, graphs=_graphs(section, names, files))
    nodes = _nodes(section, locals_)
    outputs, optional = _outputs(section)
    return Graph(
        name=_name(section) or name or "graph",
        description=section.text("description") or "",
        types=types,
        inputs=_schemas(section, "inputs", names.types),
        defaults=_defaults(section),
        graphs=locals_.graphs,
        nodes=nodes,
        outputs=outputs,
        optional=optional,
    )


def _name(section: Section) -> str | None:
    name = section.text("name")
    if name is not None:
        problem = name_problem(name, NAME, pointer=section.at("name"), what="a graph", on_key=False)
        section.problems.add(problem)
    return name


def _types(section: Section, outer: Names) -> Mapping[str, Schema]:
    inner = section.section("types", hint="write schemas by name: `types: {doc: {type: object}}`")
    if inner is None:
        return {}
    known = outer.types | inner.data.keys()
    found: dict[str, Schema] = {}
    for key, value, pointer in inner:
        section.problems.add(name_problem(key, NAME, pointer=pointer, what="a type", on_key=True))
        found[key] = read_schema(value, pointer, types=known, problems=section.problems)
    return found


def _schemas(section: Section, field: str, types: Collection[str]) -> Mapping[str, Schema]:
    inner = section.section(field, hint="write schemas by name: `inputs: {day: {type: string}}`")
    if inner is None:
        return {}
    found: dict[str, Schema] = {}
    for key, value, pointer in inner:
        problem = name_problem(key, FIELD, pointer=pointer, what="an input", on_key=True)
        if problem is not None:
            _refuse_name(key, problem, inner)
        found[key] = read_schema(
            value, pointer, types=types, problems=section.problems, may_have_subject=True
        )
    return found


def _refuse_name(name: str, problem: Diagnostic, section: Section) -> None:
    """Note a name that cannot be; `my-node` is read by expressions as `my` and `node`."""
    section.problems.add(problem)
    section.problems.lost |= {section.at(word) for word in WORD.findall(name)}


def _defaults(section: Section) -> Defaults:
    inner = section.section("defaults", hint="write `defaults: {timeout: 60s}`")
    if inner is None:
        return Defaults()
    inner.refuse_unknown(DEFAULTS)
    return Defaults(timeout_ms=read_duration(inner, "timeout"), retry=read_retry(inner))


def _outputs(section: Section) -> tuple[Mapping[str, Json], frozenset[str]]:
    """Read outputs: templates, or `{value: TEMPLATE, optional: true}` for what may be absent.

    A mapping with exactly these two keys is always read as such a declaration.
    """
    inner = section.section(
        "outputs", hint="write outputs by name: `outputs: {url: '${{ prod.url }}'}`"
    )
    if inner is None:
        return {}, frozenset()
    found: dict[str, Json] = {}
    optional: set[str] = set()
    for key, value, pointer in inner:
        section.problems.add(
            name_problem(key, FIELD, pointer=pointer, what="an output", on_key=True)
        )
        refuse_secrets(value, pointer, problems=section.problems)
        found[key] = value
        if is_declaration(value):
            found[key] = value["value"]
            output = Section(
                value, pointer, name=f"output `{bare(key)}`", problems=section.problems
            )
            if output.flag("optional"):
                optional.add(key)
    return found, frozenset(optional)


def is_declaration(value: Json) -> TypeGuard[dict[str, Json]]:
    """Say whether an output is `{value: ..., optional: ...}` and not a template."""
    return isinstance(value, dict) and value.keys() == {"value", "optional"}


# --- nodes and local graphs


def _nodes(section: Section, locals_: "_Locals") -> Mapping[NodeId, AnyNode]:
    inner = section.section("nodes", hint="write nodes by id: `nodes: {page: {call: http.get}}`")
    if inner is None:
        if "nodes" not in section:
            section.missing("nodes", f"{section.name} has no `nodes`", hint="add `nodes:`")
        return {}
    _add_count(len(inner.data), inner.pointer, inner.problems)
    found: dict[NodeId, AnyNode] = {}
    beside: set[str] = set()
    for key, value, pointer in inner:
        if key in beside:
            continue
        problem, shown = id_problem(key, pointer=pointer, taken=inner.data, what="id"), key
        if problem is not None:
            _refuse_name(key, problem, inner)
            shown = bare(key)
        if not isinstance(value, dict):
            fields = outdented(key, inner.data)
            beside |= {*fields}
            inner.problems.lost |= {inner.at(name) for name in fields}
            names = ", ".join(f"`{name}`" for name in fields)
            hint = f"indent its fields deeper than its id: {names}" if fields else None
            _no_mapping(section, f"node `{shown}`", value=value, pointer=pointer, hint=hint)
            continue
        one = Section(value, pointer, name=f"node `{shown}`", problems=section.problems)
        node = read_node(one, NodeId(key), ids=inner.data.keys(), types=locals_.names.types)
        if node is not None:
            found[node.id] = locals_.settle(one, node)
    return found


def _add_count(more: int, pointer: str, problems: Problems) -> None:
    problems.nodes += more
    limit = problems.limits.nodes_max
    if problems.nodes > limit:
        many = f"the document has {problems.nodes:,} nodes or more"
        problems.add(over("IL5005", many, limit=("nodes_max", limit), pointer=pointer))
        raise TooManyProblems


def _no_mapping(
    section: Section, what: str, *, value: Json, pointer: str, hint: str | None = None
) -> None:
    example = "{nodes: ...}" if what.startswith("graph") else "{call: ...}"
    if isinstance(value, str) and value:
        example = f"{{call: {bare(value)}}}"
    section.problems.add(
        Diagnostic(
            code="IL1101",
            message=f"{what} is {kind_of(value)}, but must be a mapping",
            pointer=pointer,
            hint=hint or f"write `{example}`",
        )
    )


@immutable()
class _Locals:
    """The local graphs of a graph; those that nodes name by path are added under a name."""

    files: Files
    names: Names
    graphs: dict[str, Graph]
    paths: dict[str, str] = field(default_factory=dict)

    def settle(self, section: Section, node: AnyNode) -> AnyNode:
        """Check the graph that a node names, and load it when it is a file."""
        if isinstance(node, CallNode) or not isinstance(node, WithBody) or not node.graph:
            return node
        place = section.at(body_kind(node))
        if is_path(node.graph):
            return replace(node, graph=self._load(node.graph, place, section.problems))
        if node.graph not in self.names.graphs:
            known = sorted(self.names.graphs)
            hint = "add it under `graphs`, or write the path of a file"
            hint = did_you_mean(node.graph, known) if known else hint
            section.problem(
                "IL1117", f"there is no graph `{bare(node.graph)}`", hint=hint, at=place
            )
        return node

    def _load(self, path: str, place: str, problems: Problems) -> str:
        target = self.files.resolve(path)
        if target not in self.paths:
            stem = target.rpartition("/")[2].partition(".")[0]
            taken = self.names.graphs | self.graphs.keys() | set(self.paths.values())
            name = free_id(stem, taken)
            self.paths[target] = name
            graph = _from_file(path, place, files=self.files, problems=problems)
            if graph is not None:
                self.graphs[name] = graph
        return self.paths[target]


def _graph_names(section: Section) -> frozenset[str]:
    entries = section.data.get("graphs")
    return frozenset(entries) if isinstance(entries, dict) else frozenset()


def _graphs(section: Section, names: Names, files: Files) -> dict[str, Graph]:
    inner = section.section("graphs", hint="write graphs by name: `graphs: {one: {nodes: ...}}`")
    found: dict[str, Graph] = {}
    for key, value, pointer in inner or ():
        name = f"graph `{bare(key)}`"
        section.problems.add(name_problem(key, NAME, pointer=pointer, what="a graph", on_key=True))
        if isinstance(value, dict):
            body = Section(value, pointer, name=name, problems=section.problems)
            _add_count(1, pointer, section.problems)
            found[key] = _graph(body, name=key, outer=names, files=files)
        elif isinstance(value, str) and value:
            graph = _from_file(value, pointer, files=files, problems=section.problems)
            if graph is not None:
                found[key] = graph
        else:
            _no_mapping(section, name, value=value, pointer=pointer)
    return found


def _from_file(path: str, place: str, *, files: Files, problems: Problems) -> Graph | None:
    graph = files.graph(path, pointer=place, problems=problems)
    if graph is not None:
        _add_count(weight(graph), place, problems)
    return graph


def weight(graph: Graph) -> int:
    """Count the nodes and local graphs of a graph, all levels together."""
    return len(graph.nodes) + sum(1 + weight(body) for body in graph.graphs.values())


def _check_bodies(graph: Graph, problems: Problems) -> None:
    found = list(uses((graph,)))
    cycle = find_cycle(found)
    if cycle is None:
        return
    names = " → ".join(use.name for use in (cycle[-1], *cycle))
    last = cycle[-1]
    problems.add(
        Diagnostic(
            code="IL1118",
            message=f"graph `{last.name}` contains itself: {names}",
            pointer=f"{last.pointer}/{last.kind}",
            hint="a graph that contains itself never ends; take one of these nodes out",
        )
    )
