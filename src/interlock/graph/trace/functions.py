"""Tracing a function: its body runs once, on references, and what it did is the graph."""

import linecache
from collections.abc import Callable, Mapping
from dataclasses import field
from types import CodeType

from interlock.actions import TRACER, AnyAction
from interlock.errors import SourceMap, Span, UsageError
from interlock.graph.drafts import Claim
from interlock.graph.model import Defaults, Graph
from interlock.graph.trace.callers import Caller
from interlock.graph.trace.recording import Recorder
from interlock.graph.trace.results import read_outputs
from interlock.graph.trace.returns import read_claim
from interlock.graph.trace.terms import Path
from interlock.graph.trace.tracing import Tracing
from interlock.values import Schema, immutable


@immutable()
class Declaration:
    """What is said of a graph beside its function."""

    name: str
    description: str = ""
    types: Mapping[str, Schema] = field(default_factory=dict[str, Schema])
    defaults: Defaults = field(default_factory=Defaults)


@immutable()
class Traced:
    """A graph that was traced.

    Attributes:
        captures: by input, the values of outer graphs that it reads.
        actions: those that it and its bodies use.
        places: by pointer into the document, where a node was written.
        lone: whether the function returns a single value.
        claims: by pointer into the document, what a function is annotated to return.
    """

    graph: Graph
    captures: Mapping[str, Path]
    actions: tuple[AnyAction, ...]
    places: Mapping[str, Caller]
    lone: bool
    claims: Mapping[str, Claim]


def trace(
    function: Callable[..., object],
    declaration: Declaration,
    *,
    inputs: Mapping[str, Schema],
    parameters: tuple[str, ...],
    prepare: Callable[[Tracing], None] = lambda _: None,
) -> Traced:
    """Run a function on references to its inputs.

    Args:
        function: takes `parameters` by name.
        declaration: what is said beside it.
        inputs: the schemas of the inputs.
        parameters: those of the inputs that the function takes.
        prepare: is called before the function.
    """
    tracing = Tracing(declaration.name, parent=tracing_now())
    tracing.inputs.update(inputs)
    token = TRACER.set(Recorder(tracing))
    try:
        prepare(tracing)
        returned = function(**{name: tracing.input(name) for name in parameters})
        outputs = read_outputs(returned, tracing)
    finally:
        TRACER.reset(token)
    claim = read_claim(function, words=f"`{declaration.name}`", form=outputs.form)
    code = getattr(function, "__code__", None)
    if claim is not None and isinstance(code, CodeType):
        tracing.places[""] = Caller(file=code.co_filename, span=_head_of(code))
    tracing.refuse_unused()
    graph = Graph(
        name=declaration.name,
        description=declaration.description,
        types=declaration.types,
        defaults=declaration.defaults,
        inputs=tracing.inputs,
        nodes=tracing.nodes,
        graphs=tracing.graphs,
        outputs=outputs.templates,
        optional=outputs.optional,
    )
    return Traced(
        graph=graph,
        captures=tracing.captures,
        actions=tuple(tracing.actions),
        places=tracing.places,
        lone=outputs.form == "lone",
        claims=tracing.claims if claim is None else {**tracing.claims, "": claim},
    )


def tracing_now() -> Tracing | None:
    """Give the graph that is being traced, if there is one."""
    recorder = TRACER.get()
    return recorder.tracing if isinstance(recorder, Recorder) else None


def source_map(code: CodeType, places: Mapping[str, Caller]) -> SourceMap | None:
    """Say where the nodes of a graph stand in the file of its function; None without a file."""
    head = _head_of(code)
    if head is None:
        return None
    here = {
        pointer: caller.span
        for pointer, caller in places.items()
        if caller.span is not None and caller.file == code.co_filename
    }
    text = "".join(linecache.getlines(code.co_filename))
    values = {**here, "": head}
    return SourceMap(file=code.co_filename, text=text, values=values, keys={}, is_python=True)


def _head_of(code: CodeType) -> Span | None:
    """Give the place of the `def` of a function; None without a file."""
    text = "".join(linecache.getlines(code.co_filename))
    return _head(text, code.co_firstlineno) if text else None


def _head(text: str, first: int) -> Span:
    """Give the place of `def`, which stands below the decorators."""
    lines = text.splitlines()
    for number, line in enumerate(lines[first - 1 :], start=first):
        if line.lstrip().startswith("def "):
            bare = line.strip()
            return Span(line=number, column=line.index(bare) + 1, length=len(bare))
    return Span(line=first, column=1, length=1)


def add_graph(tracing: Tracing, name: str, traced: Traced) -> None:
    """Make a traced graph a local graph of another one.

    Raises:
        UsageError: the name stands for another graph there.
    """
    if tracing.graphs.get(name, traced.graph) != traced.graph:
        raise UsageError(
            f"graph `{tracing.name}` uses two different graphs named `{name}`",
            hint=f'give one of them another name: `@graph("{name}_2")`',
            code="IL1152",
        )
    tracing.graphs[name] = traced.graph
    tracing.actions += traced.actions
    for pointer, caller in traced.places.items():
        tracing.places[f"/graphs/{name}{pointer}"] = caller
    for pointer, claim in traced.claims.items():
        tracing.claims[f"/graphs/{name}{pointer}"] = claim
