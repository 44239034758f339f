"""What is run: a plan and inputs as JSON data, made of what a caller gave."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from interlock.actions import Registry
from interlock.plan import Plan, compile as compile_graph
from interlock.values import Json

if TYPE_CHECKING:
    from interlock.graph import AnyGraphFunction

Encode: TypeAlias = Callable[[Mapping[str, object]], Mapping[str, Json]]


def compiled(plan: "Plan | AnyGraphFunction", registry: Registry) -> tuple[Plan, Encode]:
    """Compile a `@graph` function, and say how its inputs are written: by their annotations.

    The inputs of a plan are JSON data already.

    Raises:
        DocumentInvalid: the graph does not compile.
    """
    if not isinstance(plan, Plan):
        return compile_graph(plan, registry), plan.encode
    return plan, _as_they_are


def prepared(
    plan: "Plan | AnyGraphFunction", inputs: Mapping[str, object] | None, registry: Registry
) -> tuple[Plan, Mapping[str, Json]]:
    """Compile a `@graph` function, and write its inputs.

    Raises:
        DocumentInvalid: the graph does not compile.
        InputsInvalid: an input has no JSON form.
    """
    made, encode = compiled(plan, registry)
    return made, encode(inputs or {})


def _as_they_are(inputs: Mapping[str, object]) -> Mapping[str, Json]:
    return cast(Mapping[str, Json], inputs)
