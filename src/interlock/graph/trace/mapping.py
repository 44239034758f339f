"""`each`: a body for each item of a list."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar, Unpack, cast, overload

from interlock.actions import Action, AnyAction, CommonOptions
from interlock.errors import UsageError
from interlock.graph.identifiers import NAME, free_id, id_problem
from interlock.graph.model import MapNode
from interlock.graph.trace.arguments import arguments, hints_of
from interlock.graph.trace.functions import Declaration, Traced, add_graph, trace
from interlock.graph.trace.graphs import AnyGraphFunction, Enclosing, GraphFunction, captured
from interlock.graph.trace.mapped import Mapped
from interlock.graph.trace.parameters import Parameter, read_parameters, refuse_unfit
from interlock.graph.trace.recording import current, open_site, record
from interlock.graph.trace.references import TracedReference, list_of, map_reference
from interlock.graph.trace.tracing import Tracing
from interlock.values import Json, NodeId, Schema, immutable, select

T = TypeVar("T")
R = TypeVar("R")

WORDS = "`each`"
With: TypeAlias = Callable[[T], Mapping[str, Any]] | Mapping[str, Any]
AnyBody: TypeAlias = Callable[..., Any] | Enclosing


@immutable()
class Body:
    """The graph of a body, ready to be named by a node.

    Attributes:
        name: its name among the local graphs.
        item: the input that takes the item; None when `with_` says what goes where.
        captured: the arguments that carry values of the graph around it.
        lone: whether it returns a single value.
    """

    name: str
    item: str | None
    captured: Mapping[str, Json]
    lone: bool


@overload
def each(
    body: Callable[[T], R],
    over: Iterable[T],
    /,
    *,
    key: Callable[[T], object] | str | None = None,
    limit: int | None = None,
    failures_max: int = 0,
    as_: str | None = None,
    **options: Unpack[CommonOptions],
) -> Mapped[R]: ...
@overload
def each(
    body: Callable[..., R] | Enclosing,
    over: Iterable[T],
    /,
    *,
    with_: With[T],
    key: Callable[[T], object] | str | None = None,
    limit: int | None = None,
    failures_max: int = 0,
    as_: str | None = None,
    **options: Unpack[CommonOptions],
) -> Mapped[R]: ...
def each(
    body: AnyBody,
    over: object,
    /,
    *,
    with_: With[Any] | None = None,
    key: Callable[[Any], object] | str | None = None,
    limit: int | None = None,
    failures_max: int = 0,
    as_: str | None = None,
    **options: Unpack[CommonOptions],
) -> object:
    """Run a body for each item of a list, many at a time.

    Args:
        body: a function of one item (which may be a `lambda`), an action, or a graph function.
            What it reads of the graph around it becomes its inputs.
        over: the list.
        with_: a function of the item that gives the body's arguments by name, for bodies that take
            more than the item.
        key: a function of the item that gives it a name that stays, for paths such as
            `docs["a7"]`; the index, unless given. A source without a stable order needs it.
        limit: how many run at a time.
        failures_max: how many may fail before the node fails and the rest is cancelled.
        as_: what expressions call the item; unless given, what `with_` or the body calls it.
        options: the options of any node.
    """
    tracing = current(WORDS)
    how = 'each(..., id="{}")'
    settings = cast(Mapping[str, object], options)
    site = open_site(tracing, settings, words=WORDS, short=name_of(body), how=how)
    items, unwrap = list_of(over) or (tracing.condition(over), ())
    namer = with_ if callable(with_) else body
    as_ = as_ or _item_name(_parameter(namer), tracing, own=site.id)
    tracing.items.add(as_)
    item = tracing.local(as_)
    for step in unwrap:
        item = item[step]
    schema = select(tracing.item_schema(items), unwrap).schema
    used = trace_body(body, tracing, id_=site.id, item=None if with_ is not None else schema)
    with tracing.seeing(as_):
        given = arguments(_with(with_, used, item=item, tracing=tracing), tracing, words=WORDS)
        named = _key(key, item, tracing)
    node = MapNode(
        id=site.id,
        graph=used.name,
        over=tracing.write(items),
        as_=as_,
        key=named,
        limit=limit,
        failures_max=failures_max,
        with_={**given, **used.captured},
        **site.settings,
    )
    found = record(tracing, site, node, schema=lambda: True)
    return map_reference(found) if used.lone else found


def _with(
    given: With[Any] | None, body: Body, *, item: TracedReference, tracing: Tracing
) -> Mapping[str, object]:
    """Give the arguments that the author wrote."""
    if given is None:
        return {body.item or "item": item}
    found = tracing.expressions("`with_`", given, item) if callable(given) else given
    if not isinstance(found, Mapping):
        raise UsageError(
            f"`with_` of `each` gives {found!r:.60}, which is no dict of arguments",
            hint='write `with_=lambda item: {"url": item.url}`',
            code="IL1153",
        )
    return cast(Mapping[str, object], found)


def _key(
    key: Callable[[Any], object] | str | None, item: TracedReference, tracing: Tracing
) -> str | None:
    if key is None:
        return None
    found = tracing.expressions("`key`", key, item) if callable(key) else key
    return tracing.write(tracing.condition(found))


# --- names


def name_of(body: AnyBody) -> str:
    if isinstance(body, Action | GraphFunction | Enclosing):
        return body.name
    name = getattr(body, "__name__", "")
    return name if name.isidentifier() else "each"


def _parameter(body: AnyBody) -> str:
    """Give the first parameter, which is what the author calls an item."""
    return next(iter(parameters_of(body)), "item")


def parameters_of(body: AnyBody) -> tuple[str, ...]:
    """Give the parameters of a body, if they are known."""
    names: tuple[str, ...] = ()
    if isinstance(body, Action):
        names = tuple(hints_of(cast(AnyAction, body)))
    elif isinstance(body, GraphFunction):
        names = tuple(cast(AnyGraphFunction, body).parameters)
    elif not isinstance(body, Enclosing):
        names = tuple(read_parameters(body, words=_words(body), free=None))
    return names


def _item_name(wish: str, tracing: Tracing, *, own: NodeId) -> str:
    taken = tracing.nodes.keys() | {own}
    fits = wish not in taken and id_problem(wish, pointer="", taken=taken) is None
    return wish if fits else free_id(wish, taken)


def _words(body: AnyBody) -> str:
    name = name_of(body)
    return "the body of `each`" if name == "each" else f"the body `{name}` of `each`"


# --- bodies


def trace_body(body: AnyBody, tracing: Tracing, *, id_: NodeId, item: Schema | None) -> Body:
    """Trace a body and make it a local graph; `item` is the schema of an item that it takes."""
    if isinstance(body, Enclosing):
        if item is not None:
            raise _unclear(body, "it is known by its name only")
        return Body(name=body.name, item=None, captured={}, lone=False)
    if isinstance(body, GraphFunction):
        function = cast(AnyGraphFunction, body)
        taken = None if item is None else _taker(function, function.parameters)
        name, traced = function.add_to(tracing), function.traced
    elif isinstance(body, Action):
        taken, traced = _of_action(cast(AnyAction, body), item)
        name = _add(traced, tracing)
    else:
        taken, traced = _of_function(body, item, id_=id_)
        name = _add(traced, tracing)
    return Body(name=name, item=taken, captured=captured(traced, tracing), lone=traced.lone)


def _of_action(action: AnyAction, item: Schema | None) -> tuple[str | None, Traced]:
    """Make a graph of one node that calls the action with what it is given."""
    schema = action.manifest.arguments
    names = tuple(hints_of(action))
    inputs = {name: select(schema, (name,)).schema for name in names}
    required = schema.get("required", ()) if isinstance(schema, dict) else ()
    taken = _first(action, names, [name for name in names if name in cast(list[str], required)])
    id_ = free_id(action.name.rpartition(".")[2], ())
    given = (taken,) if item is not None else names

    def call(**arguments: object) -> object:
        return action.using(id=id_)(**arguments)

    declaration = Declaration(name=id_)
    traced = trace(
        call, declaration, inputs={name: inputs[name] for name in given}, parameters=given
    )
    return (taken if item is not None else None), traced


def _of_function(
    function: Callable[..., object], item: Schema | None, *, id_: NodeId
) -> tuple[str | None, Traced]:
    words = _words(function)
    refuse_unfit(function, words=words)
    parameters = read_parameters(function, words=words, free=None)
    taken = None if item is None else _taker(function, parameters)
    inputs = {name: parameter.schema() for name, parameter in parameters.items()}
    if taken is not None and item is not None and parameters[taken].annotation is None:
        inputs[taken] = item
    name = getattr(function, "__name__", "")
    declaration = Declaration(name=name if NAME.fullmatch(name) else id_)
    return taken, trace(function, declaration, inputs=inputs, parameters=tuple(parameters))


def _add(traced: Traced, tracing: Tracing) -> str:
    """Make a body without a name of its own a local graph, under a free name."""
    wish = traced.graph.name
    taken = {name for name, graph in tracing.graphs.items() if graph != traced.graph}
    name = wish if wish not in taken else free_id(wish, taken)
    add_graph(tracing, name, traced)
    return name


def _taker(body: AnyBody, parameters: Mapping[str, Parameter]) -> str:
    required = [name for name, parameter in parameters.items() if parameter.required]
    return _first(body, tuple(parameters), required)


def _first(body: AnyBody, names: tuple[str, ...], required: list[str]) -> str:
    """Give the parameter that takes the item, as a call with one argument would."""
    if not names or required not in ([], [names[0]]):
        raise _unclear(body, f"it takes {', '.join(required) or 'nothing'}")
    return names[0]


def _unclear(body: AnyBody, why: str) -> UsageError:
    return UsageError(
        f"{_words(body)} is given one item, but {why}",
        hint='say what goes where: `with_=lambda item: {"url": item.url}`',
        code="IL1155",
    )
