"""What a graph function returns: the outputs of its graph."""

from collections.abc import Mapping
from typing import TypeVar, cast

from interlock.graph.drafts import Form
from interlock.graph.trace.arguments import Maybe, template
from interlock.graph.trace.tracing import Tracing
from interlock.values import Json, immutable

LONE = "result"

T = TypeVar("T")


@immutable()
class Outputs:
    """The outputs of a graph.

    Attributes:
        templates: by name.
        optional: those that may be absent.
        form: what was returned: nothing, a single value (the output `result`), or a dict.
    """

    templates: Mapping[str, Json]
    optional: frozenset[str]
    form: Form


def read_outputs(returned: object, tracing: Tracing) -> Outputs:
    """Read what was returned: nothing, a single value, or a dict of outputs."""
    lone = not isinstance(returned, dict) and returned is not None
    given = cast(dict[object, object], {LONE: returned} if lone else returned or {})
    templates: dict[str, Json] = {}
    optional: set[str] = set()
    for key, value in given.items():
        name = str(key)
        if isinstance(value, Maybe):
            optional.add(name)
        inner = value.value if isinstance(value, Maybe) else value
        place = f"what graph `{tracing.name}` returns"
        place = place if lone else f"`{name}` in {place}"
        templates[name] = template(inner, tracing, place=place)
    form: Form = "nothing" if returned is None else "lone" if lone else "fields"
    return Outputs(templates=templates, optional=frozenset(optional), form=form)


def optional(value: T) -> T | None:
    """Return an output that is absent when what it reads did not succeed.

    ```python
    @graph
    def triage(alert_id: str) -> Page | None:
        alert = fetch_alert(alert_id)
        with when(alert.severity >= 3):
            call = page(alert.owner)
        return optional(call)
    ```
    """
    return cast(T, Maybe(value))
