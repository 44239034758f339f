"""Checking values against schemas, with messages for people.

The library is imported and a schema compiled when the first value is checked: most processes
never check against most schemas they know.
"""

from collections.abc import Iterator
from dataclasses import field
from itertools import islice
from typing import TYPE_CHECKING, cast, final

from interlock.errors import UsageError
from interlock.values.immutable import immutable
from interlock.values.names import Json
from interlock.values.places import shown_json
from interlock.values.schema import Schema, json_pointer, references, target

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator

PROBLEMS_MAX = 5


@immutable(kw_only=False)
class Problem:
    """What does not fit, and where: an RFC 6901 JSON pointer into the value.

    `wrong_type` tells a value of another type from one that its type merely does not allow here.
    """

    pointer: str
    message: str
    wrong_type: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"{self.message} at {self.pointer}" if self.pointer else self.message


@final
class Checker:
    """Checks values against one schema. Formats are asserted; nothing is ever fetched."""

    __slots__ = ("_validator", "schema")

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._validator: Validator | None = None

    def accepts(self, value: Json) -> bool:
        """Tell whether the value satisfies the schema.

        Raises:
            UsageError: the schema itself is wrong.
        """
        return self.schema is True or self._compiled().is_valid(value)

    def problems(self, value: Json, *, limit: int = PROBLEMS_MAX) -> tuple[Problem, ...]:
        """List what does not satisfy the schema, in the order of the schema; empty when all does.

        Raises:
            UsageError: the schema itself is wrong.
        """
        if self.accepts(value):
            return ()
        found = (one for error in self._compiled().iter_errors(value) for one in told(error))
        return tuple(islice(found, limit))

    def _compiled(self) -> "Validator":
        if self._validator is None:
            self._validator = compiled(self.schema)
        return self._validator


def compiled(schema: Schema) -> "Validator":
    """Compile a schema.

    Raises:
        UsageError: the schema is wrong.
    """
    result = _compile(schema)
    if isinstance(result, Problem):
        raise UsageError(
            f"not a JSON Schema: {result}",
            hint="schemas are JSON Schema, draft 2020-12, and refer only to parts of themselves",
        )
    return result


def schema_problem(schema: Schema) -> Problem | None:
    """Say what is wrong with a schema itself, and where; None when nothing is."""
    result = _compile(schema)
    return result if isinstance(result, Problem) else None


def _compile(schema: Schema) -> "Validator | Problem":
    import jsonschema_rs

    problem = _loose_end(schema)
    if problem is not None:
        return problem
    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
    except jsonschema_rs.ValidationError as error:
        return next(told(error))
    except ValueError as error:
        return Problem("", str(error))


def _loose_end(schema: Schema) -> Problem | None:
    """Find a `$ref` that leaves the schema or points nowhere: the library tells no place."""
    for pointer, ref in references(schema):
        if not ref.startswith("#"):
            return Problem(pointer, f"'{ref}' is outside of the schema, and nothing is fetched")
        if ref.startswith("#/") and target(schema, ref) is None:
            return Problem(pointer, f"'{ref}' points nowhere")
    return None


def told(error: "ValidationError") -> Iterator[Problem]:
    """Tell one error of the library in our words; of alternatives, tell the one that was meant."""
    from jsonschema_rs import ValidationErrorKind as Kind

    pointer = json_pointer(tuple(error.instance_path))
    value = shown_json(cast("Json", error.instance))
    match error.kind:
        case Kind.Type(types=types):
            yield Problem(pointer, f"{value} is not of type {_either(types)}", wrong_type=True)
        case Kind.Required(property=name):
            yield Problem(pointer, f"'{name}' is missing")
        case (
            Kind.AdditionalProperties(unexpected=names)
            | Kind.UnevaluatedProperties(unexpected=names)
        ):
            listed = ", ".join(f"'{name}'" for name in names)
            yield Problem(pointer, f"{listed} {'is' if len(names) == 1 else 'are'} not expected")
        case Kind.Enum(options=options):
            listed = ", ".join(shown_json(cast("Json", option)) for option in options)
            yield Problem(pointer, f"{value} is not one of {listed}")
        case Kind.Constant(expected_value=expected):
            yield Problem(pointer, f"{value} is not {shown_json(cast('Json', expected))}")
        case Kind.Format(format=name):
            yield Problem(pointer, f"{value} is not in the format '{name}'")
        case Kind.Pattern(pattern=pattern):
            yield Problem(pointer, f"{value} does not match '{pattern}'")
        case Kind.FalseSchema() if error.schema_path[-1:] == ["additionalProperties"]:
            yield Problem(pointer, "no fields are expected")
        case Kind.FalseSchema():
            yield Problem(pointer, f"{value} is not allowed here")
        case Kind.AnyOf(context=context) | Kind.OneOfNotValid(context=context):
            yield from _told_alternatives(pointer, value, context)
        case _:
            yield Problem(pointer, _shortened(error.message))


def _told_alternatives(
    pointer: str, value: str, context: "list[list[ValidationError]]"
) -> Iterator[Problem]:
    """Tell why no alternative fits.

    Alternatives of another type were hardly meant; if one remains, its errors are the story.
    """
    from jsonschema_rs import ValidationErrorKind as Kind

    at = min((len(error.instance_path) for errors in context for error in errors), default=0)
    types: list[str] = []
    meant: list[list[ValidationError]] = []
    for errors in context:
        wrong = next(
            (
                error.kind.types
                for error in errors
                if len(error.instance_path) == at and isinstance(error.kind, Kind.Type)
            ),
            None,
        )
        if wrong is None:
            meant.append(errors)
        else:
            types += [name for name in wrong if name not in types]
    if not meant:
        yield Problem(pointer, f"{value} is not of type {_either(types)}", wrong_type=True)
    elif len(meant) == 1:
        for error in meant[0]:
            yield from told(error)
    else:
        reasons = "; ".join(str(next(told(errors[0]))) for errors in meant if errors)
        yield Problem(pointer, f"{value} fits none of {len(meant)} alternatives: {reasons}")


def _either(names: list[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)


MESSAGE_MAX = 200


def _shortened(message: str) -> str:
    if len(message) <= MESSAGE_MAX:
        return message
    return f"{message[: MESSAGE_MAX // 2]} ... {message[-MESSAGE_MAX // 2 :]}"
