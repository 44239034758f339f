"""The port to the CEL engine: the only file that touches it.

The engine is imported at the first expression that is not a plain path. Its evaluation errors are
values, and truthy ones: here they become exceptions, and whatever is not JSON data is refused.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol, TypeAlias, cast

from interlock.errors import Diagnostic, ExpressionFailed, ValueRefused
from interlock.graph.expressions.checked import (
    CheckedExpr,
    ParsedExpr,
    TreeTooDeep,
    checked_from,
    parsed_from,
    parsed_to,
)
from interlock.graph.expressions.messages import (
    CheckProblem,
    check_problems,
    failure_text,
    syntax_problem,
    too_deep,
)
from interlock.graph.expressions.results import to_json
from interlock.values import Json, immutable

ENGINE = "cel-expr-python 0.1.3"

# The engine's own limits, which cannot be set: named here for messages and tests.
DEPTH_MAX = 32
ITERATIONS_MAX = 9_999

# What the engine raises: RuntimeError from C++, the others when Python data does not convert.
_RAISED = (RuntimeError, TypeError, ValueError, OverflowError)


class CelType(Protocol):
    """A type of the engine."""


class CelValue(Protocol):
    """A result of the engine."""

    def type(self) -> CelType: ...
    def plain_value(self) -> object: ...


class Compiled(Protocol):
    """A compiled expression of the engine."""

    def eval(self, *, data: Mapping[str, object]) -> CelValue: ...
    def serialize(self) -> bytes: ...


class Environment(Protocol):
    """What an expression is compiled in: its variables, types and functions."""

    def compile(self, expression: str, disable_check: bool = False) -> Compiled: ...  # noqa: FBT001, FBT002
    def deserialize(self, serialized: bytes) -> Compiled: ...


@immutable()
class Engine:
    """The engine's environment without variables, and the type that marks an error."""

    base: Environment
    error: CelType


@cache
def engine() -> Engine:
    """Import the engine and make the environment for expressions that are not type-checked."""
    from cel_expr_python import cel  # pyright: ignore[reportMissingTypeStubs]

    base = cast("Environment", cel.NewEnv(extensions=_extensions()))
    return Engine(base=base, error=cast("CelType", cel.Type.ERROR))


@cache
def _extensions() -> list[Any]:
    from cel_expr_python.ext import (  # pyright: ignore[reportMissingTypeStubs]
        ext_bindings,
        ext_encoders,
        ext_math,
        ext_optional,
        ext_strings,
    )

    return [
        ext_bindings.ExtBindings(),
        ext_encoders.ExtEncoders(),
        ext_math.ExtMath(),
        ext_optional.ExtOptional(),
        ext_strings.ExtStrings(),
    ]


@immutable()
class Parsed:
    """An expression without errors of syntax: what to run, and its tree."""

    compiled: Compiled
    tree: ParsedExpr


def parse(source: str) -> Parsed | Diagnostic:
    """Parse a source; names and types are not looked at."""
    try:
        compiled = engine().base.compile(source, disable_check=True)
        return Parsed(compiled=compiled, tree=parsed_from(compiled.serialize()))
    except TreeTooDeep:
        return too_deep()
    except _RAISED as caught:
        return syntax_problem(source, str(caught))


def changed(tree: ParsedExpr) -> Compiled | Diagnostic:
    """Compile a tree that was changed after parsing."""
    try:
        return engine().base.deserialize(parsed_to(tree))
    except _RAISED:
        return too_deep()


# A type of a variable: a scalar's or a message's name, or `("list", …)`.
TypeTerm: TypeAlias = "str | tuple[str, TypeTerm]"


def environment(variables: Mapping[str, TypeTerm], descriptors: bytes) -> Environment:
    """Make an environment with typed variables.

    Args:
        variables: names and types.
        descriptors: a serialized `FileDescriptorProto` with the messages.
    """
    from cel_expr_python import cel  # pyright: ignore[reportMissingTypeStubs]
    from google.protobuf import descriptor_pool, struct_pb2, wrappers_pb2

    pool = descriptor_pool.DescriptorPool()
    for known in (struct_pb2, wrappers_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(descriptors)
    types = {name: _type(term) for name, term in variables.items()}
    made = cel.NewEnv(descriptor_pool=pool, variables=types, extensions=_extensions())
    return cast("Environment", made)


def _type(term: TypeTerm) -> Any:
    from cel_expr_python import cel  # pyright: ignore[reportMissingTypeStubs]

    if isinstance(term, tuple):
        return cel.Type.List(_type(term[1]))
    named = {
        "boolean": cel.Type.BOOL,
        "integer": cel.Type.INT,
        "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
        "null": cel.Type.NULL,
        "number": cel.Type.DOUBLE,
        "open": cel.Type.DYN,
        "string": cel.Type.STRING,
    }
    return named.get(term) or cel.Type(term)


def check(source: str, within: Environment) -> CheckedExpr | tuple[CheckProblem, ...]:
    """Parse and type-check a source."""
    try:
        return checked_from(within.compile(source).serialize())
    except _RAISED as caught:
        return check_problems(source, str(caught))


def run(compiled: Compiled, data: Mapping[str, object]) -> Json:
    """Evaluate, and return JSON data.

    Raises:
        ExpressionFailed: there was an error, or the result is not JSON data.
    """
    try:
        value = compiled.eval(data=data)
        # The type comes first: an error is a truthy value.
        failed = value.type() == engine().error
        plain = value.plain_value()
    except _RAISED as caught:
        raise ExpressionFailed(failure_text(str(caught))) from None
    if failed:
        raise ExpressionFailed(failure_text(str(plain)))
    try:
        return to_json(plain)
    except ValueRefused as refused:
        raise ExpressionFailed(refused.message, hint=refused.hint) from None
