"""What is run: a plan and inputs as JSON data, made of what a caller gave."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from interlock.actions import Registry
from interlock.graph import Graph
from interlock.plan import Plan, compile as compile_graph, expect_graph
from interlock.values import Json

if TYPE_CHECKING:
    from interlock.graph import AnyGraphFunction

Encode: TypeAlias = Callable[[Mapping[str, object]], Mapping[str, Json]]


def compiled(plan: "AnyGraphFunction | Graph | Plan", registry: Registry) -> tuple[Plan, Encode]:
    """Compile a graph, and say how its inputs are written: by the annotations of a function.

    Those of others are JSON data already.

    Raises:
        DocumentInvalid: the graph does not compile.
        UsageError: it is none.
    """
    if isinstance(plan, Plan):
        return plan, _as_they_are
    expect_graph(plan)
    if isinstance(plan, Graph):
        return compile_graph(plan, registry), _as_they_are
    return compile_graph(plan, registry), plan.encode


def prepared(
    plan: "AnyGraphFunction | Graph | Plan", inputs: Mapping[str, object] | None, registry: Registry
) -> tuple[Plan, Mapping[str, Json]]:
    """Compile a graph, and write its inputs.

    Raises:
        DocumentInvalid: the graph does not compile.
        InputsInvalid: an input has no JSON form.
    """
    made, encode = compiled(plan, registry)
    return made, encode(inputs or {})


def _as_they_are(inputs: Mapping[str, object]) -> Mapping[str, Json]:
    return cast(Mapping[str, Json], inputs)
