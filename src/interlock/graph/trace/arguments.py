"""Arguments: Python values with references anywhere in them, as templates of a document."""

from collections.abc import Mapping, Sequence
from typing import cast, final

from interlock.actions import Annotation, AnyAction
from interlock.errors import UsageError, ValueRefused
from interlock.graph.trace.literals import as_json, entries_of, is_plain
from interlock.graph.trace.references import TracedReference, term_of
from interlock.graph.trace.terms import Term
from interlock.graph.trace.texts import escaped, template_text, value_text
from interlock.graph.trace.tracing import Tracing
from interlock.values import Json, encode


@final
class Maybe:
    """An output that may be absent (see `optional`)."""

    def __init__(self, value: object) -> None:
        self.value = value


@final
class Verbatim:
    """Text that goes into the document as it is, `${{ }}` included (see `verbatim`)."""

    def __init__(self, text: str) -> None:
        self.text = text


def arguments(
    given: Mapping[str, object],
    tracing: Tracing,
    *,
    words: str,
    hints: Mapping[str, object] | None = None,
) -> dict[str, Json]:
    """Write arguments by name; `words` is what messages call what receives them."""
    known = hints or {}
    return {
        name: template(value, tracing, place=f"argument `{name}` of {words}", hint=known.get(name))
        for name, value in given.items()
    }


def bind(
    names: Sequence[str], args: Sequence[object], kwargs: Mapping[str, object], *, words: str
) -> dict[str, object]:
    """Give each argument its name; names that are missing or unknown are for the compiler.

    Raises:
        UsageError: there are more than names, or one is given twice.
    """
    if len(args) > len(names):
        takes = ", ".join(names) or "nothing by position"
        raise UsageError(
            f"{words} is given {len(args)} arguments by position, but takes {takes}",
            hint="write `name=value`",
            code="IL1155",
        )
    found = dict(zip(names, args, strict=False))
    for name in found.keys() & kwargs.keys():
        raise UsageError(
            f"{words} is given `{name}` twice: by position and by name",
            hint="remove one of them",
            code="IL1155",
        )
    return {**found, **kwargs}


def hints_of(action: AnyAction) -> Mapping[str, object]:
    """Give the annotations of an action's arguments; none when data describes it."""
    if action.schemas is not None:
        return {}
    signature = action.signature
    return {name: signature.hints[name] for name in signature.fields if name not in action.bound}


def template(value: object, tracing: Tracing, *, place: str, hint: object = None) -> Json:
    """Write a value as a template.

    Args:
        value: JSON data, models, dates and so on, with references anywhere in it.
        tracing: the graph that it stands in.
        place: what messages call it.
        hint: the annotation that says how a value without references becomes JSON data.

    Raises:
        UsageError: it has no JSON form.
    """
    try:
        tree = _Writer(tracing, place).write(value, hint)
        encode(tree)
    except ValueRefused as error:
        told = error.message if error.message.startswith(place) else f"{place}: {error.message}"
        raise UsageError(told, hint=error.hint or "pass JSON data", code="IL1155") from error
    return tree


class _Writer:
    def __init__(self, tracing: Tracing, place: str) -> None:
        self.tracing = tracing
        self.place = place

    def write(self, value: object, hint: object = None) -> Json:
        match value:
            case TracedReference():
                return value_text(term_of(value), self.tracing.write)
            case Verbatim():
                return value.text
            case Maybe():
                told = "`optional(...)` says of an output that it may be absent"
                raise ValueRefused(told, hint="use it in what the graph returns, and only there")
            case _ if isinstance(value, str) and is_plain(value):
                return template_text(self.tracing.markers.split(value), self.tracing.write)
            case list() | tuple():
                return [self.write(part) for part in cast(Sequence[object], value)]
            case _ if is_plain(value):
                return cast(Json, value)
            case _:
                return self._structure(value, hint)

    def _structure(self, value: object, hint: object) -> Json:
        entries = entries_of(value)
        if entries is not None and (isinstance(value, Mapping) or self._mentions(value)):
            return {self._key(key): self.write(part) for key, part in entries.items()}
        if hint is None or type(value) in (set, frozenset):
            return self._constant(as_json(value))
        return self._constant(Annotation(hint, owner=self.place).encode(value))

    def _mentions(self, value: object) -> bool:
        """Whether there is a reference anywhere in a value."""
        if isinstance(value, str):
            return any(isinstance(piece, Term) for piece in self.tracing.markers.split(value))
        if isinstance(value, list | tuple):
            return any(self._mentions(part) for part in cast(Sequence[object], value))
        entries = entries_of(value)
        if entries is not None:
            return any(self._mentions(part) for part in entries.values())
        return isinstance(value, TracedReference)

    def _key(self, key: object) -> str:
        if not isinstance(key, str):
            raise ValueRefused(f"the key {key!r:.60} is no text", hint="write keys as text")
        self.tracing.markers.refuse(key)
        return key

    def _constant(self, tree: Json) -> Json:
        """Escape text inside of what a model or a date has become."""
        match tree:
            case str():
                self.tracing.markers.refuse(tree)
                return escaped(tree)
            case list():
                return [self._constant(part) for part in tree]
            case dict():
                return {key: self._constant(part) for key, part in tree.items()}
            case _:
                return tree
