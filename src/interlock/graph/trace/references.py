"""References: what stands for a value while a graph is traced, since there is no value yet.

Reading a field, an index or an operator builds an expression. Whatever would need the value itself
raises, and says how to write it instead (`refusals` has the list).
"""

from collections.abc import Callable, Mapping
from typing import NoReturn, cast

from interlock.errors import UsageError, ValueRefused
from interlock.graph.expressions.functions import METHODS
from interlock.graph.trace import terms
from interlock.graph.trace.literals import as_json, is_plain, shown
from interlock.graph.trace.markers import Markers
from interlock.graph.trace.refusals import refuse_misuse
from interlock.graph.trace.terms import Path, Step, Term
from interlock.values import Json

PYTHON_METHODS = {"endswith": "endsWith", "startswith": "startsWith"}
OPERATORS = {
    "add": "+",
    "and": "&&",
    "eq": "==",
    "ge": ">=",
    "gt": ">",
    "le": "<=",
    "lt": "<",
    "mod": "%",
    "mul": "*",
    "ne": "!=",
    "or": "||",
    "sub": "-",
    "truediv": "/",
}
REFLECTED = ("add", "and", "mod", "mul", "or", "sub", "truediv")
UNARY = {"invert": "!", "neg": "-"}


class TracedReference:
    """Stands for a value of a graph that is being traced.

    Attributes whose names begin with `_` belong to Python: read such a field as `x["_id"]`.
    """

    __slots__ = ("_markers", "_term")
    _markers: Markers
    _term: Term

    def __init__(self, term: Term, markers: Markers) -> None:
        object.__setattr__(self, "_term", term)
        object.__setattr__(self, "_markers", markers)

    def __getattr__(self, name: str) -> "TracedReference":
        if name.startswith("_"):
            # Python probes for its protocols by such names, so that it must be this error.
            raise AttributeError(f'a reference has no `{name}`; read a field as x["{name}"]')
        return self._pick(name)

    def __getitem__(self, key: object) -> "TracedReference":
        if isinstance(key, TracedReference):
            return self._with(terms.element(self._term, term_of(key)))
        if isinstance(key, str):
            self._markers.refuse(key)
            return self._pick(key)
        if isinstance(key, slice):
            raise misuse(self, "a slice", "cut the list in an action")
        if isinstance(key, bool) or not isinstance(key, int):
            raise misuse(self, f"`[{shown(key)}]`", "pick by a field, an index or a reference")
        if key < 0:
            raise misuse(self, f"`[{key}]`", "an index counts from 0; pick the last in an action")
        return self._pick(key)

    def _pick(self, step: Step) -> "TracedReference":
        """Take one constant step; kinds of references that know better override it."""
        path = self._term.path
        if path is not None:
            return self._with(Term((path / step,)))
        if isinstance(step, int):
            return self._with(terms.element(self._term, terms.literal(step)))
        return self._with(terms.member(self._term, step))

    def _with(self, term: Term) -> "TracedReference":
        return TracedReference(term, self._markers)

    def __call__(self, *args: object, **kwargs: object) -> "TracedReference":
        path = self._term.path
        name = str(path.steps[-1]) if path is not None and path.steps else ""
        method = PYTHON_METHODS.get(name, name)
        if path is None or method not in METHODS or kwargs:
            cure = "pass the value to an action, or write a function of CEL in `cel(...)`"
            raise misuse(self, "a call", cure)
        target = Path(owner=path.owner, kind=path.kind, root=path.root, steps=path.steps[:-1])
        given = [operand(one, self._markers) for one in args]
        return self._with(terms.call(method, given, target=Term((target,))))

    def __format__(self, spec: str) -> str:
        if spec:
            cure = "leave the format out, or format the value in an action"
            raise misuse(self, f"the format `:{spec}`", cure)
        return self._markers.mark(self._term)

    def __repr__(self) -> str:
        return self._markers.show(self._term)

    def __copy__(self) -> "TracedReference":
        return self

    def __deepcopy__(self, memo: object) -> "TracedReference":
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise misuse(self, f"setting `.{name}`", "values never change; make a new one in an action")

    def __setitem__(self, key: object, value: object) -> NoReturn:
        raise misuse(self, "setting an item", "values never change; make a new one in an action")


def _add_operators() -> None:
    """Give references the operators of CEL."""

    def joining(sign: str, *, swapped: bool = False) -> Callable[..., object]:
        def method(self: TracedReference, other: object) -> TracedReference:
            mine, given = term_of(self), operand(other, _markers_of(self))
            left, right = (given, mine) if swapped else (mine, given)
            return _like(self, terms.binary(sign, left, right))

        return method

    def turning(sign: str) -> Callable[..., object]:
        def method(self: TracedReference) -> TracedReference:
            return _like(self, terms.unary(sign, term_of(self)))

        return method

    for name, sign in OPERATORS.items():
        setattr(TracedReference, f"__{name}__", joining(sign))
    for name in REFLECTED:
        setattr(TracedReference, f"__r{name}__", joining(OPERATORS[name], swapped=True))
    for name, sign in UNARY.items():
        setattr(TracedReference, f"__{name}__", turning(sign))


class TracedMap(TracedReference):
    """Stands for the output of a `map` whose body has the lone output `result`."""

    __slots__ = ()

    def _pick(self, step: Step) -> TracedReference:
        found = super()._pick(step)
        path = term_of(found).path
        if step != "results" or path is None:
            return found
        return TracedResults(path, self._markers)


class TracedResults(TracedReference):
    """Stands for the list of what the body returned, without the name `result` around each.

    The list in the document is one of objects; only where it is used as a whole, an expression is
    needed that takes them apart.
    """

    __slots__ = ("_list",)
    _list: Path

    def __init__(self, path: Path, markers: Markers) -> None:
        object.__setattr__(self, "_list", path)
        super().__init__(Term((path, ".map(each, each.result)")), markers)

    def _pick(self, step: Step) -> TracedReference:
        if isinstance(step, int):
            return self._with(Term((self._list / step / "result",)))
        return super()._pick(step)


def term_of(reference: TracedReference) -> Term:
    """Give the term that a reference has built."""
    # The name would be read as private, and any public name could be one of a field.
    return cast(Term, object.__getattribute__(reference, "_term"))


def _markers_of(reference: TracedReference) -> Markers:
    return cast(Markers, object.__getattribute__(reference, "_markers"))


def _like(reference: TracedReference, term: Term) -> TracedReference:
    return TracedReference(term, _markers_of(reference))


def map_reference(reference: TracedReference) -> TracedReference:
    """Give the reference to a `map` whose body returns a single value."""
    return TracedMap(term_of(reference), _markers_of(reference))


def list_of(value: object) -> tuple[Term, tuple[Step, ...]] | None:
    """Give the list behind the results of a map, and the steps from its items to values."""
    if isinstance(value, TracedResults):
        found = cast(Path, object.__getattribute__(value, "_list"))
        return Term((found,)), ("result",)
    return None


def operand(value: object, markers: Markers) -> Term:
    """Give the term of what stands beside a reference: another one, or a constant.

    Raises:
        UsageError: it is no JSON data.
    """
    match value:
        case TracedReference():
            return term_of(value)
        case list() | tuple():
            return terms.sequence([operand(part, markers) for part in cast(list[object], value)])
        case Mapping():
            entries = cast(Mapping[object, object], value)
            if not all(isinstance(key, str) for key in entries):
                raise _no_constant(entries, "its keys are no text")
            return terms.table({str(key): operand(part, markers) for key, part in entries.items()})
        case _:
            return _constant(value, markers)


def _constant(value: object, markers: Markers) -> Term:
    if isinstance(value, str):
        markers.refuse(value)
    try:
        return terms.literal(cast(Json, value) if is_plain(value) else as_json(value))
    except ValueRefused as error:
        raise _no_constant(value, error.message, hint=error.hint) from error


def _no_constant(value: object, why: str, *, hint: str = "") -> UsageError:
    return UsageError(
        f"{shown(value)} cannot stand in an expression: {why}",
        hint=hint or "use JSON data: text, numbers, booleans, None, lists, objects",
        code="IL1151",
    )


def misuse(reference: TracedReference, what: str, cure: str) -> UsageError:
    """Say that something needs the value of a reference."""
    text = term_of(reference).text
    return UsageError(
        f"{what} needs the value of `{text}`, which is known only when the graph runs",
        hint=cure,
        code="IL1151",
    )


_add_operators()
refuse_misuse(TracedReference, lambda it, what, cure: misuse(cast(TracedReference, it), what, cure))
