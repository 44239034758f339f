"""Simple types: text, integers, booleans, null, and lists, objects and typed dicts of them.

Their JSON data is their Python value, and what pydantic makes of them is known. Most actions have
no others, and importing pydantic takes a fifth of the time to a first run: so it is imported for
those that have, and for data that does not fit, since it may still know what to make of it
(`tests/unit/actions/test_simple.py` holds both against each other).
"""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, Union, cast, final, get_args, get_origin, get_type_hints

import orjson

from interlock.values import DEPTH_MAX, Json, immutable

Inside: TypeAlias = Callable[[Any], bool]
"""Tells whether the parts of a value are right; its own type has been looked at."""

ATOMS: Mapping[type, str] = {str: "string", int: "integer", bool: "boolean", NoneType: "null"}
CLOSED = {"extra": "forbid"}
"""The one setting of a typed dict that changes nothing: all of them are closed."""
ABSENT = object()


@immutable(kw_only=False)
class Simple:
    """A simple type: its JSON Schema, the Python types of its values, and what is inside them.

    `is_closed` says that values are nested no deeper than their type, with ASCII keys.
    """

    schema: dict[str, Json]
    kinds: frozenset[type]
    inside: Inside | None = None
    is_closed: bool = True

    def accepts(self, value: object) -> bool:
        """Say whether a value is of the type, and is its own JSON data."""
        return type(value) in self.kinds and (self.inside is None or self.inside(value))


@final
class SimpleReader:
    """Reads annotations that refer to the same definitions."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[object, Simple | None]] = {}
        self._definitions: dict[str, Json] = {}

    def read(self, hint: object) -> Simple | None:
        """Read an annotation; None when it is not simple."""
        hint = NoneType if hint is None else hint
        if isinstance(hint, type) and hint in ATOMS:
            return Simple({"type": ATOMS[hint]}, frozenset((hint,)))
        origin, parts = get_origin(hint), get_args(hint)
        if origin is Literal:
            return _literal(parts)
        if origin in (Union, UnionType):
            return self._union(parts)
        if origin is list:
            return self._list(parts)
        if origin is dict:
            return self._object(parts)
        return self._typed_dict(cast(type, hint)) if _is_typed_dict(hint) else None

    @property
    def definitions(self) -> dict[str, Json]:
        """The `$defs` of a schema that refers to what was read."""
        return {"$defs": dict(self._definitions)} if self._definitions else {}

    def _union(self, parts: Sequence[object]) -> Simple | None:
        # Null comes last, wherever it was written.
        members = [self.read(part) for part in sorted(parts, key=lambda each: each is NoneType)]
        found = [each for each in members if each is not None]
        kinds = [kind for each in found for kind in each.kinds]
        if len(found) < len(parts) or len(kinds) > len(set(kinds)):
            return None
        checks = {kind: each.inside for each in found for kind in each.kinds if each.inside}

        def inside(value: object) -> bool:
            check = checks.get(type(value))
            return check is None or check(value)

        schema: dict[str, Json] = {"anyOf": [each.schema for each in found]}
        is_closed = all(each.is_closed for each in found)
        return Simple(schema, frozenset(kinds), inside if checks else None, is_closed)

    def _list(self, parts: Sequence[object]) -> Simple | None:
        item = self.read(parts[0])
        if item is None:
            return None
        accepts = item.accepts
        return Simple(
            {"items": item.schema, "type": "array"},
            frozenset((list,)),
            lambda value: all(map(accepts, value)),
            is_closed=False,
        )

    def _object(self, parts: Sequence[object]) -> Simple | None:
        member = self.read(parts[1]) if parts[0] is str else None
        if member is None:
            return None
        accepts = member.accepts
        return Simple(
            {"additionalProperties": member.schema, "type": "object"},
            frozenset((dict,)),
            lambda value: all(map(accepts, value.values())),
            is_closed=False,
        )

    def _typed_dict(self, hint: type) -> Simple | None:
        """Read a typed dict once; not one within itself, nor two of one name."""
        name = hint.__name__
        if name not in self._named:
            self._named[name] = (hint, None)
            self._named[name] = (hint, self._fields(hint))
        known, found = self._named[name]
        return found if known is hint else None

    def _fields(self, hint: type) -> Simple | None:
        try:
            hints = get_type_hints(hint, include_extras=True)
        except (NameError, AttributeError, SyntaxError, TypeError):
            return None
        fields = {name: self.read(one) for name, one in hints.items()}
        found = {name: one for name, one in fields.items() if one is not None}
        if len(found) < len(fields):
            return None
        told: dict[str, Json] = (
            {"description": inspect.cleandoc(hint.__doc__)} if hint.__doc__ else {}
        )
        self._definitions[hint.__name__] = {**told, **_closed(found, {})}
        reference: dict[str, Json] = {"$ref": f"#/$defs/{hint.__name__}"}
        is_closed = all(one.is_closed for one in found.values()) and "".join(found).isascii()
        is_flat = len(self._definitions) < DEPTH_MAX
        return Simple(reference, frozenset((dict,)), _fields_inside(found), is_closed and is_flat)


@final
class SimpleArguments:
    """The arguments of a function whose parameters are all simple: their schema, and a reader.

    Args:
        parameters: the types of all.
        defaults: of those that have one.
        definitions: the `$defs` of the schema.
    """

    def __init__(
        self,
        parameters: Mapping[str, Simple],
        *,
        defaults: Mapping[str, Json],
        definitions: dict[str, Json],
    ) -> None:
        self.schema = {**definitions, **_closed(parameters, defaults)}
        self._defaults = defaults
        self._inside = _fields_inside(parameters)
        self._count = len(parameters)

    def read(self, data: bytes) -> dict[str, object] | None:
        """Read arguments; None when they are for pydantic, to make something of or to refuse."""
        try:
            found: dict[str, Any] = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None
        if type(found) is not dict:
            return None
        if len(found) < self._count:
            found = {**self._defaults, **found}
        return found if self._inside(found) else None


def _closed(fields: Mapping[str, Simple], defaults: Mapping[str, Json]) -> dict[str, Json]:
    properties: dict[str, Json] = {
        name: {**one.schema, "default": defaults[name]} if name in defaults else one.schema
        for name, one in fields.items()
    }
    required: list[Json] = [name for name in fields if name not in defaults]
    schema: dict[str, Json] = {
        "additionalProperties": False,
        "properties": properties,
        "type": "object",
    }
    return {**schema, "required": required} if required else schema


def _fields_inside(fields: Mapping[str, Simple]) -> Inside:
    """Make what tells whether an object has exactly these fields."""
    wanted = [(name, one.kinds, one.inside) for name, one in fields.items()]
    count = len(wanted)

    def inside(value: Any) -> bool:
        if len(value) != count:
            return False
        for name, kinds, inner in wanted:
            found = value.get(name, ABSENT)
            if type(found) not in kinds or (inner is not None and not inner(found)):
                return False
        return True

    return inside


def _literal(words: Sequence[object]) -> Simple | None:
    if not all(type(word) is str for word in words):
        return None
    texts = cast(Sequence[str], words)
    told: dict[str, Json] = {"const": texts[0]} if len(texts) == 1 else {"enum": list(texts)}
    return Simple({**told, "type": "string"}, frozenset((str,)), frozenset(texts).__contains__)


def _is_typed_dict(hint: object) -> bool:
    """Say whether it is a typed dict without anything special, in a form that pydantic reads."""
    kind: type = type(hint)
    if kind.__name__ != "_TypedDictMeta":
        return False
    told: Mapping[str, Any] = vars(cast(type, hint))
    return (
        cast(type, hint).__name__.isascii()
        and (kind.__module__ == "typing_extensions" or sys.version_info >= (3, 12))
        and told.get("__pydantic_config__", CLOSED) == CLOSED
        and not told.get("__optional_keys__")
        and not told.get("__readonly_keys__")
        and not told.get("__parameters__")
        and not told.get("__closed__")
        and repr(told.get("__extra_items__")).rpartition(".")[2] in ("None", "NoExtraItems")
    )
