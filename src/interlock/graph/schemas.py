"""JSON Schemas inside documents: their shape, their references, and likely typing errors."""

from collections.abc import Collection, Iterator

from interlock.errors import Diagnostic
from interlock.graph.fields import Problems, bare, kind_of
from interlock.graph.identifiers import did_you_mean, near
from interlock.graph.scan import escape
from interlock.values import Json, Schema

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
TYPES_REF = "#/types/"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ONE = _words("""
    additionalProperties contains contentSchema else if items not propertyNames then
    unevaluatedItems unevaluatedProperties
""")
_MANY = _words("""
    allOf anyOf oneOf prefixItems
""")
_NAMED = _words("""
    $defs definitions dependentSchemas patternProperties properties
""")
_OTHER = _words("""
    $anchor $comment $dynamicAnchor $dynamicRef $id $ref $schema $vocabulary const
    contentEncoding contentMediaType default dependentRequired deprecated description enum
    examples exclusiveMaximum exclusiveMinimum format maxContains maxItems maxLength
    maxProperties maximum minContains minItems minLength minProperties minimum multipleOf
    pattern readOnly required title type uniqueItems writeOnly
""")
KEYWORDS = frozenset((*_ONE, *_MANY, *_NAMED, *_OTHER))


def read_schema(value: Json, pointer: str, *, types: Collection[str], problems: Problems) -> Schema:
    """Read a schema, noting what is wrong with it.

    Args:
        types: the names that `#/types/` may refer to.
    """
    if isinstance(value, bool):
        return value
    if not isinstance(value, dict):
        hint = f"write `{{type: {value}}}`" if value in TYPES else "write it as `{type: string}`"
        message = f"a schema is {kind_of(value)}, but must be a mapping"
        _add(problems, "IL1121", message, pointer, hint)
        return True
    _check_type(value, pointer, problems)
    _check_ref(value, pointer, types=types, problems=problems)
    for key in value:
        if key not in KEYWORDS and not key.startswith("x-"):
            _check_keyword(key, f"{pointer}/{escape(key)}", problems)
    for inner, place in _inner(value, pointer, problems):
        read_schema(inner, place, types=types, problems=problems)
    return value


def _check_type(value: dict[str, Json], pointer: str, problems: Problems) -> None:
    named = value.get("type", "object")
    for item in named if isinstance(named, list) else [named]:
        if item not in TYPES:
            hint = (
                did_you_mean(item, TYPES)
                if isinstance(item, str)
                else f"write one of {', '.join(TYPES)}"
            )
            _add(
                problems,
                "IL1121",
                f"{kind_of(item)} is no type of JSON Schema",
                f"{pointer}/type",
                hint,
            )


def _check_ref(
    value: dict[str, Json], pointer: str, *, types: Collection[str], problems: Problems
) -> None:
    if "$ref" not in value:
        return
    ref, place = value["$ref"], f"{pointer}/$ref"
    if not isinstance(ref, str) or not ref.startswith("#"):
        hint = "put the schema under `types` and refer to it as `#/types/NAME`"
        _add(
            problems,
            "IL1121",
            f"`$ref` is {kind_of(ref)}, which is not in this document",
            place,
            hint,
        )
    elif ref.startswith(TYPES_REF):
        name = ref.removeprefix(TYPES_REF).partition("/")[0]
        if name not in types:
            hint = did_you_mean(name, sorted(types)) if types else "declare it under `types`"
            _add(problems, "IL1122", f"there is no type `{bare(name)}`", place, hint)


def _check_keyword(key: str, pointer: str, problems: Problems) -> None:
    if key == "subject":
        hint = "remove it; values of data subjects cannot be kept apart yet"
        _add(problems, "IL1110", "this version of Interlock does not know `subject`", pointer, hint)
        return
    meant = near(key, sorted(KEYWORDS))
    if meant is not None:
        problems.add(
            Diagnostic(
                code="IL1125",
                message=f"JSON Schema has no keyword `{bare(key)}` and ignores it",
                pointer=pointer,
                on_key=True,
                severity="warning",
                hint=f"did you mean `{meant}`?",
            )
        )


def _inner(value: dict[str, Json], pointer: str, problems: Problems) -> Iterator[tuple[Json, str]]:
    """Give the schemas directly inside a schema, with their places."""
    for key, found in value.items():
        place = f"{pointer}/{escape(key)}"
        if key in _ONE:
            yield found, place
        elif key in _MANY and isinstance(found, list):
            yield from ((item, f"{place}/{index}") for index, item in enumerate(found))
        elif key in _NAMED and isinstance(found, dict):
            yield from ((item, f"{place}/{escape(name)}") for name, item in found.items())
        elif key in _MANY or key in _NAMED:
            wanted = "a list" if key in _MANY else "a mapping"
            _add(
                problems,
                "IL1121",
                f"`{key}` is {kind_of(found)}, but must be {wanted} of schemas",
                place,
                "correct it",
            )


def _add(problems: Problems, code: str, message: str, pointer: str, hint: str) -> None:
    problems.add(Diagnostic(code=code, message=message, pointer=pointer, hint=hint))
