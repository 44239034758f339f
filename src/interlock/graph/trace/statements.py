"""One graph as the body of a Python function: a statement for each node, and what is returned."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from interlock.graph.model import (
    AnyNode,
    CallNode,
    FirstOfNode,
    GateNode,
    Graph,
    GraphNode,
    MapNode,
    ProposeNode,
    RepeatNode,
    Retry,
    Undo,
    WaitNode,
)
from interlock.graph.trace.ordering import written_order
from interlock.graph.trace.spelling import (
    Name,
    expression_python,
    is_name,
    literal,
    spell,
    steps_python,
    value_python,
)
from interlock.graph.trace.terms import Step
from interlock.values import Json, NodeId, duration_text, immutable, mutable

# A function and its arguments; one without a name calls what the call before it gave.
Call: TypeAlias = tuple[str, list[str]]

WIDTH = 100
INDENT = "    "
FACETS = {"error": "error_of", "output": "output_of", "status": "status"}


@immutable()
class Surroundings:
    """What a function finds around it.

    Attributes:
        parameters: the inputs that are parameters.
        action: gives the variable of an action.
        body: gives what stands for a graph, by the name that a node uses.
        first_input: gives the input that takes an item, by the same name; None if there is none.
        taken: names that no variable may hide.
    """

    parameters: tuple[str, ...]
    action: Callable[[str], str]
    body: Callable[[str], str]
    first_input: Callable[[str], str | None]
    taken: frozenset[str]


@mutable()
class Statements:
    """Writes the statements of one graph."""

    graph: Graph
    around: Surroundings
    variables: dict[NodeId, str] = field(default_factory=dict)

    def lines(self, *, single: bool) -> list[str]:
        """Write all statements; `single`: a lone output `result` is returned as it is."""
        found: list[str] = []
        for id_ in written_order(self.graph):
            node = self.graph.nodes[id_]
            if node.when is None:
                found += self._statement(node, "")
            else:
                found.append(f"with when({spell(node.when, self._name) or literal(node.when)}):")
                found += self._statement(node, INDENT)
            self.variables[id_] = self._variable(id_)
        return [*found, *self._returned(single=single)]

    # --- names

    def _variable(self, id_: NodeId) -> str:
        name = str(id_)
        while name in self.around.taken or name in self.around.parameters or not is_name(name):
            name += "_"
        return name

    def _name(self, root: str, steps: tuple[Step, ...]) -> str | None:
        """Give the Python of a path (see `spelling.Name`)."""
        first = str(steps[0]) if steps else ""
        if root == "inputs":
            known = first in self.around.parameters and isinstance(steps[0], str)
            return steps_python(first, steps[1:]) if known else None
        if root == "nodes":
            variable = self.variables.get(NodeId(first))
            facet = FACETS.get(str(steps[1])) if len(steps) > 1 else None
            if variable is None or facet is None:
                return None
            return steps_python(f"{facet}({variable})", steps[2:])
        variable = self.variables.get(NodeId(root))
        return None if variable is None else steps_python(variable, steps)

    def _with_item(self, item: str) -> Name:
        return lambda root, steps: (
            steps_python(item, steps) if root == item else self._name(root, steps)
        )

    # --- nodes

    def _statement(self, node: AnyNode, indent: str) -> list[str]:
        variable = self._variable(node.id)
        options = [f"id={literal(node.id)}"] * (variable != node.id) + self._options(node)
        return fitted(f"{indent}{variable} = ", self._call(node, options), indent)

    def _call(self, node: AnyNode, options: list[str]) -> list[Call]:
        """Give the calls in a row that make a node."""
        match node:
            case CallNode():
                return _using(self.around.action(node.action), options, self._arguments(node))
            case GraphNode():
                return _using(self.around.body(node.graph), options, self._arguments(node))
            case ProposeNode():
                told = [self.around.action(node.action), *_proposing(node), *options]
                return [("propose", told), ("", self._arguments(node))]
            case MapNode():
                return [("each", [*self._mapping(node), *options])]
            case RepeatNode():
                told = [self.around.body(node.graph), *self._repeating(node), *options]
                return [("repeat", told), ("", self._arguments(node))]
            case WaitNode():
                return [("wait", [*_waiting(node), *options])]
            case GateNode():
                return [("gate", [value_python(node.ask, self._name), *_asking(node), *options])]
            case FirstOfNode():
                return [("first_of", [*map(self._node, node.of), *options])]

    def _repeating(self, node: RepeatNode) -> Iterator[str]:
        yield f"until={literal(node.until)}"
        yield f"max={node.max}"
        if node.carry:
            yield f"carry={value_python(dict(node.carry), self._name)}"
        if node.on_max != "fail":
            yield f"on_max={literal(node.on_max)}"

    def _arguments(self, node: AnyNode) -> list[str]:
        given: Mapping[str, Json] = node.with_
        named = [f"{n}={value_python(v, self._name)}" for n, v in given.items() if is_name(n)]
        rest = {name: value for name, value in given.items() if not is_name(name)}
        return [*named, f"**{value_python(rest, self._name)}"] if rest else named

    def _mapping(self, node: MapNode) -> Iterator[str]:
        yield self.around.body(node.graph)
        yield expression_python(node.over, self._name)
        yield from self._item(node)
        if node.key is not None:
            yield f"key={literal(node.key)}"
        if node.limit is not None:
            yield f"limit={node.limit}"
        if node.failures_max:
            yield f"failures_max={node.failures_max}"

    def _item(self, node: MapNode) -> Iterator[str]:
        """Say what the body is given."""
        item, first = node.as_, self.around.first_input(node.graph)
        if first is not None and dict(node.with_) == {first: f"${{{{ {item} }}}}"}:
            if first != item:
                yield f"as_={literal(item)}"
            return
        hides = {*self.around.taken, *self.around.parameters, *self.variables.values()}
        if is_name(item) and item not in hides:
            yield f"with_=lambda {item}: {value_python(dict(node.with_), self._with_item(item))}"
        else:
            yield f"as_={literal(item)}"
            yield f"with_={value_python(dict(node.with_), self._name)}"

    def _options(self, node: AnyNode) -> list[str]:
        found: dict[str, str | None] = {
            "needs": self._nodes(node.needs),
            "after": self._nodes(node.after),
            "require": _conditions(node.require),
            "ensure": _conditions(node.ensure),
            "retry": None if node.retry is None else retry_python(node.retry),
            "timeout": duration_python(node.timeout_ms),
            "deadline": duration_python(node.deadline_ms),
            "on_error": None if node.on_error == "fail" else literal(node.on_error),
            "returns": None if node.returns is None else literal(node.returns),
            "undo": self._undo(node.undo),
        }
        if isinstance(node, WaitNode):
            found["returns"] = None
        return [f"{name}={value}" for name, value in found.items() if value is not None]

    def _undo(self, undo: Undo | None) -> str | None:
        if undo is None:
            return None
        action = self.around.action(undo.action)
        given = value_python(dict(undo.with_), self._name)
        return f"({action}, {given})" if undo.with_ else action

    def _nodes(self, ids: tuple[NodeId, ...]) -> str | None:
        named = [self._node(id_) for id_ in ids]
        return f"[{', '.join(named)}]" if named else None

    def _node(self, id_: NodeId) -> str:
        return self.variables.get(id_, literal(str(id_)))

    # --- outputs

    def _returned(self, *, single: bool) -> list[str]:
        outputs = self.graph.outputs
        lone = outputs.get("result") if len(outputs) == 1 else None
        if single and isinstance(lone, str):
            return [f"return {self._output('result')}"]
        if outputs:
            entries = [f"{literal(name)}: {self._output(name)}" for name in outputs]
            return fitted("return ", [("", entries)], "", brackets="{}")
        return [] if self.graph.nodes else ["pass"]

    def _output(self, name: str) -> str:
        value = value_python(self.graph.outputs[name], self._name)
        return f"optional({value})" if name in self.graph.optional else value


def _using(name: str, options: list[str], arguments: list[str]) -> list[Call]:
    return [(f"{name}.using", options), ("", arguments)] if options else [(name, arguments)]


def _proposing(node: ProposeNode) -> Iterator[str]:
    if node.actions:
        yield f"actions={literal(list(node.actions))}"
    if node.repairs_max:
        yield f"repairs_max={node.repairs_max}"


def _waiting(node: WaitNode) -> Iterator[str]:
    if node.for_ms is not None:
        yield literal(duration_text(node.for_ms))
    if node.signal is not None:
        yield f"signal={literal(node.signal)}"
    if node.returns is not None:
        yield f"returns={literal(node.returns)}"


def _asking(node: GateNode) -> Iterator[str]:
    if node.to:
        yield f"to={literal(list(node.to))}"
    if node.covers:
        yield f"covers={literal([*node.covers])}"
    if node.bounds:
        yield f"bounds={literal({str(id_): bound for id_, bound in node.bounds.items()})}"
    if node.quorum != 1:
        yield f"quorum={node.quorum}"
    if node.expires_ms is not None:
        yield f"expires={literal(duration_text(node.expires_ms))}"
    if node.on_refused != "fail":
        yield f"on_refused={literal(node.on_refused)}"


def _conditions(conditions: tuple[str, ...]) -> str | None:
    if not conditions:
        return None
    return literal(conditions[0] if len(conditions) == 1 else list(conditions))


def retry_python(retry: Retry) -> str:
    """Write a `Retry`: the number of attempts, where the rest is usual."""
    if retry == Retry(attempts=retry.attempts):
        return str(retry.attempts)
    usual = Retry()
    fields = ("attempts", "delay_ms", "backoff", "delay_max_ms", "feedback")
    told = [
        f"{name}={getattr(retry, name)!r}"
        for name in fields
        if getattr(retry, name) != getattr(usual, name)
    ]
    return f"Retry({', '.join(told)})"


def duration_python(ms: int | None) -> str | None:
    """Write a duration as text."""
    return None if ms is None else literal(duration_text(ms))


def fitted(head: str, calls: Sequence[Call], indent: str, *, brackets: str = "()") -> list[str]:
    """Write calls in a row on one line if they fit; else the arguments of the last one a line."""
    opening, closing = brackets
    lines = [head]
    for at, (name, parts) in enumerate(calls):
        short = f"{name}{opening}{', '.join(parts)}{closing}"
        room = WIDTH - len(INDENT) - (1 if at < len(calls) - 1 else 0)
        if len(lines[-1]) + len(short) <= room or not parts:
            lines[-1] += short
            continue
        lines[-1] += f"{name}{opening}"
        lines += [f"{indent}{INDENT}{part}," for part in parts]
        lines.append(f"{indent}{closing}")
    return lines
