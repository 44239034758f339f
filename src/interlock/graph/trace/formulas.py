"""Expressions that operators cannot write, and lenient reads."""

from typing import Any, Literal, TypeAlias, TypeVar, cast

from interlock.graph.trace import terms
from interlock.graph.trace.arguments import Verbatim
from interlock.graph.trace.recording import current
from interlock.graph.trace.references import TracedReference
from interlock.graph.trace.terms import Path, Term
from interlock.values import Schema

T = TypeVar("T")

Status: TypeAlias = Literal[
    "succeeded", "skipped", "failed", "refused", "cancelled", "undone", "violated"
]


def cel(source: str) -> Any:
    """Write an expression in CEL; references stand in it through an f-string.

    ```python
    with when(cel(f"size({page.links}) > 3 && {page.title}.contains('draft')")):
        ...
    ```

    Names in the text itself are those of the document: `inputs.day`, ids of nodes.
    """
    tracing = current("`cel`")
    return _reference(tracing.source(source))


def size(value: object) -> int:
    """Count items, or the characters of a text, as `len` does."""
    return cast(int, _reference(terms.call("size", [current("`size`").term(value)])))


def contains(items: object, item: object) -> bool:
    """Ask for an item of a list, a key of an object, or a part of a text.

    A text must be declared as one: of what is unknown, a list is assumed.
    """
    tracing = current("`contains`")
    whole, part = tracing.term(items), tracing.term(item)
    if _is_text(tracing.schema_of(whole)) or isinstance(items, str):
        return cast(bool, _reference(terms.call("contains", [part], target=whole)))
    return cast(bool, _reference(terms.binary("in", part, whole)))


def _is_text(schema: Schema) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "string"


def choose(condition: object, then: T, otherwise: T) -> T:
    """Take one of two values, as `then if condition else otherwise` does."""
    tracing = current("`choose`")
    parts = (tracing.condition(condition), tracing.term(then), tracing.term(otherwise))
    return cast(T, _reference(terms.choice(*parts)))


# --- lenient reads


def status(output: object) -> Status:
    """Read how a node has settled; who reads it runs whatever it was."""
    return cast(Status, _facet("status", output))


def output_of(output: T) -> T:
    """Read the output of a node that may have failed: ask its `status` first."""
    return cast(T, _facet("output", output))


def error_of(output: object) -> Any:
    """Read the error of a node that may have failed: ask its `status` first."""
    return _facet("error", output)


def _facet(name: str, output: object) -> TracedReference:
    use = "`status`" if name == "status" else f"`{name}_of`"
    tracing = current(use)
    read = tracing.node_path(output, use=use)
    steps = (name, *read.steps) if name == "output" else (name,)
    return tracing.reference(Path(owner=read.owner, kind="nodes", root=read.root, steps=steps))


def _reference(term: Term) -> TracedReference:
    return TracedReference(term, current("an expression").markers)


def verbatim(text: str) -> Any:
    """Write text into the document as it is.

    What stands in `${{ }}` becomes an expression.
    """
    return Verbatim(text)
