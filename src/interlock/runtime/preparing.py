"""What is run: a plan and inputs as JSON data, made of what a caller gave."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from interlock.actions import Registry
from interlock.plan import Plan, compile as compile_graph
from interlock.values import Json

if TYPE_CHECKING:
    from interlock.graph import AnyGraphFunction


def prepared(
    plan: "Plan | AnyGraphFunction", inputs: Mapping[str, object] | None, registry: Registry
) -> tuple[Plan, Mapping[str, Json]]:
    """Compile a `@graph` function, and write its inputs by their annotations.

    The inputs of a plan are JSON data already.

    Raises:
        DocumentInvalid: the graph does not compile.
        InputsInvalid: an input has no JSON form.
    """
    given = inputs or {}
    if not isinstance(plan, Plan):
        return compile_graph(plan, registry), plan.encode(given)
    return plan, cast(Mapping[str, Json], given)
