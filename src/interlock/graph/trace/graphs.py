"""`@graph`: a function that describes a graph, and what it can be asked."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import (
    Any,
    Generic,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    Unpack,
    cast,
    final,
    overload,
)

from interlock.actions import NodeOptions, Registry
from interlock.errors import InputsInvalid, SourceMap, UsageError, ValueRefused
from interlock.graph.drafts import Draft
from interlock.graph.identifiers import NAME, free_id, name_problem
from interlock.graph.model import Defaults, Graph, GraphNode
from interlock.graph.reader import read_draft
from interlock.graph.trace.arguments import arguments, bind
from interlock.graph.trace.functions import (
    Declaration,
    Traced,
    add_graph,
    source_map,
    trace,
    tracing_now,
)
from interlock.graph.trace.options import read_duration_option, read_retry_option
from interlock.graph.trace.parameters import Parameter, read_parameters, refuse_unfit
from interlock.graph.trace.recording import current, open_site, record
from interlock.graph.trace.references import TracedReference
from interlock.graph.trace.results import LONE
from interlock.graph.trace.terms import Term
from interlock.graph.trace.texts import value_text
from interlock.graph.trace.tracing import Tracing
from interlock.graph.writer import to_document
from interlock.values import Json, Schema

P = ParamSpec("P")
R = TypeVar("R")


@final
class GraphFunction(Generic[P, R]):
    """A function that describes a graph; made by `@graph`.

    The function runs once, when the graph is first asked for. Called inside of another graph
    function, it becomes a node of that graph. `func` is the function.
    """

    def __init__(
        self,
        func: Callable[P, R],
        declaration: Declaration,
        *,
        inputs: Mapping[str, Schema],
        graphs: Mapping[str, "AnyGraphFunction"],
    ) -> None:
        self.func = func
        self.name = declaration.name
        self._declaration = declaration
        self._inputs = inputs
        self._graphs = graphs
        self._within = False
        self.__doc__ = func.__doc__
        self.__name__ = getattr(func, "__name__", declaration.name)
        self.__module__ = func.__module__
        self.__wrapped__ = func

    # --- what it describes

    @cached_property
    def graph(self) -> Graph:
        """The graph.

        Raises:
            DocumentInvalid: a name, a limit or a shape is wrong.
            UsageError: the function does what a graph cannot.
        """
        return self.draft.whole()

    @cached_property
    def draft(self) -> Draft:
        """The graph, read as its document is read, and what is wrong with it.

        Raises:
            UsageError: the function does what a graph cannot.
        """
        found = read_draft(to_document(self.traced.graph))
        return replace(found, source=self.source, claims=self.traced.claims)

    @property
    def document(self) -> dict[str, Json]:
        """The tree of the canonical document."""
        return to_document(self.graph)

    @cached_property
    def registry(self) -> Registry:
        """The actions that the graph and its bodies use.

        Raises:
            ActionInvalid: two of them have one name.
        """
        return Registry(self.traced.actions)

    @cached_property
    def source(self) -> SourceMap | None:
        """Where its nodes stand in the file of the function, for diagnostics."""
        return source_map(self.func.__code__, self.traced.places)

    @cached_property
    def traced(self) -> Traced:
        """What tracing has found; use `graph`, `registry` and `source`."""
        if self._within:
            raise UsageError(
                f"graph `{self.name}` contains itself",
                hint="a graph that contains itself never ends; use `each` to repeat a body",
                code="IL1118",
            )
        self._within = True
        try:
            return trace(
                self.func,
                self._declaration,
                inputs={**{n: p.schema() for n, p in self.parameters.items()}, **self._inputs},
                parameters=tuple(self.parameters),
                prepare=self._declare_graphs,
            )
        finally:
            self._within = False

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters of the function."""
        return read_parameters(self.func, words=f"`{self.name}`", free=self._inputs)

    def _declare_graphs(self, tracing: Tracing) -> None:
        for name, function in self._graphs.items():
            tracing.local_names[id(function)] = name
            add_graph(tracing, name, function.traced)

    def encode(self, inputs: Mapping[str, object]) -> dict[str, Json]:
        """Write inputs as JSON data, each by its annotation.

        Raises:
            InputsInvalid: one has no JSON form. Whether they fit is checked when the run starts.
        """
        found: dict[str, Json] = {}
        for name, value in inputs.items():
            known = self.parameters.get(name)
            unknown = Parameter(name=name, words=f"input `{name}` of `{self.name}`")
            try:
                found[name] = (known or unknown).encode(value)
            except ValueRefused as error:
                raise InputsInvalid(error.message, hint=error.hint) from error
        return found

    # --- as a node of another graph

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Record a node that runs this graph, inside of another `@graph` function only."""
        return self._call(args, kwargs, {})

    def using(self, **options: Unpack[NodeOptions]) -> Callable[P, R]:
        """Return the graph with options for one node: `report.using(id="daily")(...)`."""

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return self._call(args, kwargs, cast(Mapping[str, object], options))

        return call

    def _call(
        self, args: tuple[object, ...], kwargs: Mapping[str, object], options: Mapping[str, object]
    ) -> R:
        if tracing_now() is None:
            raise UsageError(
                f"graph `{self.name}` was called outside of a graph",
                hint=f"run it: `run({self.__name__}, ...)`",
            )
        words = f"graph `{self.name}`"
        tracing = current(words)
        how = f'{self.__name__}.using(id="{{}}")(...)'
        site = open_site(tracing, options, words=words, short=self.name, how=how)
        given = bind(tuple(self.parameters), args, kwargs, words=words)
        hints = {name: p.hint for name, p in self.parameters.items() if p.annotation is not None}
        name = self.add_to(tracing)
        with_ = {
            **arguments(given, tracing, words=words, hints=hints),
            **captured(self.traced, tracing),
        }
        node = GraphNode(id=site.id, graph=name, with_=with_, **site.settings)
        found = record(tracing, site, node, schema=lambda: True)
        return cast(R, found[LONE] if self.traced.lone else found)

    def add_to(self, tracing: Tracing) -> str:
        """Make it a local graph of the graph that uses it; returns its name there."""
        name = tracing.local_names.setdefault(id(self), self.name)
        add_graph(tracing, name, self.traced)
        return name

    def __repr__(self) -> str:
        return f"<graph {self.name}>"


AnyGraphFunction: TypeAlias = GraphFunction[..., Any]


def captured(traced: Traced, tracing: Tracing) -> dict[str, Json]:
    """Write the arguments that carry captured values into a body."""
    return {
        name: value_text(Term((path,)), tracing.write) for name, path in traced.captures.items()
    }


class GraphDecorator(Protocol):
    """What `graph(...)` with options returns."""

    def __call__(self, func: Callable[P, R], /) -> GraphFunction[P, R]: ...


@overload
def graph(func: Callable[P, R], /) -> GraphFunction[P, R]: ...
@overload
def graph(
    name: str | None = None,
    /,
    *,
    description: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    types: Mapping[str, Any] | None = None,
    graphs: Mapping[str, AnyGraphFunction] | None = None,
    timeout: object = None,
    retry: object = None,
) -> GraphDecorator: ...
def graph(
    name: str | Callable[..., object] | None = None,
    /,
    *,
    description: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    types: Mapping[str, Any] | None = None,
    graphs: Mapping[str, AnyGraphFunction] | None = None,
    timeout: object = None,
    retry: object = None,
) -> object:
    """Make a graph of a function.

    The parameters are its inputs, what is returned are its outputs: a dict of them, or a single
    value, which becomes the output `result`.

    Args:
        name: the name of the graph; the function's name unless given.
        description: the first line of the docstring, unless given.
        inputs: JSON Schemas that stand in place of annotations.
        types: JSON Schemas that `{"$ref": "#/types/NAME"}` refers to.
        graphs: local graphs by name, used or not; those that are called are added by themselves.
        timeout: of each node that does not say otherwise, such as `30s`.
        retry: of each node that does not say otherwise: a number of attempts, or a `Retry`.

    Raises:
        UsageError: the function cannot describe a graph.
    """

    def decorate(func: Callable[..., object]) -> AnyGraphFunction:
        refuse_unfit(func, words=f"`{getattr(func, '__name__', func)}`")
        doc = inspect.cleandoc(func.__doc__ or "").partition("\n")[0]
        declaration = Declaration(
            name=_name(name if isinstance(name, str) else func.__name__),
            description=doc if description is None else description,
            types=types or {},
            defaults=Defaults(
                timeout_ms=read_duration_option("timeout", timeout, words="`@graph`"),
                retry=read_retry_option(retry, words="`@graph`"),
            ),
        )
        return GraphFunction(func, declaration, inputs=inputs or {}, graphs=graphs or {})

    return decorate(name) if callable(name) else decorate


def _name(name: str) -> str:
    problem = name_problem(name, NAME, pointer="", what="a graph", on_key=False)
    if problem is not None:
        hint = f'name it: `@graph("{free_id(name, ())}")`'
        raise UsageError(problem.message, hint=hint, code=problem.code)
    return name


@final
class Enclosing:
    """A graph of a graph around this one, by its name there (see `enclosing`)."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, **kwargs: object) -> TracedReference:
        return self._call(kwargs, {})

    def using(self, **options: Unpack[NodeOptions]) -> Callable[..., TracedReference]:
        """Return it with options for one node."""

        def call(**kwargs: object) -> TracedReference:
            return self._call(kwargs, cast(Mapping[str, object], options))

        return call

    def _call(self, kwargs: Mapping[str, object], options: Mapping[str, object]) -> TracedReference:
        words = f"graph `{self.name}`"
        tracing = current(words)
        how = f'enclosing("{self.name}").using(id="{{}}")(...)'
        site = open_site(tracing, options, words=words, short=self.name, how=how)
        with_ = arguments(kwargs, tracing, words=words)
        node = GraphNode(id=site.id, graph=self.name, with_=with_, **site.settings)
        return record(tracing, site, node, schema=lambda: True)


def enclosing(name: str) -> Enclosing:
    """Name a graph that a graph around this one has among its `graphs`."""
    return Enclosing(name)
