"""The return annotation of a function that describes a graph: what its outputs are to be."""

from collections.abc import Callable
from inspect import formatannotation
from types import NoneType
from typing import Any, get_args, get_origin

from interlock.actions import Annotation
from interlock.errors import ActionInvalid, UsageError
from interlock.graph.drafts import Claim, Form
from interlock.graph.trace.mapped import Mapped
from interlock.graph.trace.parameters import NO_HINT, hints_in

SAYS_NOTHING = (NO_HINT, Any, object)


def read_claim(function: Callable[..., object], *, words: str, form: Form) -> Claim | None:
    """Read what a function is annotated to return; None where nothing is said.

    Nothing is said by `Any` and `object`, and what `each` gives is for type checkers.

    Raises:
        UsageError: the type has no JSON form.
    """
    hint = hints_in(function, words).get("return", NO_HINT)
    if any(hint is one for one in SAYS_NOTHING) or _has_mapped(hint):
        return None
    module = getattr(function, "__module__", None)
    shown = "None" if hint is NoneType else formatannotation(hint, base_module=module)
    try:
        schema = Annotation(hint, owner="what it returns").schema("serialization")
    except ActionInvalid as error:
        raise UsageError(
            f"{words} cannot be a graph: its annotation `-> {shown}` has no JSON form:"
            f" {error.message}",
            hint=error.hint,
            code="IL1156",
        ) from error
    return Claim(schema=schema, form=form, shown=shown)


def _has_mapped(hint: object) -> bool:
    is_mapped = hint is Mapped or get_origin(hint) is Mapped
    return is_mapped or any(_has_mapped(part) for part in get_args(hint))
