"""From a graph to a Python program that describes the same graph, digest for digest.

Each graph becomes a function, bodies before those who use them. The program expects its actions in
a `registry`. What Python cannot say more plainly stays text: `cel(...)` for an expression,
`verbatim(...)` for text with expressions, ids for nodes that stand later.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from interlock.graph.bodies import WithBody
from interlock.graph.model import CallNode, Graph, MapNode, ProposeNode
from interlock.graph.trace.spelling import is_name, literal
from interlock.graph.trace.statements import (
    INDENT,
    Statements,
    Surroundings,
    duration_python,
    fitted,
    retry_python,
)
from interlock.values import Json, Schema, canonical, immutable

# What a program may import; no variable may hide one of them.
OUTER = (
    *("cel", "each", "error_of", "first_of", "gate", "graph", "optional", "output_of", "propose"),
    *("repeat", "Retry", "status", "wait", "when"),
)
INNER = ("enclosing", "verbatim")
HELPERS = frozenset((*OUTER, *INNER, "Any", "registry"))
_SPELLED: tuple[tuple[str, Schema], ...] = (
    ("Any", {}),
    ("str", {"type": "string"}),
    ("int", {"type": "integer"}),
    ("float", {"type": "number"}),
    ("bool", {"type": "boolean"}),
    ("dict[str, Any]", {"type": "object", "additionalProperties": True}),
    ("list[Any]", {"type": "array", "items": {}}),
    ("list[str]", {"type": "array", "items": {"type": "string"}}),
    ("list[int]", {"type": "array", "items": {"type": "integer"}}),
)
ANNOTATIONS: dict[bytes, str] = {canonical(schema): spelled for spelled, schema in _SPELLED}
# The types of constants that an annotation with a default leaves as they are.
PLAIN: dict[bytes, type] = {
    canonical({"type": "string"}): str,
    canonical({"type": "integer"}): int,
    canonical({"type": "boolean"}): bool,
}


def render_python(graph: Graph) -> str:
    """Write a graph as a Python program; its last function is the graph.

    The program reads its actions from a `Registry` named `registry`. Executed with the same
    registry, it traces to an equal graph.
    """
    program = _Program(graph)
    program.add((graph,))
    return program.text(graph)


def _words(graph: Graph) -> Iterator[str]:
    """List all words that variables of functions may be called."""
    yield from graph.inputs
    for node in graph.nodes.values():
        yield node.id
        if isinstance(node, MapNode):
            yield node.as_
    for body in graph.graphs.values():
        yield from _words(body)


@immutable()
class _Parameter:
    """An input as a parameter; `is_exact` when its annotation and default say its schema."""

    text: str
    is_exact: bool

    @property
    def required(self) -> bool:
        return " = " not in self.text


Parameters: TypeAlias = Mapping[str, _Parameter]


class _Program:
    """A program being written: actions, then functions, each with a name of its own."""

    def __init__(self, graph: Graph) -> None:
        # Nothing at the top may be called like something inside of a function.
        self.taken = set(_words(graph))
        self.tops: set[str] = set()
        self.actions = {name: self._free(name, "_action") for name in _actions(graph)}
        self.functions: list[list[str]] = []

    def add(self, enclosing: tuple[Graph, ...]) -> str:
        """Add a graph and its bodies; returns the name of its function."""
        graph = enclosing[-1]
        is_root = len(enclosing) == 1
        bodies = {name: self.add((*enclosing, body)) for name, body in graph.graphs.items()}
        name = self._root(graph.name) if is_root else self._free(graph.name, "_graph")
        parameters = _parameters(graph)
        around = Surroundings(
            parameters=tuple(parameters),
            action=self.actions.__getitem__,
            body=lambda used: bodies.get(used) or f"enclosing({literal(used)})",
            first_input=lambda used: _first_input(graph.graphs.get(used)),
            taken=HELPERS | self.tops,
        )
        statements = Statements(graph, around).lines(single=is_root)
        described = _docstring(graph)
        self.functions.append(
            [
                *_decorator(graph, name, bodies=bodies, is_described=bool(described)),
                *_signature(name, parameters),
                *(f"{INDENT}{line}" for line in (*described, *statements)),
            ]
        )
        return name

    def _free(self, wish: str, ending: str) -> str:
        name = re.sub(r"\W", "_", wish, flags=re.ASCII)
        while name in self.taken or name in HELPERS | self.tops or not is_name(name):
            name += ending
        self.tops.add(name)
        return name

    def _root(self, wish: str) -> str:
        """Name the last function: what is inside of it may be called the same."""
        self.taken.discard(wish)
        return self._free(wish, "_graph")

    def text(self, graph: Graph) -> str:
        """Join the program."""
        actions = [
            f"{variable} = registry.get({literal(action)})"
            for action, variable in self.actions.items()
        ]
        functions = "\n\n\n".join("\n".join(lines) for lines in self.functions)
        used = set(re.findall(r"\w+", functions))
        head = [
            f'"""Graph `{graph.name}`, written from its document."""',
            "",
            *(["from typing import Any", ""] if "Any" in used else []),
            *_import("interlock", [name for name in OUTER if name in used]),
            *_import("interlock.graph", [name for name in INNER if name in used]),
        ]
        parts = ["\n".join(head), "\n".join(actions)]
        return "\n\n".join(part for part in parts if part) + f"\n\n\n{functions}\n"


def _actions(graph: Graph) -> dict[str, None]:
    """List the actions that a graph and its bodies name."""
    own: dict[str, None] = {}
    for node in graph.nodes.values():
        if isinstance(node, CallNode | ProposeNode):
            own[node.action] = None
        if node.undo is not None:
            own[node.undo.action] = None
    for body in graph.graphs.values():
        own |= _actions(body)
    return own


def _import(module: str, names: list[str]) -> list[str]:
    """Import names as import sorters order them: constants, classes, functions."""
    ordered = sorted(names, key=lambda name: (name[0].islower(), name))
    return [f"from {module} import {', '.join(ordered)}"] if names else []


# --- the head of a function


def _parameters(graph: Graph) -> Parameters:
    """Write inputs as parameters, those without default first."""
    found = {
        name: _parameter(name, schema)
        for name, schema in graph.inputs.items()
        if is_name(name) and name not in HELPERS
    }
    return dict(sorted(found.items(), key=lambda item: not item[1].required))


def _parameter(name: str, schema: Schema) -> _Parameter:
    rest, default, is_exact = schema, "", True
    if isinstance(schema, dict) and "default" in schema:
        rest = {key: part for key, part in schema.items() if key != "default"}
        value = schema["default"]
        default = f" = {literal(value)}"
        is_exact = type(value) is PLAIN.get(canonical(rest))
    annotation = ANNOTATIONS.get(canonical(rest))
    if annotation is None or not is_exact:
        return _Parameter(text=f"{name}: Any", is_exact=False)
    return _Parameter(text=f"{name}: {annotation}{default}", is_exact=True)


def _first_input(body: Graph | None) -> str | None:
    """Find the input that takes an item, as `each` does."""
    parameters: Parameters = {} if body is None else _parameters(body)
    names = list(parameters)
    required = [name for name, parameter in parameters.items() if parameter.required]
    return names[0] if names and required in ([], [names[0]]) else None


def _decorator(
    graph: Graph, name: str, *, bodies: Mapping[str, str], is_described: bool
) -> list[str]:
    parameters = _parameters(graph)
    inputs: dict[str, Json] = {
        input_: schema
        for input_, schema in graph.inputs.items()
        if input_ not in parameters or not parameters[input_].is_exact
    }
    used = {n.graph for n in graph.nodes.values() if isinstance(n, WithBody)}
    declared = {
        entry: function
        for entry, function in bodies.items()
        if entry not in used or entry != graph.graphs[entry].name
    }
    entries = ", ".join(f"{literal(entry)}: {function}" for entry, function in declared.items())
    retry = graph.defaults.retry
    told = {
        "description": None if is_described else literal(graph.description),
        "inputs": literal(inputs) if inputs else None,
        "types": literal(dict(graph.types)) if graph.types else None,
        "graphs": f"{{{entries}}}" if declared else None,
        "timeout": duration_python(graph.defaults.timeout_ms),
        "retry": None if retry is None else retry_python(retry),
    }
    if not graph.description:
        told["description"] = None
    parts = [literal(graph.name)] * (graph.name != name)
    parts += [f"{key}={value}" for key, value in told.items() if value is not None]
    return fitted("@graph", [("", parts)], "") if parts else ["@graph"]


def _signature(name: str, parameters: Parameters) -> list[str]:
    texts = [parameter.text for parameter in parameters.values()]
    *lines, last = fitted("def ", [(name, texts)], "")
    return [*lines, f"{last} -> Any:"]


def _docstring(graph: Graph) -> list[str]:
    """Write the description as a docstring, if it is read back as it is."""
    text = graph.description
    plain = text.isprintable() and text == text.strip() and not set(text) & set('"\\')
    return [f'"""{text}"""'] if text and plain else []
