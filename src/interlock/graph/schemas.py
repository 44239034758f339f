"""JSON Schemas inside documents: their shape, their references, and likely typing errors."""

from collections.abc import Collection, Iterator
from typing import cast

from interlock.errors import Diagnostic
from interlock.graph.fields import Problems
from interlock.graph.identifiers import did_you_mean, near
from interlock.graph.scan import escape
from interlock.graph.showing import bare, kind_of
from interlock.values import Json, Schema, schema_problem

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
_NUMBER = ("a number", (int, float))
_WHOLE = ("a whole number", (int,))
_OTHER = _words("""
    $anchor $comment $dynamicAnchor $dynamicRef $id $ref $schema $vocabulary const
    contentEncoding contentMediaType default dependentRequired deprecated description enum
    examples exclusiveMaximum exclusiveMinimum format maxContains maxItems maxLength
    maxProperties maximum minContains minItems minLength minProperties minimum multipleOf
    pattern readOnly required title type uniqueItems writeOnly
""")
_FORMATS = _words("""
    date date-time duration email hostname idn-email idn-hostname ipv4 ipv6 iri iri-reference
    json-pointer regex relative-json-pointer time uri uri-reference uri-template uuid
""")
# What OpenAPI and pydantic say beside the type, and nobody checks.
_NOTES = _words("""
    base64 base64url binary byte decimal directory-path double file-path float int32 int64
    json-string password path
""")
_SHAPES: dict[str, tuple[str, tuple[type, ...]]] = {
    **dict.fromkeys(_words("enum examples required"), ("a list", (list,))),
    **dict.fromkeys(_words("$comment description format pattern title"), ("a text", (str,))),
    **dict.fromkeys(
        _words("exclusiveMaximum exclusiveMinimum maximum minimum multipleOf"), _NUMBER
    ),
    **dict.fromkeys(_words("maxItems maxLength maxProperties minItems minLength"), _WHOLE),
    **dict.fromkeys(_words("maxContains minContains minProperties"), _WHOLE),
    **dict.fromkeys(
        _words("deprecated readOnly uniqueItems writeOnly"), ("true or false", (bool,))
    ),
    "dependentRequired": ("a mapping", (dict,)),
}
_EXAMPLES = dict.fromkeys(_MANY, "[{type: string}, {type: 'null'}]")
SUBJECT = "subject"
"""What the schema of an input, or of `returns`, says beside JSON Schema: whose a value is."""

KEYWORDS = frozenset((*_ONE, *_MANY, *_NAMED, *_OTHER))


def subject_of(schema: Schema) -> str | None:
    """Give the expression that says whose a value of a schema is."""
    found = schema.get(SUBJECT) if isinstance(schema, dict) else None
    return found if isinstance(found, str) else None


def without_subject(schema: Schema) -> Schema:
    """Give what a schema says of values, and not whose they are."""
    if not isinstance(schema, dict) or SUBJECT not in schema:
        return schema
    return {key: part for key, part in schema.items() if key != SUBJECT}


def read_schema(
    value: Json,
    pointer: str,
    *,
    types: Collection[str],
    problems: Problems,
    may_have_subject: bool = False,
) -> Schema:
    """Read a schema, noting what is wrong with it.

    A wrong one is read as one that says nothing, except that there is a default.

    Args:
        types: the names that `#/types/` may refer to.
        may_have_subject: whether it may say whose a value is.
    """
    before = len(problems.found)
    subject = value.get(SUBJECT) if may_have_subject and isinstance(value, dict) else None
    if subject is not None:
        schema = _read_owned(cast(dict[str, Json], value), pointer, types=types, problems=problems)
        _check_subject(subject, f"{pointer}/{SUBJECT}", problems)
        return schema
    schema = _read(value, pointer, types=types, problems=problems)
    if problems.only_warnings(before):
        _check_whole(schema, pointer, problems)
    if problems.only_warnings(before):
        return schema
    if isinstance(value, dict) and "default" in value:
        return {"default": value["default"]}
    return True


def _read_owned(
    value: dict[str, Json], pointer: str, *, types: Collection[str], problems: Problems
) -> Schema:
    """Read the schema of a value that is somebody's."""
    schema = read_schema(without_subject(value), pointer, types=types, problems=problems)
    told = {} if schema is True else cast(dict[str, Json], schema)
    return {**told, SUBJECT: value[SUBJECT]}


def _check_subject(subject: Json, pointer: str, problems: Problems) -> None:
    if not isinstance(subject, str) or not subject.strip() or "${{" in subject:
        message = f"`subject` is {kind_of(subject)}, but must be one expression"
        hint = "write an expression over the value, without `${{ }}`: `subject: value.id`"
        _add(problems, "IL1113", message, pointer=pointer, hint=hint)


def _check_whole(schema: Schema, pointer: str, problems: Problems) -> None:
    """Ask the validator about what is left: `type: []`, a pattern that is none, a loose `$ref`."""
    alone = _without_types(schema)
    found = schema_problem(alone) if isinstance(alone, dict) else None
    if found is not None:
        hint = "write it as JSON Schema, draft 2020-12, says"
        _add(problems, "IL1121", found.message, pointer=pointer + found.pointer, hint=hint)


def _without_types(value: Json) -> Json:
    """Leave out references to types of the document, which have been checked by their names."""
    match value:
        case dict():
            return {
                key: _without_types(part)
                for key, part in value.items()
                if key != "$ref" or not isinstance(part, str) or not part.startswith(TYPES_REF)
            }
        case list():
            return [_without_types(part) for part in value]
        case _:
            return value


def _read(value: Json, pointer: str, *, types: Collection[str], problems: Problems) -> Schema:
    if isinstance(value, bool):
        return value
    if not isinstance(value, dict):
        hint = f"write `{{type: {value}}}`" if value in TYPES else "write it as `{type: string}`"
        message = f"a schema is {kind_of(value)}, but must be a mapping"
        _add(problems, "IL1121", message, pointer=pointer, hint=hint)
        return True
    _check_type(value, pointer, problems)
    _check_ref(value, pointer, types=types, problems=problems)
    for key in value:
        if key not in KEYWORDS and not key.startswith("x-"):
            _check_keyword(key, f"{pointer}/{escape(key)}", problems)
    _check_shapes(value, pointer, problems)
    _check_format(value.get("format"), f"{pointer}/format", problems)
    for inner, place in _inner(value, pointer, problems):
        _read(inner, place, types=types, problems=problems)
    return value


def _check_type(value: dict[str, Json], pointer: str, problems: Problems) -> None:
    named = value.get("type", "object")
    for item in named if isinstance(named, list) else [named]:
        if item not in TYPES:
            hint = did_you_mean(item if isinstance(item, str) else "", TYPES)
            message = f"{kind_of(item)} is no type of JSON Schema"
            _add(problems, "IL1121", message, pointer=f"{pointer}/type", hint=hint)


def _check_ref(
    value: dict[str, Json], pointer: str, *, types: Collection[str], problems: Problems
) -> None:
    if "$ref" not in value:
        return
    ref, place = value["$ref"], f"{pointer}/$ref"
    if not isinstance(ref, str) or not ref.startswith("#"):
        hint = "put the schema under `types` and refer to it as `#/types/NAME`"
        message = f"`$ref` is {kind_of(ref)}, which is not in this document"
        _add(problems, "IL1121", message, pointer=place, hint=hint)
    elif ref.startswith(TYPES_REF):
        name = ref.removeprefix(TYPES_REF).partition("/")[0]
        if name not in types:
            hint = did_you_mean(name, sorted(types)) if types else "declare it under `types`"
            _add(problems, "IL1122", f"there is no type `{bare(name)}`", pointer=place, hint=hint)


def _check_shapes(value: dict[str, Json], pointer: str, problems: Problems) -> None:
    """Note keywords whose value is of the wrong type, in words of our own."""
    for key, found in value.items():
        wanted, types = _SHAPES.get(key, ("", ()))
        number = int(found) if isinstance(found, float) and found.is_integer() else found
        fits = isinstance(number, types) and isinstance(found, bool) == (types == (bool,))
        if wanted and not fits:
            message = f"`{key}` is {kind_of(found)}, but must be {wanted}"
            hint = f"write {wanted}"
            if wanted == "a list" and isinstance(found, str):
                hint = f"write `{key}: [{bare(found)}]`"
            _add(problems, "IL1121", message, pointer=f"{pointer}/{key}", hint=hint)


def _check_format(name: Json, pointer: str, problems: Problems) -> None:
    if not isinstance(name, str) or name in _FORMATS or name in _NOTES:
        return
    meant = near(name, _FORMATS)
    problems.add(
        Diagnostic(
            code="IL1125",
            message=f"JSON Schema has no format `{bare(name)}` and checks nothing by it",
            pointer=pointer,
            severity="warning",
            hint=f"did you mean `{meant}`?" if meant else "say with `pattern` what is taken",
        )
    )


def _check_keyword(key: str, pointer: str, problems: Problems) -> None:
    if key == SUBJECT:
        message = "`subject` stands inside of a schema, or in one of `types`"
        hint = "write it at the top of an input, or of `returns`: `subject: value.id`"
        _add(problems, "IL1124", message, pointer=pointer, hint=hint)
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
            message = f"`{key}` is {kind_of(found)}, but must be {wanted} of schemas"
            hint = f"write it as JSON Schema says: {_EXAMPLES.get(key, '{name: {type: string}}')}"
            _add(problems, "IL1121", message, pointer=place, hint=hint)


def _add(problems: Problems, code: str, message: str, *, pointer: str, hint: str) -> None:
    problems.add(Diagnostic(code=code, message=message, pointer=pointer, hint=hint))
